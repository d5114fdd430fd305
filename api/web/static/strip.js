// <heat-strip>: all moments of a search over the whole length of the video that plays.
//
// The server renders the marks, as links. Here they become one stop of the Tab key, between whose
// marks the arrow keys move; what they lead to plays in place. Over the strip, and at the mark that
// has the focus, a still shows what lies there.

import { clock } from "./clock.js";
import { goTo, timeOf } from "./file_clock.js";
import { draw, sheetOf, tileAt, tilesOf } from "./tiles.js";

const NEAR_PX = 5; // so near to the beginning of a moment, the pointer means the moment
const PATIENCE_MS = 150;

class HeatStrip extends HTMLElement {
  connectedCallback() {
    this.gone = new AbortController();
    const { signal } = this.gone;
    this.svg = this.querySelector("svg");
    this.marks = [...this.svg.querySelectorAll("a")];
    this.video = this.closest("moment-player")?.querySelector("video");
    this.tabStop = this.current ?? this.marks[0];
    for (const mark of this.marks) mark.setAttribute("tabindex", mark === this.tabStop ? 0 : -1);
    for (const name of ["timeupdate", "seeking", "loadedmetadata"]) {
      this.video?.addEventListener(name, () => this.follow(), { signal });
    }
    const heard = {
      click: (event) => this.clicked(event),
      keydown: (event) => this.pressed(event),
      pointermove: (event) => this.hovered(event),
      pointerleave: () => this.hide(),
      focusin: ({ target }) => this.focused(target),
      focusout: () => this.hide(),
    };
    for (const [name, action] of Object.entries(heard)) {
      this.svg.addEventListener(name, action, { signal });
    }
    this.follow();
  }

  disconnectedCallback() {
    this.gone.abort();
    this.hide();
  }

  /** The mark of what plays. */
  get current() {
    return this.marks.find((mark) => mark.hasAttribute("aria-current"));
  }

  get duration() {
    return Number(this.dataset.duration);
  }

  /** The playhead stands where the video does, and the moment that plays is marked. */
  follow() {
    if (!this.video?.readyState) return;
    const time = timeOf(this.video);
    const head = this.svg.querySelector(".playhead");
    const at = `${Math.min(100, (100 * time) / this.duration)}%`;
    head.setAttribute("x1", at);
    head.setAttribute("x2", at);
    this.classList.add("playing");
    const inside = ({ dataset }) => dataset.start <= time + 0.001 && time < dataset.end;
    const playing = this.marks.findLast(inside);
    if (playing === this.current) return;
    this.current?.removeAttribute("aria-current");
    playing?.setAttribute("aria-current", "true");
  }

  clicked(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const pressed = event.detail === 0 && event.target.closest("a"); // by Enter
    const { time, mark } = pressed ? { mark: pressed } : this.placeOf(event);
    this.seek(mark ? momentOf(mark) : { start: time });
  }

  /** Plays from `start`: the player hears of it; where it does not, the video itself is set. */
  seek(detail) {
    const asked = new CustomEvent("seek", { detail, bubbles: true, cancelable: true });
    if (!this.dispatchEvent(asked) || !this.video) return;
    goTo(this.video, detail.start);
    this.video.play().catch(() => {}); // a browser may want a click on the video first
  }

  pressed(event) {
    const at = this.marks.indexOf(event.target.closest("a"));
    const next = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      Home: 0,
      End: this.marks.length - 1,
    }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere these keys seek
    this.marks[next]?.focus();
  }

  focused(target) {
    const mark = target.closest("a");
    if (!mark) return;
    this.tabStop.setAttribute("tabindex", -1);
    this.tabStop = mark;
    mark.setAttribute("tabindex", 0);
    if (mark.matches(":focus-visible")) this.show(momentOf(mark).start, mark);
  }

  hovered(event) {
    if (event.pointerType === "touch") return;
    const { time, mark } = this.placeOf(event);
    this.show(time, mark ?? this.markAt(time));
  }

  /** The time under a pointer, and the moment that it means, if it is near to its beginning. */
  placeOf(event) {
    const { left, width } = this.svg.getBoundingClientRect();
    const timeAt = (x) => (Math.min(Math.max((x - left) / width, 0), 1)) * this.duration;
    const [time, near] = [timeAt(event.clientX), (NEAR_PX / width) * this.duration];
    const distance = (mark) => Math.abs(momentOf(mark).start - time);
    const mark = this.marks
      .filter((mark) => distance(mark) <= near)
      .sort((a, b) => a.classList.contains("weak") - b.classList.contains("weak") || distance(a) - distance(b))[0];
    return { time: mark ? momentOf(mark).start : time, mark };
  }

  markAt(time) {
    return this.marks.findLast(({ dataset }) => dataset.start <= time && time < dataset.end);
  }

  // What lies there: a still, the time, and what was found.

  async show(time, mark) {
    this.asked?.abort();
    this.asked = new AbortController();
    const { signal } = this.asked;
    const glimpse = (this.glimpse ??= newGlimpse());
    const [canvas, caption] = glimpse.children;
    const [at, found] = caption.children;
    at.textContent = clock(time);
    found.textContent = mark?.getAttribute("aria-label") ?? "";
    if (!glimpse.isConnected) {
      canvas.hidden = true;
      this.append(glimpse);
    }
    const room = this.clientWidth - glimpse.offsetWidth;
    const middle = (time / this.duration) * this.clientWidth - glimpse.offsetWidth / 2;
    glimpse.style.left = `${Math.min(Math.max(middle, 0), Math.max(room, 0))}px`;
    try {
      await this.drawAt(time, canvas, signal);
    } catch {
      if (!signal.aborted) canvas.hidden = true; // the caption stays
    }
  }

  async drawAt(time, canvas, signal) {
    if (!("stills" in this.dataset)) return;
    if (canvas.hidden) await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    signal.throwIfAborted();
    const tiles = await tilesOf(this.dataset.video, signal);
    if (!tiles.length) return;
    const tile = tileAt(tiles, time);
    const sheet = await sheetOf(tile, signal);
    signal.throwIfAborted();
    draw(canvas, sheet, tile);
    canvas.hidden = false;
  }

  hide() {
    this.asked?.abort();
    this.glimpse?.remove();
  }
}

const momentOf = ({ dataset }) => ({ start: Number(dataset.start), end: Number(dataset.end) });

function newGlimpse() {
  const glimpse = document.createElement("figure");
  glimpse.className = "glimpse";
  glimpse.setAttribute("aria-hidden", "true");
  glimpse.innerHTML = "<canvas></canvas><figcaption><b></b><span dir=auto></span></figcaption>";
  return glimpse;
}

customElements.define("heat-strip", HeatStrip);
