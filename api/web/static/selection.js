// The hits that people choose to take along, in the order chosen. They outlast the answers in which
// they were found, and a reload; another tab has its own.

import { hits, withHit } from "./hits.js";
import { bind } from "./keys.js";
import { clock } from "./clock.js";
import { question } from "./results.js";

const NAME = "selection";
const answer = document.getElementById("answer");
const bar = document.querySelector(".taking");
let chosen = read(); // by what they are
let last; // the box that was clicked last: Shift selects from there

export function start() {
  if (!answer) return;
  addBoxes(answer);
  new MutationObserver((changes) => {
    for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) addBoxes(node);
    tell();
  }).observe(answer, { childList: true, subtree: true });
  answer.addEventListener("click", ({ target, shiftKey }) => {
    if (!target.matches(".pick")) return;
    choose(shiftKey && last?.isConnected ? between(last, target) : [hitOf(target)], target.checked);
    last = target;
  });
  bar.addEventListener("click", ({ target }) => {
    const { take } = target.dataset;
    if (take === "all") choose(hits(), true);
    if (take === "none") clear();
  });
  answer.addEventListener("toggle", tell, true); // hits that are folded away are none to take
  bind("x", "Select the hit, or take it back", withHit((hit) => choose([hit], !chosen.has(keyOf(hit))), "X"), "Hits");
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) become(read()); // another page of the tab may have changed it
  });
  tell();
}

/** What is to be taken along: the chosen hits, or where there are none, all that are loaded. */
export function taken() {
  return { isChosen: chosen.size > 0, hits: chosen.size ? [...chosen.values()] : hits().map(factsOf) };
}

const keyOf = ({ dataset: { video, start, end } }) => `${video} ${start} ${end}`;
const hitOf = (box) => box.parentElement.querySelector(":scope > .hit");
const boxOf = (hit) => hit.parentElement.querySelector(":scope > .pick");

function factsOf(hit) {
  const { video, scene, start, end } = hit.dataset;
  const query = question().searchParams.get("q") ?? "";
  const isWeak = hit.closest("li.weak") !== null;
  return { video: Number(video), scene: Number(scene), start: Number(start), end: Number(end), query, isWeak };
}

/** Gives each new hit its box. */
function addBoxes(node) {
  for (const hit of node.querySelectorAll?.(".hit[data-video]") ?? []) {
    if (boxOf(hit)) continue;
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", className: "pick", autocomplete: "off", checked: chosen.has(keyOf(hit)) });
    box.setAttribute("aria-label", `Select ${hit.querySelector("b").textContent}, ${clock(hit.dataset.start)}`);
    hit.after(box);
  }
}

/** The hits from one box to another, in the order of the first to the second. */
function between(from, to) {
  const all = hits();
  const [first, second] = [from, to].map((box) => all.indexOf(hitOf(box)));
  if (first < 0) return [hitOf(to)]; // it was folded away
  const range = all.slice(Math.min(first, second), Math.max(first, second) + 1);
  return first < second ? range : range.reverse();
}

function choose(some, isChosen) {
  for (const hit of some) {
    if (!isChosen) chosen.delete(keyOf(hit));
    else if (!chosen.has(keyOf(hit))) chosen.set(keyOf(hit), factsOf(hit));
    boxOf(hit).checked = isChosen;
  }
  write();
  tell();
}

function clear() {
  become(new Map());
  write();
  bar.querySelector("[data-take=all]").focus(); // the button is gone
}

function become(others) {
  chosen = others;
  for (const box of answer.querySelectorAll(".pick")) box.checked = chosen.has(keyOf(hitOf(box)));
  tell();
}

/** Shows how many are chosen, and what can be done. */
function tell() {
  const isAny = hits().length > 0;
  bar.hidden = !isAny && !chosen.size;
  bar.classList.toggle("any", chosen.size > 0);
  bar.querySelector("[data-take=all]").hidden = !isAny;
  bar.querySelector("[data-take=none]").hidden = !chosen.size;
  const words = chosen.size ? `${chosen.size.toLocaleString("en")} selected` : "";
  const told = bar.querySelector("output");
  if (told.textContent !== words) told.textContent = words;
}

function read() {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(NAME)) ?? []);
  } catch { // a browser that keeps nothing
    return new Map();
  }
}

function write() {
  try {
    sessionStorage.setItem(NAME, JSON.stringify([...chosen]));
  } catch {
    // then it lasts as long as the page
  }
}
