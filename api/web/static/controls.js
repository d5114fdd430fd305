// The controls beside the box: each change searches again, and a chip shows each filter.

import { addressOf } from "./fields.js";
import { bind } from "./keys.js";
import { mayFocus, show } from "./results.js";

const SETTLED_MS = 150; // a slider that rests so long has been moved

export function start() {
  const box = document.querySelector("input[name=q]");
  box?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // browsers would empty the box
    box.blur();
  });
  const form = document.getElementById("search");
  if (!form) return;
  const slider = new Slider(form);
  form.addEventListener("change", ({ target }) => {
    if (target.type === "search" || target === slider.range) return;
    if (target.name === "mode") slider.follow(target);
    ask(form);
  });
  openAndClose(form.querySelector("details.filters"));
  removeChips(form, box);
}

/** Searches again, if anything is asked. */
function ask(form, options) {
  const fields = new URLSearchParams(location.search);
  const words = form.elements.q.value.trim();
  if (words || fields.has("similar") || fields.has("image")) show(addressOf(form), options);
}

/** The weights of what is said and what is shown: by hand, or as the chosen mode has them. */
class Slider {
  constructor(form) {
    this.form = form;
    this.range = form.querySelector("[type=range]");
    this.range.closest(".slider").hidden = false;
    this.range.addEventListener("input", () => this.moved());
    this.range.addEventListener("blur", () => { this.moving = false; });
    addEventListener("answered", () => this.place());
    form.addEventListener("filled", () => {
      clearTimeout(this.timer); // what is asked by now has the move with it, or leaves it
      this.moving &&= this.form.elements.vision.value !== "";
    });
    this.place();
    this.speak(Math.round(this.range.value * 100));
  }

  /** The first step of a move is a new entry of the history, those after it replace it. */
  moved() {
    this.form.elements.vision.value = this.range.value;
    for (const mode of this.form.elements.mode) mode.checked = false;
    this.speak(Math.round(this.range.value * 100));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      ask(this.form, { push: !this.moving });
      this.moving = true;
    }, SETTLED_MS);
  }

  /** To the place of a mode; that of the automatic one comes with the answer. */
  follow(mode) {
    clearTimeout(this.timer);
    this.moving = false;
    this.form.elements.vision.value = "";
    if (mode.dataset.vision) this.set(mode.dataset.vision);
  }

  /** To the weights of the answer, unless they were set by hand and may have been moved since. */
  place() {
    const percent = document.querySelector("#answer [data-vision]")?.dataset.vision;
    const { vision, mode } = this.form.elements;
    const fields = new URLSearchParams(location.search);
    this.range.disabled = fields.has("similar") || fields.has("image"); // these look at one thing
    for (const each of mode) each.disabled = this.range.disabled;
    if (percent && vision.value === "") this.set(percent);
    else if (document.activeElement !== this.range && vision.value) this.set(vision.value * 100);
  }

  set(percent) {
    this.range.value = percent / 100;
    this.speak(Math.round(percent));
  }

  speak(percent) {
    const text = `${percent} % shown, ${100 - percent} % said and written`;
    this.range.setAttribute("aria-valuetext", text);
    this.range.title = text;
  }
}

/** The filters close by Esc and by a click elsewhere, and say how many are in use. */
function openAndClose(filters) {
  const summary = filters.querySelector("summary");
  filters.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !filters.open) return;
    event.preventDefault();
    filters.open = false;
    summary.focus();
  });
  addEventListener("click", ({ target }) => {
    if (!target.closest(".controls")) filters.open = false;
  });
  addEventListener("answered", () => {
    summary.querySelector("b")?.remove();
    const { length } = chips();
    if (length) summary.append(" ", Object.assign(document.createElement("b"), { textContent: length }));
  });
}

const chips = () => [...document.querySelectorAll(".narrowing a:not(.clear)")];

/** Backspace removes the chip that has the focus, or from an empty box the last one. */
function removeChips(form, box) {
  bind("Backspace", "Remove a filter: its own chip, or the last one from an empty search box", () => false);
  let removed = null; // the chip whose answer is awaited, and its place
  addEventListener("keydown", (event) => {
    if (event.key !== "Backspace" && event.key !== "Delete") return;
    const chip = event.target.closest?.(".narrowing a");
    const last = event.target === box && !box.value && event.key === "Backspace" && chips().at(-1);
    if (!chip && !last) return;
    event.preventDefault();
    (chip || last).click();
  });
  document.getElementById("answer").addEventListener("click", (event) => {
    const chip = event.target.closest(".narrowing a");
    if (!chip || event.detail) return; // by a pointer: the focus does not matter
    removed = { address: chip.href, place: chips().indexOf(chip) };
  });
  addEventListener("answered", () => {
    const { address, place } = removed ?? {};
    removed = null;
    if (address !== location.href || !mayFocus()) return;
    (chips()[place] ?? chips().at(-1) ?? box).focus();
  });
}
