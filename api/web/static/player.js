// <moment-player>: plays a moment in place, with all that stands around it.
//
// There is one on a page, and one <video> in it. `open` starts the video at once, from what the
// card knows; what stands around it comes from the server as HTML (/watch/…, as a fragment).

import { copyAddress } from "./copy.js";
import { goTo, isFound, leapGap, setClock, stampCues, stampOf, timeOf } from "./file_clock.js";
import { Moment } from "./moment.js";
import { judge } from "./playable.js";
import "./transcript.js";

const PATIENCE_MS = 300;

class MomentPlayer extends HTMLElement {
  #pending = new AbortController();
  #toast;
  #captions; // the label of those that are shown
  #stood = 0;

  connectedCallback() {
    this.video = this.querySelector("video");
    this.screen = this.querySelector(".screen");
    this.bar = this.querySelector(".bar");
    this.moment = new Moment(this.video, () => this.#showMoment());
    this.addEventListener("click", (event) => this.#clicked(event));
    this.addEventListener("seek", (event) => { // from the strip
      event.preventDefault();
      this.go(event.detail.start, event.detail.end);
    });
    this.video.addEventListener("timeupdate", () => leapGap(this.video));
    for (const name of ["loadedmetadata", "error", "timeupdate"]) {
      this.video.addEventListener(name, () => this.#judge());
    }
    const { video, start, end, clock } = this.dataset;
    if (video === undefined) return;
    setClock(this.video, clock);
    this.#load(video, start, end); // without the end in the address, at which the browser stops late
    this.#dress();
  }

  /** What is around the video now; none while it is on its way. */
  get around() {
    return this.querySelector(".around");
  }

  /** Plays [start, end) in seconds of a video, whose file may have a clock of its own; what stands
   *  around it comes from `address`. */
  async open({ video, start, end, clock, address }) {
    this.hidden = false;
    this.querySelector(".address")?.remove(); // it leads to the moment before
    const isAnother = this.dataset.video !== video || !this.video.hasAttribute("src");
    if (isAnother) {
      this.#undress();
      setClock(this.video, clock);
      this.#load(video, start, end);
      this.#play();
    } else {
      this.go(start, end);
    }
    const wanted = isAnother || !this.around?.dataset.picture ? "video" : "moment";
    const html = await this.#fetch(address, wanted);
    if (html !== null) this.#fill(html, wanted);
  }

  /** Plays another moment of the video. */
  go(start, end) {
    this.moment.set(Number(start), end === undefined ? Infinity : Number(end));
    if (isFound(this.video, this.moment.start)) goTo(this.video, this.moment.start);
    this.#play();
  }

  /** Stops, and lets go of the file. */
  close() {
    this.release();
    this.#pending.abort();
    this.#undress();
    this.hidden = true;
    delete this.dataset.video;
  }

  /** Lets go of the file, and leaves what is shown. */
  release() {
    this.#stood = this.video.readyState ? timeOf(this.video) : this.moment.start;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** Takes the file up where it stood, when somebody comes back to a page that the browser has
   *  kept. */
  resume() {
    const { video } = this.dataset;
    if (video && !this.video.hasAttribute("src")) this.#show(video, this.#stood);
  }

  /** Says something shortly, to be read and heard. */
  say(text) {
    const toast = this.querySelector(".toast");
    toast.textContent = text;
    clearTimeout(this.#toast);
    this.#toast = setTimeout(() => (toast.textContent = ""), 2500);
  }

  #load(video, start, end) {
    this.dataset.video = video;
    this.moment.set(Number(start), end === undefined ? Infinity : Number(end));
    this.#show(video, this.moment.start);
  }

  #show(video, time) {
    if (this.dataset.gone !== undefined) return; // there is no file to ask for
    const at = isFound(this.video, time) ? `#t=${stampOf(this.video, time)}` : "";
    this.video.src = `/videos/${video}/stream${at}`;
  }

  /** Plays the moment, or nothing if it cannot be found: then a still is shown with the reason. */
  #play() {
    if (isFound(this.video, this.moment.start)) {
      this.video.play().catch(() => {}); // a browser may want a click first: its own button is there
    } else {
      this.video.pause();
    }
  }

  /** What stands around a "video", or only what changes with its "moment", as HTML; null if
   *  something else is to play meanwhile, or the server cannot be reached, which is said. */
  async #fetch(address, wanted) {
    this.#pending.abort();
    this.#pending = new AbortController();
    const { signal } = this.#pending;
    await plays(this.video); // the server has two things to do, and this can wait
    if (signal.aborted) return null;
    try {
      const response = await fetch(address, { headers: { "X-Fragment": wanted }, signal });
      const html = await response.text();
      if (signal.aborted) return null;
      if (response.ok) return html;
    } catch {
      if (signal.aborted) return null;
    }
    this.#undress();
    this.append(trouble(address));
    return null;
  }

  /** Puts in place what has come. */
  #fill(html, wanted) {
    const come = document.createElement("template");
    come.innerHTML = html;
    if (wanted === "moment") {
      for (const part of [...come.content.children]) this.querySelector(`.${part.className}`).replaceWith(part);
      this.#judge();
      return;
    }
    this.#undress();
    this.append(come.content);
    this.#dress();
  }

  #undress() {
    for (const part of [...this.children]) {
      if (part !== this.screen && part !== this.bar) part.remove();
    }
    this.#dropCaptions();
  }

  /** Who wants captions keeps them from hit to hit. */
  #dropCaptions() {
    const tracks = [...this.video.querySelectorAll("track")];
    if (!tracks.length) return;
    const [shown] = tracks.filter(({ track }) => track.mode === "showing");
    this.#captions = shown?.label;
    for (const each of tracks) each.remove();
  }

  /** Puts what has come in its places: the strip right below the picture. */
  #dress() {
    const strip = this.querySelector(".strip");
    if (strip) this.bar.before(strip);
    this.#dropCaptions();
    const tracks = [...this.around.querySelectorAll(".captions")].map((from) => this.#addCaptions(from));
    if (this.#captions && tracks.length) {
      const same = tracks.find(({ label }) => label === this.#captions);
      (same ?? tracks[0]).track.mode = "showing";
    }
    this.#judge();
  }

  #addCaptions({ value, textContent, dataset }) {
    const track = document.createElement("track");
    Object.assign(track, { kind: dataset.kind, label: textContent, srclang: dataset.language, src: value });
    track.addEventListener("load", () => stampCues(this.video, track.track));
    this.video.append(track);
    return track;
  }

  #judge() {
    if (this.around?.dataset.picture) this.screen.dataset.plays = judge(this.video, this.around);
  }

  #clicked(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const doing = event.target.closest("[data-do]")?.dataset.do;
    if (doing === "only") this.moment.setOnly(!this.moment.only);
    if (doing === "loop") this.moment.setLoop(!this.moment.loop);
    if (doing === "copy") this.copy();
    const link = event.target.closest("a[data-at]");
    if (!link || !isFound(this.video, Number(link.dataset.at))) return; // its page shows a still
    event.preventDefault();
    this.go(link.dataset.at, link.dataset.until);
  }

  /** Copies the address of the moment; where one plays on, that of the place. */
  copy() {
    const { only, start, end } = this.moment;
    const t = round(only ? start : timeOf(this.video));
    const address = new URL(`/watch/${this.dataset.video}?t=${t}`, location.origin);
    if (only) address.searchParams.set("end", round(end));
    copyAddress(address.href, this);
  }

  #showMoment() {
    const { only, loop, end } = this.moment;
    const [forOnly, forLoop] = ["only", "loop"].map((name) => this.bar.querySelector(`[data-do=${name}]`));
    forOnly.setAttribute("aria-pressed", String(only));
    forOnly.hidden = end === Infinity;
    forLoop.setAttribute("aria-pressed", String(loop));
  }
}

/** Until a video plays, or will not in the time that nobody notices. */
function plays(video) {
  return new Promise((resolve) => {
    video.addEventListener("playing", resolve, { once: true });
    setTimeout(resolve, PATIENCE_MS);
  });
}

const round = (seconds) => Number(seconds.toFixed(3));

function trouble(address) {
  const around = document.createElement("div");
  around.className = "around";
  const text = document.createElement("p");
  text.className = "note";
  const link = document.createElement("a");
  Object.assign(link, { href: address, textContent: "Open its page" });
  text.append("What belongs to this video could not be loaded. ", link, " to try again.");
  around.append(text);
  return around;
}

customElements.define("moment-player", MomentPlayer);
