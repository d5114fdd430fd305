// <video-transcript>: what is said, beside the video. It follows what plays, unless somebody scrolls
// it; a line leads to its moment; a search in it leaves the lines that have the words, and a choice
// those of one sound track, or of subtitles. What is being said, and what comes next, stands right under the player,
// too. What is long comes in parts: the page has the lines around the moment, the others are loaded here, and those of
// subtitles when they are chosen.

import { timeOf } from "./file_clock.js";
import { loadParts } from "./parts.js";

const BEFORE_PX = 30;

class VideoTranscript extends HTMLElement {
  #unbound = new AbortController();
  #follows = true;
  #current;
  #heard; // the lines of the track that is chosen
  #numLoading = 0;
  #asked = new Set(); // tracks of subtitles

  connectedCallback() {
    this.video = this.closest("moment-player").querySelector("video");
    this.list = this.querySelector("ol");
    this.field = this.querySelector("input");
    this.track = this.querySelector("select");
    this.found = this.querySelector(".found");
    this.follow = this.querySelector(".follow");
    this.saying = this.parentElement.querySelector(".saying");
    this.saying.hidden = false;
    this.lines = linesOf([...this.list.children].filter((item) => !item.matches(".more")));
    this.#heard = [...this.lines];
    const [first] = this.lines;
    first.link.tabIndex = 0;
    if (!("said" in first.link.dataset)) this.#asked.add(first.link.dataset.track);
    this.#listen();
    this.#mark();
    for (const link of [...this.list.querySelectorAll(".more > a")].reverse()) this.#load(link);
  }

  /** Loads what a link leads to, to the end. */
  async #load(link) {
    this.#numLoading += 1;
    const add = link.rel === "prev" ? "unshift" : "push";
    try {
      for await (const items of loadParts(link, this.#unbound.signal)) {
        const lines = linesOf(items);
        const heard = lines.filter((line) => this.#isHeard(line));
        this.lines[add](...lines);
        this.#heard[add](...heard);
        if (this.field.value.trim()) this.#search();
        else for (const line of lines) line.item.hidden = !this.#isHeard(line);
        this.#mark();
      }
      this.#numLoading -= 1;
    } catch {} // its link stays
    if (this.field.value.trim()) this.#search();
  }

  disconnectedCallback() {
    this.#unbound.abort();
    CSS.highlights?.delete("transcript");
  }

  #listen() {
    const { signal } = this.#unbound;
    const on = (target, name, action) => target.addEventListener(name, action, { signal });
    on(this.video, "timeupdate", () => this.#mark());
    on(this.video, "seeked", () => this.#mark());
    for (const name of ["wheel", "touchmove", "pointerdown"]) {
      on(this.list, name, () => this.#setFollows(false));
    }
    on(this.list, "click", () => this.#setFollows(true));
    on(this.list, "keydown", (event) => this.#move(event));
    on(this.follow, "click", () => {
      this.#setFollows(true);
      this.#show();
    });
    on(this.field, "input", () => this.#search());
    if (this.track) on(this.track, "change", () => this.#choose());
    on(this.field, "keydown", (event) => {
      if (event.key === "Enter") this.#visible[0]?.link.click();
    });
  }

  /** Marks the line that is being said: the last that has begun. */
  #mark() {
    const at = timeOf(this.video) + 0.05;
    let [low, high] = [0, this.#heard.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#heard[middle].at <= at) low = middle + 1;
      else high = middle;
    }
    const line = this.#heard[low - 1] ?? null;
    if (line === this.#current) return;
    this.#current?.link.removeAttribute("aria-current");
    line?.link.setAttribute("aria-current", "true");
    this.#current = line;
    const [now, next] = this.saying.children;
    tell(now, line);
    tell(next, this.#heard[low]);
    if (line) this.#tabTo(line);
    this.#show();
  }

  /** Brings the line to the top of its own box, below a bit of what was said before. */
  #show() {
    const item = this.#current?.item;
    if (!this.#follows || !item || item.hidden) return;
    this.list.scrollTop += item.getBoundingClientRect().top - this.list.getBoundingClientRect().top - BEFORE_PX;
  }

  #setFollows(follows) {
    this.#follows = follows;
    this.follow.hidden = follows;
  }

  #tabTo(line) {
    if (this.list.contains(document.activeElement)) return; // somebody reads elsewhere in it
    for (const each of this.list.querySelectorAll('[tabindex="0"]')) each.tabIndex = -1;
    line.link.tabIndex = 0;
  }

  get #visible() {
    return this.lines.filter(({ item }) => !item.hidden);
  }

  /** The arrow keys go from line to line. */
  #move(event) {
    const lines = this.#visible;
    const at = lines.findIndex(({ link }) => link === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#setFollows(false);
    lines[to]?.link.focus();
  }

  /** Whether a line is of the sound track, or the subtitles, that are chosen. */
  #isHeard({ link }) {
    if (!this.track) return true;
    const { value } = this.track;
    const chosen = { "": "[data-said]", plays: "[data-plays]" }[value] ?? `[data-track="${value}"]`;
    return link.matches(chosen);
  }

  /** Follows one sound track, all of them, or subtitles. */
  #choose() {
    const { part } = this.track.selectedOptions[0].dataset;
    if (part && !this.#asked.has(this.track.value)) {
      this.#asked.add(this.track.value);
      const item = document.createElement("li");
      item.className = "more";
      item.innerHTML = '<a rel="next">Later</a>';
      item.firstElementChild.dataset.part = part;
      this.list.append(item);
      this.#load(item.firstElementChild);
    }
    this.#heard = this.lines.filter((line) => this.#isHeard(line));
    this.#search();
    this.#mark();
  }

  /** Leaves the lines of the track that have the words, and marks these. */
  #search() {
    const wanted = this.field.value.trim();
    const pattern = wanted && patternOf(wanted);
    const ranges = [];
    let num = 0;
    this.#hideList(); // changing thousands of lines in sight takes a hundred times as long
    for (const { item } of this.lines) item.hidden = true;
    for (const { item, text } of this.#heard) {
      const match = pattern && text ? pattern.exec(text.data) : null;
      item.hidden = wanted !== "" && !match;
      if (!match) continue;
      num += 1;
      ranges.push(rangeOf(text, match.index, match[0].length));
    }
    this.list.hidden = false;
    CSS.highlights?.set("transcript", new Highlight(...ranges));
    const soFar = this.#numLoading ? " so far" : "";
    this.found.textContent = wanted === "" ? "" : (num === 1 ? "1 line" : `${num || "No"} lines`) + soFar;
    if (wanted === "") this.#show();
  }

  #hideList() {
    this.list.hidden = true;
    void this.list.offsetHeight; // now, not together with what follows
  }
}

/** Items of the list as lines. One stop for the Tab key: thousands of lines would be in everybody's way. */
function linesOf(items) {
  return items.map((item) => {
    const link = item.firstElementChild;
    link.tabIndex = -1;
    return { item, link, text: item.querySelector("span").firstChild, at: Number(link.dataset.at) };
  });
}

/** A line as it stands in the transcript, or none. */
function tell(place, line) {
  place.replaceChildren(...(line ? [...line.link.cloneNode(true).childNodes] : []));
}

/** Words in either case. Texts stay as they are: in lower case, İ has one letter more. */
const patternOf = (words) =>
  new RegExp(words.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replace(/[iİ]/gi, "[iİ]"), "iu");

function rangeOf(text, at, length) {
  const range = document.createRange();
  range.setStart(text, at);
  range.setEnd(text, at + length);
  return range;
}

customElements.define("video-transcript", VideoTranscript);
