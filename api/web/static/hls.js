// A video that comes in segments (HLS), of which the server makes each when it is asked for: waiting
// until the first is there, and handing them to browsers that have a MediaSource.

const AHEAD_S = 12;
const BEHIND_S = 10;
const NUM_TRIES = 6;
const LONGEST_WAIT_S = 10;

/** Why the server does not give a segment; its words are for people. */
export class Refused extends Error {}

/** The playlist at an address, once the segment at a time has been made. `busy` is called when the
 *  server has too much to do, and is asked again. Throws Refused, TypeError without an answer, and
 *  AbortError. */
export async function prepared(url, time, { signal, busy }) {
  const playlist = new Playlist(url, await (await reach(url, { signal, busy })).text());
  const segment = await reach(playlist.urls[playlist.indexAt(time)], { signal, busy });
  await segment.arrayBuffer();
  return playlist;
}

async function reach(url, { signal, busy }) {
  for (let tries = 1; ; tries++) {
    const response = await fetch(url, { signal });
    if (response.ok) return response;
    const after = Number(response.headers.get("Retry-After") ?? Infinity);
    if (response.status !== 503 || tries === NUM_TRIES || after > LONGEST_WAIT_S) throw await refusalOf(response);
    busy();
    await wait(after * 1000, signal);
  }
}

async function refusalOf(response) {
  const problem = await response.json().catch(() => null); // what stands before the server speaks no JSON
  return new Refused(problem?.detail ?? `the server answered ${response.status}`);
}

function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
  });
}

/** A playlist of a whole video: where its segments are, and when each begins. */
class Playlist {
  starts = [];
  urls = [];
  duration = 0;

  constructor(url, text) {
    const within = (address) => new URL(address, new URL(url, location.href)).href;
    let length = 0;
    for (const line of text.split(/\r?\n/)) {
      if (line.startsWith("#EXT-X-MAP:")) this.head = within(/URI="([^"]*)"/.exec(line)[1]);
      else if (line.startsWith("#EXTINF:")) length = Number.parseFloat(line.slice(8));
      else if (line && !line.startsWith("#")) {
        this.starts.push(this.duration);
        this.urls.push(within(line));
        this.duration += length;
      }
    }
    if (!this.urls.length) throw new Refused("the playlist is empty");
  }

  /** Which segment a time lies in. */
  indexAt(time) {
    return Math.max(0, this.starts.findLastIndex((start) => start <= time + 0.001));
  }
}

/** Segments for a <video> that does not fetch them itself: those around where it stands. */
export class Feed {
  #media = new MediaSource();
  #gone = new AbortController();
  #held = new Set(); // which segments the browser has
  #fetching = null;
  #isFeeding = false;
  #interrupt = () => {}; // ends what the buffer is changed by

  /** Shows `video` a playlist from a time on; `failed` is called with what ends it. */
  constructor(video, playlist, codecs, time, failed) {
    Object.assign(this, { video, playlist, failed });
    const { signal } = this.#gone;
    this.#media.addEventListener("sourceopen", () => this.#open(codecs), { once: true, signal });
    this.address = URL.createObjectURL(this.#media);
    video.src = this.address;
    video.currentTime = time;
    video.addEventListener("timeupdate", () => this.#feed(), { signal });
    video.addEventListener("seeking", () => this.#sought(), { signal });
  }

  /** Ends it; the video shows something else from here on. */
  close() {
    this.#gone.abort();
    this.#fetching?.turn.abort();
    this.#interrupt(this.#gone.signal.reason);
    URL.revokeObjectURL(this.address);
  }

  async #open(codecs) {
    const type = `video/mp4; codecs="${codecs}"`;
    try {
      if (!MediaSource.isTypeSupported(type)) throw new Refused(`this browser takes no segments of ${codecs}`);
      this.#media.duration = this.playlist.duration;
      this.buffer = this.#media.addSourceBuffer(type);
      await this.#append(await this.#load(this.playlist.head, this.#gone.signal));
    } catch (error) {
      return this.#end(error);
    }
    this.isReady = true;
    await this.#feed();
  }

  /** Fetches what is missing from here on, one segment after another. */
  async #feed() {
    if (!this.isReady || this.#isFeeding) return;
    this.#isFeeding = true;
    try {
      for (let next; (next = this.#missing()) !== null; ) {
        if (!(await this.#add(next))) return;
      }
      const last = this.playlist.urls.length - 1;
      if (this.#held.has(last) && this.#isLast() && this.#media.readyState === "open") this.#media.endOfStream();
    } catch (error) {
      this.#end(error);
    } finally {
      this.#isFeeding = false;
    }
  }

  /** The next segment that is wanted; null if there are enough. */
  #missing() {
    const { starts } = this.playlist;
    const { currentTime } = this.video;
    const until = currentTime + AHEAD_S;
    for (let at = this.playlist.indexAt(currentTime); at < starts.length && starts[at] < until; at++) {
      if (!this.#held.has(at)) return at;
    }
    return null;
  }

  /** Whether all is there from here to the end. */
  #isLast() {
    return this.video.currentTime + AHEAD_S >= this.playlist.starts.at(-1);
  }

  /** Whether there is room for more. */
  async #add(at) {
    const turn = new AbortController();
    this.#fetching = { at, turn };
    try {
      const data = await this.#load(this.playlist.urls[at], turn.signal);
      await this.#trim(BEHIND_S);
      await this.#append(data);
      this.#held.add(at);
    } catch (error) {
      if (error.name === "QuotaExceededError") return false; // until some has been played
      if (error.name !== "AbortError" || this.#gone.signal.aborted) throw error;
    } finally {
      this.#fetching = null;
    }
    return true;
  }

  async #load(url, signal) {
    return (await reach(url, { signal, busy() {} })).arrayBuffer(); // it is seen to wait
  }

  #append(data) {
    return this.#change(() => this.buffer.appendBuffer(data));
  }

  /** Drops what lies more than `behind` seconds back, and what lies far ahead since somebody went back. */
  async #trim(behind) {
    const { buffered } = this.buffer;
    if (!buffered.length) return;
    const [from, to] = [this.video.currentTime - behind, this.video.currentTime + 2 * AHEAD_S];
    if (buffered.start(0) < from - behind) await this.#drop(0, from);
    if (buffered.length && buffered.end(buffered.length - 1) > to + AHEAD_S) await this.#drop(to, Infinity);
  }

  async #drop(from, to) {
    await this.#change(() => this.buffer.remove(from, to));
    for (const at of this.#held) {
      const [start, end] = [this.playlist.starts[at], this.playlist.starts[at + 1] ?? this.playlist.duration];
      if (start < to && end > from) this.#held.delete(at);
    }
  }

  /** Does something to the buffer, and waits until it is done. */
  #change(act) {
    return new Promise((resolve, reject) => {
      this.#gone.signal.throwIfAborted();
      this.buffer.onupdateend = resolve;
      this.#interrupt = reject;
      try {
        act();
      } catch (error) {
        reject(error);
      }
    });
  }

  /** What was on its way is not wanted any more where somebody has gone elsewhere. */
  #sought() {
    const { currentTime, buffered } = this.video;
    const at = this.playlist.indexAt(currentTime);
    if (!covers(buffered, currentTime)) {
      this.#held.delete(at);
      if (this.#fetching && this.#fetching.at !== at) this.#fetching.turn.abort();
    }
    this.#feed();
  }

  #end(error) {
    if (this.#gone.signal.aborted) return;
    this.close();
    this.failed(error);
  }
}

function covers(ranges, time) {
  for (let at = 0; at < ranges.length; at++) {
    if (ranges.start(at) <= time && time < ranges.end(at)) return true;
  }
  return false;
}
