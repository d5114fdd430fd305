// What plays a video: its file where the browser can, else what the server makes of it.
//
// The file starts at once, since most play. Browsers fail silently: so one looks at what plays, and
// goes on with the next source at the same time. What was found out holds for the page.

import { finds, setClock, stampOf, timeOf } from "./file_clock.js";
import { Feed, prepared, Refused } from "./hls.js";
import { claims, faultOf } from "./playable.js";

const HLS = "application/vnd.apple.mpegurl";
const SOON_MS = 200; // what is there by then is not worth a word
const LEAST_S = 1e-6; // before a browser has the film, 0 is no place to it
const FILE = { kind: "original", sound: 0 }; // taken as a copy: that of the next film is another
const PREPARING = "Preparing…";

const told = new Map(); // what the server says of a video
const faults = new Map(); // of files, by video, and by codecs that the browser does not claim to play

export class Sources {
  /** What cannot be played of the video, once no source is left: "picture", "sound", "file",
   *  "moment" or "server"; null as long as there is hope. */
  fault = null;
  /** What the server says where it refuses. */
  refusal = "";
  /** Where it stands in presented time, or is to go on. */
  time = 0;
  #id;
  #clock;
  #still;
  #facts; // undefined until the server has told; null where it cannot
  #asked;
  #sound = 0;
  #source = null; // null while the next is prepared
  #left = new Set(); // addresses of sources that have failed
  #failedAt = -Infinity; // where something that the server makes was cut off
  #wanted = false; // whether it is to play
  #turn = new AbortController();
  #feed = null;
  #telling;

  /** `changed` is called when something else plays, or is known; `tell` with words about it. */
  constructor(video, { changed, tell }) {
    Object.assign(this, { video, changed, tell });
    const on = (names, act) => names.forEach((name) => video.addEventListener(name, act));
    on(["loadedmetadata", "loadeddata", "canplay", "playing", "timeupdate", "error"], () => this.#look());
    on(["loadeddata"], () => this.video.removeAttribute("poster"));
    on(["seeking"], () => this.#sought());
    on(["waiting", "seeking"], () => this.#isMade && this.#announce());
    on(["canplay", "playing", "seeked"], () => this.#isMade && this.#say(nameOf(this.#source)));
  }

  /** Whether something plays, or is about to. */
  get isOpen() {
    return this.#id !== undefined;
  }

  /** The video's. */
  get id() {
    return this.#id;
  }

  /** The sound tracks, of which one is chosen by its number. */
  get sounds() {
    return this.#facts?.sounds ?? [];
  }

  get sound() {
    return this.#sound;
  }

  /** Shows a video at a time. `clock` is that of its file, if it has its own; `still` is the address of
   *  a picture to be seen while the server makes what plays. */
  open(id, clock, time, still) {
    if (id !== this.#id) this.#sound = 0;
    Object.assign(this, { fault: null, refusal: "", time });
    this.#id = id;
    this.#clock = clock;
    this.#still = still;
    this.#facts = told.get(id);
    this.#asked = null;
    this.#left.clear();
    this.#failedAt = -Infinity;
    this.#wanted = false;
    const isFile = this.#facts ? this.#isFit(this.#facts.sources[0]) : finds(clock, time);
    if (isFile) {
      this.#take({ ...FILE });
      if (faults.size) this.facts();
    } else {
      this.#empty();
      this.#choose();
    }
  }

  play() {
    this.#wanted = true;
    if (this.#source) this.video.play().catch(() => {}); // a browser may want a click first: its own button is there
  }

  /** Plays, or pauses; what is still prepared will do so when it is there. */
  toggle() {
    const plays = this.#source ? !this.video.paused : this.#wanted;
    if (!plays) return this.play();
    this.#wanted = false;
    this.video.pause();
  }

  /** Goes to a time, which only another source may find. */
  go(time) {
    if (!this.isOpen) return;
    if (this.#source && (this.#isMade || finds(this.#clock, time))) {
      this.time = time;
      this.video.currentTime = stampOf(this.video, time) || LEAST_S;
      return;
    }
    this.#stop();
    this.time = time;
    this.#choose();
  }

  /** Another sound track, from where it stands; `sound` is the first again if it cannot be had. */
  async hear(sound) {
    this.#sound = sound;
    this.#stop();
    await this.#choose();
  }

  /** Lets go of what plays. */
  close() {
    this.#turn.abort();
    this.#id = undefined;
    this.#say("");
    this.#empty();
  }

  /** Asks the server what there is of the video. */
  async facts() {
    const id = this.#id;
    if (id === undefined || this.#facts !== undefined) return;
    const facts = await (this.#asked ??= factsOf(id));
    if (id !== this.#id || this.#facts !== undefined) return;
    this.#facts = facts;
    if (facts) told.set(id, facts);
    this.changed();
    this.#look();
  }

  /** What is prepared goes on from there, too. */
  #sought() {
    if (this.isOpen && this.video.readyState) this.time = timeOf(this.video);
  }

  /** Whether the server makes what plays. */
  get #isMade() {
    return this.#source !== null && this.#source.kind !== "original";
  }

  /** Looks whether what is to be seen and heard is; else goes on to the next source. */
  async #look() {
    const source = this.#source;
    if (!source || this.fault) return;
    if (this.video.readyState && !this.video.seeking) this.time = timeOf(this.video);
    if (!this.#faultOf(source)) return;
    await this.facts();
    const fault = this.#source === source && this.#faultOf(source);
    if (fault) this.#leave(source, fault);
  }

  #faultOf(source) {
    if (source.kind === "original" && this.#facts) {
      if (this.#facts.sources[0].reason) return "file"; // another picture of it would be played
      const known = faults.get(codecsOf(this.#facts));
      if (known) return known;
    }
    return faultOf(this.video, this.#facts, source);
  }

  /** Goes on without a source that has a fault; one that the server makes may have been interrupted. */
  #leave(source, fault) {
    const wasCutOff = this.#isMade && this.video.error && Math.abs(this.#failedAt - this.time) > 1;
    this.#stop();
    if (source.kind === "original") {
      if (fault === "server") return this.#giveUp(fault);
      if (fault !== "sound") this.#empty(); // of which a picture would be seen that is none, or another
      faults.set(this.#id, fault);
      const file = this.#facts?.sources[0];
      if (file && !file.reason && !claims(this.video, file)) faults.set(codecsOf(this.#facts), fault);
    } else if (wasCutOff) {
      this.#failedAt = this.time;
    } else {
      this.#left.add(source.url);
    }
    this.#choose();
  }

  /** Stands still, and keeps in mind whether to play on. */
  #stop() {
    this.#turn.abort();
    if (!this.#source) return;
    if (this.video.readyState && !this.video.seeking) this.time = timeOf(this.video);
    this.#wanted = !this.video.paused;
    this.#source = null;
    this.video.pause();
  }

  #empty() {
    this.#feed?.close();
    this.#feed = this.#source = null;
    setClock(this.video, null);
    this.video.pause();
    if (this.isOpen && this.#still) this.video.poster = this.#still;
    else this.video.removeAttribute("poster");
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** Takes the best source that is left. */
  async #choose() {
    this.#turn.abort();
    this.#turn = new AbortController();
    const { signal } = this.#turn;
    this.#announce();
    await this.facts();
    if (signal.aborted) return;
    const next = this.#facts?.sources.find((source) => this.#isFit(source));
    if (next) {
      await this.#take(next);
    } else if (this.#sound) {
      await this.hear(0);
    } else {
      this.#giveUp(faults.get(this.#id) ?? (this.#facts && faults.get(codecsOf(this.#facts))) ?? "moment");
    }
  }

  #isFit(source) {
    if (source.sound !== this.#sound || this.#left.has(source.url)) return false;
    if (source.kind !== "original") return claims(this.video, { ...source, type: "video/mp4" });
    return !source.reason && finds(this.#clock, this.time) && !faults.has(this.#id) && !faults.has(codecsOf(this.#facts));
  }

  async #take(source) {
    this.#turn.abort();
    this.#turn = new AbortController();
    const { signal } = this.#turn;
    if (source.kind === "original") this.#showFile();
    else if (!(await this.#showSegments(source, signal))) return;
    this.fault = null;
    this.#source = source;
    if (this.#wanted) this.play();
    if (!this.#isMade) this.#say("");
    this.changed();
  }

  #showFile() {
    this.#feed?.close();
    this.#feed = null;
    setClock(this.video, this.#clock);
    const at = finds(this.#clock, this.time) ? `#t=${stampOf(this.video, this.time)}` : "";
    this.video.src = `/videos/${this.#id}/stream${at}`;
  }

  /** Whether it could be shown. */
  async #showSegments(source, signal) {
    const { url, codecs } = source;
    const failed = (error) => this.#refused(source, error);
    try {
      const busy = () => this.#say("Still preparing: the server has much to do.");
      const playlist = await prepared(url, this.time, { signal, busy });
      signal.throwIfAborted();
      this.#feed?.close();
      this.#feed = null;
      setClock(this.video, null);
      const isPlain = !("MediaSource" in window) && this.video.canPlayType(HLS);
      if (isPlain) this.video.src = `${url}#t=${this.time}`; // Chromium would fetch the first segments first
      else this.#feed = new Feed(this.video, playlist, codecs, this.time, failed);
    } catch (error) {
      if (!signal.aborted) await failed(error);
      return false;
    }
    return true;
  }

  /** The server gives no segments of a source. */
  async #refused(source, error) {
    this.#stop();
    if (!(error instanceof Refused)) return this.#giveUp("server");
    this.refusal = error.message;
    this.#left.add(source.url);
    await this.#choose();
  }

  /** Nothing is left: what can be seen or heard of the file is shown, and what cannot is told. */
  #giveUp(fault) {
    this.fault = fault;
    this.#say("");
    if (fault === "picture" || fault === "sound") {
      this.#showFile();
      this.#source = { ...FILE };
      if (this.#wanted) this.play();
    } else {
      this.#empty();
    }
    this.changed();
  }

  /** Says that something is awaited, if that takes time. */
  #announce() {
    clearTimeout(this.#telling);
    this.#telling = setTimeout(() => this.tell(PREPARING), SOON_MS);
  }

  #say(words) {
    clearTimeout(this.#telling);
    this.tell(words);
  }
}

/** What plays where it is not the file: "converted: hevc". */
const nameOf = ({ kind, reason }) => (reason ? `${kind}: ${reason}` : kind);

const codecsOf = ({ container, video_codec, audio_codec }) => `${container} ${video_codec} ${audio_codec}`;

async function factsOf(id) {
  try {
    const response = await fetch(`/videos/${id}`);
    return response.ok ? await response.json() : null;
  } catch {
    return null; // as long as the file plays, nobody misses it
  }
}
