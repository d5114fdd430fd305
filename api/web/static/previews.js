// Stills of a hit's own span: under a pointer that moves over its still, and with the focus.
//
// One element moves into the card that they are about. What cannot be had is not missed: the
// card's own still stays.

import { clock } from "./clock.js";
import { draw, sheetOf, tileAt, tilesOf } from "./tiles.js";

const PATIENCE_MS = 150; // who only passes over a card asks for nothing
const NUM_STEPS = 5;
const STEP_MS = 900; // all in all less than five seconds, after which nothing may move by itself

const shown = document.createElement("span");
shown.className = "scrub";
shown.setAttribute("aria-hidden", "true");
shown.innerHTML = "<canvas></canvas><time></time><progress max=1></progress>";
const [canvas, time, progress] = shown.children;

let hit = null; // whose stills are shown, or asked for
let tiles = [];
let part = null; // where the pointer is on the still, from 0 to 1
let given = new AbortController();

export function start() {
  document.addEventListener("pointerover", ({ target, pointerType }) => {
    const over = pointerType === "touch" ? null : hitAt(target);
    if (over === hit) return;
    leave();
    if (over) stay(over);
  });
  document.documentElement.addEventListener("pointerleave", leave);
  document.addEventListener("pointermove", moved);
  document.addEventListener("focusin", ({ target }) => {
    const focused = target.matches(".hit:focus-visible") && hitAt(target);
    if (!focused || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    leave();
    stay(focused, stepThrough);
  });
  document.addEventListener("focusout", leave);
}

/** The hit that an element is of, if it has a still. */
function hitAt(element) {
  const found = element.closest?.(".hit[data-video]");
  return found?.querySelector(":scope > img") ? found : null;
}

async function stay(over, then = show) {
  hit = over;
  given = new AbortController();
  const { signal } = given;
  try {
    await pause(PATIENCE_MS, signal);
    tiles = await tilesOf(over.dataset.video, signal);
    await then(signal);
  } catch {
    if (!signal.aborted) shown.remove();
  }
}

function leave() {
  given.abort();
  shown.remove();
  hit = null;
  tiles = [];
  part = null;
}

function moved(event) {
  if (!hit || event.pointerType === "touch") return;
  const still = hit.querySelector(":scope > img").getBoundingClientRect();
  const inside = event.clientY >= still.top && event.clientY <= still.bottom;
  part = inside ? Math.min(Math.max((event.clientX - still.left) / still.width, 0), 1) : null;
  if (part === null) shown.remove();
  else show(given.signal).catch(() => shown.remove());
}

async function stepThrough(signal) {
  for (let step = 0; step < NUM_STEPS; step++) {
    part = (step + 0.5) / NUM_STEPS;
    await show(signal);
    await pause(STEP_MS, signal);
  }
  shown.remove();
}

/** Shows the still at `part` of the hit's span. */
async function show(signal) {
  if (part === null || !tiles.length) return;
  const wanted = part;
  const [from, to] = [Number(hit.dataset.start), Number(hit.dataset.end)];
  const at = from + wanted * (to - from);
  const tile = tileAt(tiles, at);
  const sheet = await sheetOf(tile, signal);
  if (signal.aborted || part !== wanted) return; // the pointer has gone on
  draw(canvas, sheet, tile);
  time.textContent = clock(at);
  progress.value = wanted;
  if (shown.parentElement !== hit) hit.append(shown);
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
