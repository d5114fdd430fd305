// <scene-list>: the scenes of a video as one stop for the Tab key; the arrow keys go from one to
// the next. The scene that plays is marked. Of a long video, what the page lacks is loaded.

import { timeOf } from "./file_clock.js";
import { loadParts } from "./parts.js";

class SceneList extends HTMLElement {
  #unbound = new AbortController();
  #current;

  connectedCallback() {
    this.video = this.closest("moment-player").querySelector("video");
    this.links = [...this.querySelectorAll("a[data-at]")];
    for (const link of this.links) link.tabIndex = -1;
    this.links[0].tabIndex = 0;
    this.#load("next", (links) => this.links.push(...links));
    this.#load("prev", (links) => this.links.unshift(...links));
    const { signal } = this.#unbound;
    for (const name of ["timeupdate", "seeked"]) {
      this.video.addEventListener(name, () => this.#mark(), { signal });
    }
    this.addEventListener("focusin", ({ target }) => this.#tabTo(target), { signal });
    this.addEventListener("keydown", (event) => this.#move(event), { signal });
    this.#mark();
  }

  disconnectedCallback() {
    this.#unbound.abort();
  }

  async #load(direction, add) {
    const link = this.querySelector(`.more > a[rel="${direction}"]`);
    if (!link) return;
    try {
      for await (const items of loadParts(link, this.#unbound.signal)) {
        const links = items.map((item) => item.firstElementChild);
        for (const each of links) each.tabIndex = -1;
        add(links);
      }
    } catch {} // its link stays
  }

  #mark() {
    const now = timeOf(this.video) + 0.05;
    const plays = ({ dataset }) => Number(dataset.at) <= now && now < Number(dataset.until);
    if (this.#current && plays(this.#current)) return;
    this.#current?.removeAttribute("aria-current");
    this.#current = this.links.find(plays);
    this.#current?.setAttribute("aria-current", "true");
    if (this.#current && !this.contains(document.activeElement)) this.#tabTo(this.#current);
  }

  #tabTo(link) {
    if (!this.links.includes(link)) return;
    for (const each of this.querySelectorAll('[tabindex="0"]')) each.tabIndex = -1;
    link.tabIndex = 0;
  }

  #move(event) {
    const at = this.links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.links.length - 1 }[event.key];
    if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.links[to]?.focus();
  }
}

customElements.define("scene-list", SceneList);
