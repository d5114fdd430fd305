// "2 alike" opens: the scenes that were folded into a hit come right after it, and fold again.

import { alarmOf, askElements } from "./server.js";

const answer = document.getElementById("answer");
const OPENED = "[data-alike][aria-expanded=true]";
let pending = new AbortController();

export function start() {
  if (!answer) return;
  answer.addEventListener("focusin", ({ target }) => {
    if (target.matches("[data-alike]:not([aria-expanded])")) target.ariaExpanded = false;
  });
  answer.addEventListener("click", (event) => {
    const link = event.target.closest("[data-alike]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (link.matches(OPENED)) fold(link);
    else open(link);
  });
  addEventListener("asked", () => {
    pending.abort();
    pending = new AbortController();
  });
}

/** The ids of the hits whose folded scenes are shown. */
export const opened = () => [...answer.querySelectorAll(OPENED)].map((link) => hitOf(link).id);

/** Shows again what was folded into hits. */
export async function openAgain(ids) {
  const hits = ids.map((id) => document.getElementById(id));
  const links = hits.map((hit) => hit?.parentElement.querySelector("[data-alike]"));
  await Promise.all(links.filter(Boolean).map(open));
}

const hitOf = (link) => link.parentElement.querySelector(".hit");

async function open(link) {
  if (link.ariaBusy) return;
  const { signal } = pending;
  link.ariaBusy = true;
  link.parentElement.querySelector(".problem")?.remove();
  try {
    const page = await askElements(link.getAttribute("href"), signal);
    if (signal.aborted) return;
    const folded = [...page.querySelectorAll("#hits > li:has(> .hit)")];
    for (const item of folded) item.classList.add("alike");
    link.parentElement.after(...folded);
    link.items = folded;
    link.ariaExpanded = true;
  } catch (error) {
    if (error.name !== "AbortError") link.after(alarmOf(error));
  } finally {
    link.ariaBusy = null;
  }
}

function fold(link) {
  for (const item of link.items) item.remove();
  link.ariaExpanded = false;
}
