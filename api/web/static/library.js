// The library: its list answers the form as one types; more videos come below; spaces are counted
// after the page is there; what jobs add or take away shows by itself. The address says which videos
// are asked for; the history's state says how many of them were shown, and where the page stood.

import { follow } from "./events.js";
import { fill } from "./fields.js";
import { alarmOf, askElements } from "./server.js";
import { renewStanding } from "./standing.js";
import "./tags.js";

const TYPING_MS = 250;
const RENEW_MS = 2000;
const form = document.getElementById("filter");
const list = document.getElementById("videos");
let pending = new AbortController();
let typing;
let renewing;

export function start() {
  for (const link of document.querySelectorAll("a[data-fragment]")) count(link);
  if (list) followJobs();
  if (!form || !list) return;
  form.querySelector("button").hidden = true; // the list follows the form by itself
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask({ push: true });
  });
  form.addEventListener("change", (event) => {
    if (event.target.name !== "q") ask({ push: true });
  });
  form.addEventListener("input", (event) => {
    if (event.target.name !== "q") return;
    clearTimeout(typing);
    typing = setTimeout(ask, TYPING_MS, { push: false });
  });
  list.addEventListener("click", followed);
  history.scrollRestoration = "manual"; // rows have their height only once they are seen
  addEventListener("scrollend", remember); // what is kept at pagehide alone is lost by a reload
  addEventListener("pagehide", remember);
  restore(history.state);
  addEventListener("popstate", () => {
    fill(form, new URLSearchParams(location.search));
    restore(history.state, { always: true });
  });
}

const rows = () => [...list.querySelectorAll(".videos > li")];

/** Keeps in the history how many videos are shown, at which of them somebody leaves the page, and
 * where it stands. */
function remember() {
  if (list.hasAttribute("aria-busy")) return; // between two lists there is nothing to keep
  const focused = document.activeElement.closest(".videos > li");
  const row = scrollY ? [focused, ...rows()].find(isSeen) : focused;
  const kept = row && { video: row.dataset.video, top: scrollY && topOf(row), hadFocus: row === focused };
  history.replaceState({ shown: rows().length, row: kept }, "");
}

/** The same videos, at the same place, with the same focus. */
async function restore(state, { always = false } = {}) {
  if (always || (state?.shown ?? 0) > rows().length) {
    const address = new URL(location.href);
    if (state?.shown) address.searchParams.set("shown", state.shown);
    if (!(await load(address.pathname + address.search))) return;
  }
  comeBackTo(state?.row);
}

function comeBackTo(kept) {
  scrollTo(0, 0);
  const row = kept && list.querySelector(`.videos > li[data-video="${kept.video}"]`);
  if (!row) return;
  if (kept.hadFocus) row.querySelector(".title").focus({ preventScroll: true });
  if (!kept.top) return; // it stood at its beginning
  list.classList.add("whole"); // places are exact only if every row has been laid out
  scrollBy(0, topOf(row) - kept.top);
  requestAnimationFrame(() => requestAnimationFrame(() => list.classList.remove("whole")));
}

const topOf = (row) => row.getBoundingClientRect().top;
const isSeen = (row) => row && topOf(row) > 0 && topOf(row) < innerHeight;

/** Shows what the form asks for. */
function ask({ push }) {
  clearTimeout(typing);
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value.trim()) fields.append(name, value);
  go(fields.size ? `/library?${fields}` : "/library", push);
}

function go(address, push) {
  if (address === location.pathname + location.search) return;
  if (push) {
    remember();
    history.pushState(null, "", address);
  } else {
    history.replaceState(null, "", address);
  }
  load(address);
}

/** Puts the list of an address in place, and says whether it is there. */
async function load(address) {
  pending.abort();
  pending = new AbortController();
  list.setAttribute("aria-busy", "true");
  try {
    list.replaceChildren(await askElements(address, pending.signal));
  } catch (error) {
    if (error.name === "AbortError") return false;
    list.replaceChildren(alarmOf(error));
  }
  list.removeAttribute("aria-busy");
  tellCount();
  return true;
}

function tellCount() {
  document.getElementById("said").textContent = list.querySelector(".count")?.textContent ?? "";
}

/** Shows the videos that jobs have added, and not those that they have taken away. */
function followJobs() {
  const before = new Map(); // files that were done, by job
  let areAllKnown = false; // the list has what those have done that are told first
  follow({
    job({ id, files }) {
      const now = files.done + files.partial;
      if (now > (before.get(id) ?? (areAllKnown ? 0 : now))) renewSoon();
      before.set(id, now);
    },
    workers() { areAllKnown = true; }, // which come after them
  });
}

function renewSoon() {
  renewing ??= setTimeout(renew, RENEW_MS);
}

async function renew() {
  renewing = null;
  if (!form) {
    if (!document.querySelector(".sending > li")) location.reload(); // these would be lost
    return;
  }
  if (isInUse()) return renewSoon();
  const { signal } = pending;
  const shown = rows().length;
  const address = new URL(location.href);
  if (shown) address.searchParams.set("shown", shown);
  let come;
  try {
    come = await askElements(address.pathname + address.search, signal);
  } catch (error) {
    if (error.title === "No answer") renewSoon();
    return; // or it is refused, or given up for a newer list
  }
  if (signal.aborted) return;
  if (isInUse() || rows().length !== shown) return renewSoon();
  remember();
  list.replaceChildren(come);
  tellCount();
  comeBackTo(history.state?.row);
  await renewStanding();
}

/** Whether somebody edits tags in the list, or more of it is on its way. */
function isInUse() {
  const field = list.contains(document.activeElement) && document.activeElement.matches("input");
  return field || list.querySelector(".more[aria-busy]") !== null;
}

/** Links inside the list that lead to another list: tags, more videos, the beginning. */
function followed(event) {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const address = new URL(link.href);
  if (address.origin !== location.origin || address.pathname !== "/library") return;
  event.preventDefault();
  if (link.matches(".more")) {
    more(link);
    return;
  }
  fill(form, address.searchParams);
  go(address.pathname + address.search, true);
}

/** Puts the next videos below those that are there. */
async function more(link) {
  if (link.hasAttribute("aria-busy")) return;
  link.setAttribute("aria-busy", "true");
  list.querySelector(".pages .problem")?.remove();
  const { signal } = pending;
  try {
    const next = await askElements(link.href, signal);
    if (signal.aborted) return;
    const added = [...next.querySelectorAll(".videos > li")];
    list.querySelector(".videos").append(...added);
    if ([link, document.body].includes(document.activeElement)) added[0]?.querySelector(".title").focus();
    const following = next.querySelector(".more");
    if (following) link.replaceWith(following);
    else link.remove();
    remember();
  } catch (error) {
    if (error.name === "AbortError") return;
    link.removeAttribute("aria-busy"); // to be clicked again
    link.after(alarmOf(error));
  }
}

/** What takes the server long to count comes when the page is there. */
async function count(link) {
  const place = document.querySelector(link.dataset.fragment);
  const told = link.closest("p");
  told.setAttribute("role", "status");
  told.textContent = "Counting how complete they are …";
  try {
    place.replaceChildren(await askElements(link.href));
  } catch (error) {
    told.replaceChildren(link);
    told.after(alarmOf(error));
  }
}
