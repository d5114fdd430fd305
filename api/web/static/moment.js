// What of a video plays: only a moment, [start, end) in seconds, or on from there.

import { goTo, lengthOf, timeOf } from "./file_clock.js";

const LEAST_S = 2;
const SOON_S = 0.6; // so near to the end a timer is set: timeupdate comes four times a second
const FRAME_S = 0.04; // stops a frame early, or the first picture of the next scene is left standing

export class Moment {
  start = 0;
  end = Infinity;
  only = false;
  loop = false;
  #timer;

  /** `changed` is called when `only` or `loop` change by themselves. */
  constructor(video, changed) {
    this.video = video;
    this.changed = changed;
    for (const name of ["timeupdate", "playing", "ratechange", "seeked"]) {
      video.addEventListener(name, this.#look);
    }
    video.addEventListener("play", () => this.#again());
    video.addEventListener("seeking", () => this.#left());
  }

  /** Another moment. One that has an end stops there. */
  set(start, end) {
    Object.assign(this, { start, end, only: end < Infinity });
    this.#apply();
  }

  /** Stops at the end, or plays on. */
  setOnly(only) {
    this.only = only;
    const at = timeOf(this.video);
    if (only && (at < this.start || at >= this.stop)) goTo(this.video, this.start);
    this.#apply();
    this.video.play().catch(() => {});
  }

  setLoop(loop) {
    this.loop = loop;
    this.#apply();
    if (loop && this.video.paused) this.video.play().catch(() => {});
  }

  /** Where it stops, not before something could be seen; a video of which this is the last moment
   *  must not end by itself. */
  get stop() {
    const end = Math.max(this.end, this.start + LEAST_S);
    return Math.min(end, lengthOf(this.video) || Infinity) - FRAME_S;
  }

  #apply() {
    this.video.loop = this.loop && !this.only;
    this.changed();
    this.#look();
  }

  #look = () => {
    clearTimeout(this.#timer);
    if (!this.only || this.video.paused || this.video.seeking) return;
    const left = (this.stop - timeOf(this.video)) / this.video.playbackRate;
    if (left > SOON_S) return;
    if (left > 0.004) this.#timer = setTimeout(this.#look, left * 1000);
    else if (this.loop) goTo(this.video, this.start);
    else this.video.pause();
  };

  /** Played again after it has stopped, it begins anew. */
  #again() {
    if (this.only && timeOf(this.video) >= this.stop - 0.1) goTo(this.video, this.start);
  }

  /** Who goes beyond the end wants to see what is there. */
  #left() {
    if (!this.only || timeOf(this.video) <= this.stop + 0.2) return;
    this.only = false;
    this.#apply();
  }
}
