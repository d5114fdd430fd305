// <moment-player>: plays a moment in place, with all that stands around it.
//
// There is one on a page, and one <video> in it. `open` starts the video at once, from what the
// card knows; what stands around it comes from the server as HTML (/watch/…, as a fragment).

import { copyAddress } from "./copy.js";
import { clockOf, leapGap, stampCues, timeOf } from "./file_clock.js";
import { Moment } from "./moment.js";
import { tellFault } from "./playable.js";
import { Sounds } from "./sounds.js";
import { Sources } from "./sources.js";
import "./transcript.js";

const PATIENCE_MS = 300;
const NEAR_S = 0.3; // so near to a moment it is the moment that somebody looks at

class MomentPlayer extends HTMLElement {
  #pending = new AbortController();
  #toast;
  #captions; // the label of those that are shown
  #cueClock; // by which they stand; none before they are added

  connectedCallback() {
    this.video = this.querySelector("video");
    this.screen = this.querySelector(".screen");
    this.bar = this.querySelector(".bar");
    this.moment = new Moment(this.video, () => this.#showMoment());
    this.sources = new Sources(this.video, {
      changed: () => this.#changed(),
      tell: (words) => tell(this.querySelector(".source"), words),
    });
    this.sounds = new Sounds(this.bar.querySelector(".sounds"), this.sources);
    this.addEventListener("click", (event) => this.#clicked(event));
    this.addEventListener("seek", (event) => { // from the strip
      event.preventDefault();
      this.go(event.detail.start, event.detail.end);
    });
    this.video.addEventListener("timeupdate", () => leapGap(this.video));
    const { video, start, end, clock, still } = this.dataset;
    if (video === undefined) return;
    this.#load(video, start, end, clock, still); // without the end in the address, at which the browser stops late
    this.#dress();
    plays(this.video).then(() => this.sources.facts());
  }

  /** What is around the video now; none while it is on its way. */
  get around() {
    return this.querySelector(".around");
  }

  /** Plays [start, end) in seconds of a video, whose file may have a clock of its own; `still` is
   *  what is seen until then, and what stands around it comes from `address`. */
  async open({ video, start, end, clock, still, address }) {
    this.hidden = false;
    this.querySelector(".address")?.remove(); // it leads to the moment before
    const isAnother = this.dataset.video !== video || !this.sources.isOpen;
    if (isAnother) {
      this.#undress();
      delete this.screen.dataset.plays;
      this.#load(video, start, end, clock, still);
      this.sources.play();
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
    this.sources.go(this.moment.start);
    this.sources.play();
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
    this.sources.close();
  }

  /** Takes the file up where it stood, when somebody comes back to a page that the browser has
   *  kept. */
  resume() {
    const { video, clock } = this.dataset;
    if (video && !this.sources.isOpen) this.#show(video, this.sources.time, clock);
  }

  /** Says something shortly, to be read and heard. */
  say(text) {
    const toast = this.querySelector(".toast");
    toast.textContent = text;
    clearTimeout(this.#toast);
    this.#toast = setTimeout(() => (toast.textContent = ""), 2500);
  }

  #load(video, start, end, clock = "", still = "") {
    Object.assign(this.dataset, { video, clock, still });
    this.moment.set(Number(start), end === undefined ? Infinity : Number(end));
    this.#show(video, this.moment.start, clock);
  }

  #show(video, time, clock) {
    if (this.dataset.gone !== undefined) return; // there is no file to ask for
    this.sources.open(video, clock, time, this.dataset.still);
  }

  /** What stands around a "video", or only what changes with its "moment", as HTML; null if
   *  something else is to play meanwhile, or the server cannot be reached, which is said. */
  async #fetch(address, wanted) {
    this.#pending.abort();
    this.#pending = new AbortController();
    const { signal } = this.#pending;
    await plays(this.video); // the server has two things to do, and this can wait
    if (signal.aborted) return null;
    this.sources.facts();
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
      this.#tellFault();
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
    this.#addCaptions();
    this.#tellFault();
  }

  #addCaptions() {
    this.#dropCaptions();
    this.#cueClock = clockOf(this.video);
    const tracks = [...this.around.querySelectorAll(".captions")].map((from) => this.#addTrack(from));
    if (this.#captions && tracks.length) {
      const same = tracks.find(({ label }) => label === this.#captions);
      (same ?? tracks[0]).track.mode = "showing";
    }
  }

  #addTrack({ value, textContent, dataset }) {
    const track = document.createElement("track");
    Object.assign(track, { kind: dataset.kind, label: textContent, srclang: dataset.language, src: value });
    track.addEventListener("load", () => stampCues(this.video, track.track));
    this.video.append(track);
    return track;
  }

  /** Another source goes by another clock, and so do its captions. */
  #changed() {
    this.sounds.show();
    if (this.#cueClock && this.around && this.#cueClock !== clockOf(this.video)) this.#addCaptions();
    this.#tellFault();
  }

  #tellFault() {
    if (this.around?.dataset.picture) this.screen.dataset.plays = tellFault(this.around, this.sources);
  }

  #clicked(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const doing = event.target.closest("[data-do]")?.dataset.do;
    if (doing === "only") this.moment.setOnly(!this.moment.only);
    if (doing === "loop") this.moment.setLoop(!this.moment.loop);
    if (doing === "copy") this.copy();
    const link = event.target.closest("a[data-at]");
    if (!link) return;
    event.preventDefault();
    this.go(link.dataset.at, link.dataset.until);
  }

  /** Copies the address of the moment; where it stands beyond, or the moment has no end, that of the
   *  place. */
  copy() {
    const { start, end } = this.moment;
    const at = this.video.readyState ? timeOf(this.video) : this.sources.time;
    const isWithin = end < Infinity && start - NEAR_S <= at && at <= this.moment.stop + NEAR_S;
    const address = new URL(`/watch/${this.dataset.video}?t=${round(isWithin ? start : at)}`, location.origin);
    if (isWithin) address.searchParams.set("end", round(end));
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

function tell(place, words) {
  if (place.textContent !== words) place.textContent = words; // or it would be read out again
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
