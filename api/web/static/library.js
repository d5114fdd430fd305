// The library: its list answers the form as one types; more videos come below; spaces are counted
// after the page is there. What changes comes from the server as HTML.

import { fill } from "./fields.js";
import "./tags.js";

const FRAGMENT = { headers: { "X-Fragment": "1" } };
const TYPING_MS = 250;
const MAX_SHOWN = 2000; // that an address brings back at once
const form = document.getElementById("filter");
const list = document.getElementById("videos");
let pending = new AbortController();
let typing;

export function start() {
  for (const link of document.querySelectorAll("a[data-fragment]")) count(link);
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
  addEventListener("pagehide", remember);
  comeBack(history.state?.row);
  addEventListener("popstate", () => {
    fill(form, new URLSearchParams(location.search));
    load(location.pathname + location.search);
  });
}

/** Keeps in the history at which video somebody leaves the page, and where it stands. */
function remember() {
  const focused = document.activeElement.closest(".videos > li");
  const rows = [focused, ...list.querySelectorAll(".videos > li")];
  const row = scrollY ? rows.find(isSeen) : focused;
  if (!row) return;
  const kept = { video: row.dataset.video, top: scrollY && topOf(row), hadFocus: row === focused };
  history.replaceState({ ...history.state, row: kept }, "");
}

function comeBack(kept) {
  const row = kept && list.querySelector(`.videos > li[data-video="${kept.video}"]`);
  if (!row) return;
  if (kept.hadFocus) row.querySelector(".title").focus({ preventScroll: true });
  if (!kept.top) return; // the page stood at its beginning
  const settle = () => scrollBy(0, topOf(row) - kept.top);
  settle();
  requestAnimationFrame(settle); // the rows around it have their height now
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
  if (push) history.pushState({}, "", address);
  else history.replaceState(history.state, "", address);
  load(address);
}

async function load(address) {
  pending.abort();
  pending = new AbortController();
  list.setAttribute("aria-busy", "true");
  try {
    list.replaceChildren(...(await fragment(address, pending.signal)).childNodes);
  } catch (error) {
    if (error.name === "AbortError") return;
    list.replaceChildren(alarm(error));
  }
  list.removeAttribute("aria-busy");
  document.getElementById("said").textContent = list.querySelector(".count")?.textContent ?? "";
}

/** The HTML of an address; an error page, of the server or of one before it, is thrown. */
async function fragment(address, signal) {
  const response = await fetch(address, { ...FRAGMENT, signal });
  const { body } = new DOMParser().parseFromString(await response.text(), "text/html");
  const main = body.querySelector("main");
  if (main || response.status >= 500) throw new Error(main?.querySelector("p")?.textContent ?? response.statusText);
  return body;
}

/** Why something is not there, in words. */
function alarm(error) {
  const told = document.createElement("p");
  told.className = "problem";
  told.setAttribute("role", "alert");
  told.textContent = error instanceof TypeError ? "The server cannot be reached: is it still running?" : error.message;
  return told;
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

/** Puts the next videos below those that are there; the address then brings all of them back. */
async function more(link) {
  if (link.hasAttribute("aria-busy")) return;
  link.setAttribute("aria-busy", "true");
  list.querySelector(".pages .problem")?.remove();
  const { signal } = pending;
  try {
    const next = await fragment(link.href, signal);
    if (signal.aborted) return;
    const videos = list.querySelector(".videos");
    const added = [...next.querySelectorAll(".videos > li")];
    videos.append(...added);
    added[0]?.querySelector(".title").focus();
    const following = next.querySelector(".more");
    if (following) link.replaceWith(following);
    else link.remove();
    const address = new URL(location.href);
    address.searchParams.set("shown", Math.min(videos.children.length, MAX_SHOWN));
    history.replaceState(history.state, "", address);
  } catch (error) {
    if (error.name === "AbortError") return;
    link.removeAttribute("aria-busy"); // to be clicked again
    link.after(alarm(error));
  }
}

/** What takes the server long to count comes when the page is there. */
async function count(link) {
  const place = document.querySelector(link.dataset.fragment);
  const told = link.closest("p");
  told.setAttribute("role", "status");
  told.textContent = "Counting how complete they are …";
  try {
    place.replaceChildren(...(await fragment(link.href)).childNodes);
  } catch (error) {
    told.replaceChildren(link);
    told.after(alarm(error));
  }
}
