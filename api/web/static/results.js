// The search form and the list of hits: an answer replaces the one before without a new page.
//
// The server renders hits; this fetches them as HTML and puts them in place. The address says what
// is asked; the history's state says how much of the answer was shown, and which hit had the focus.

import { openAgain, opened } from "./alike.js";
import { addressOf, fill } from "./fields.js";
import { alarmOf, askElements, askHtml } from "./server.js";

const form = document.getElementById("search");
const answer = document.getElementById("answer");
let pending = new AbortController();
const HITS = "li:not(.alike) > .hit"; // without what was folded into others
let asked = here(); // what the hits on the page answer, or are to answer
let answered = asked; // what they do answer

export function start() {
  if (!answer) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(addressOf(form));
  });
  answer.addEventListener("click", followed);
  answer.addEventListener("focusin", remember);
  addEventListener("scrollend", remember);
  addEventListener("popstate", comeBack);
  addEventListener("pagehide", remember);
  history.scrollRestoration = "manual";
  watchForEnd();
  restore(history.state);
}

function here() {
  return location.pathname + location.search;
}

/** The question on the page; while other words are asked, that which was answered. */
export function question() {
  const [now, before] = [here(), answered].map((address) => new URL(address, location.origin));
  return now.searchParams.get("q") === before.searchParams.get("q") ? now : before;
}

/** Asks what an address asks, as a new entry of the history or instead of the present one; says
 * whether its answer is there: a newer question gives up the one before. */
export async function show(address, { push = true } = {}) {
  remember();
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  fill(form, new URLSearchParams(location.search));
  if (push) scrollTo(0, 0);
  return load(address);
}

async function load(address) {
  asked = here();
  pending.abort();
  pending = new AbortController();
  const { signal } = pending;
  dispatchEvent(new CustomEvent("asked"));
  answer.setAttribute("aria-busy", "true");
  const byKeys = answer.querySelector(":focus-visible"); // which goes with the old answer
  try {
    answer.innerHTML = (await askHtml(address, signal)).html;
  } catch (error) {
    if (error.name === "AbortError") return false;
    fail(error);
  }
  answered = asked;
  answer.removeAttribute("aria-busy");
  document.title = [new URLSearchParams(location.search).get("q"), "sceneseek"].filter(Boolean).join(" · ");
  document.getElementById("said").textContent = answer.querySelector(".count")?.textContent ?? "";
  if (byKeys && document.activeElement === document.body) answer.querySelector(".hit, a")?.focus({ preventScroll: true });
  watchForEnd();
  dispatchEvent(new CustomEvent("answered"));
  return true;
}

/** A message in the place of the hits, with a way to ask again. */
function fail({ title, message: detail }) {
  const message = document.createElement("section");
  message.className = "empty failed";
  message.setAttribute("role", "alert");
  for (const [tag, text] of [["h1", title], ["p", detail], ["a", "Try again"]]) {
    message.appendChild(document.createElement(tag)).textContent = text;
  }
  message.lastChild.href = location.href;
  answer.replaceChildren(message);
}

function followed(event) {
  const link = event.target.closest("a");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const address = new URL(link.href);
  if (event.button || address.origin !== location.origin || address.pathname !== "/") return;
  event.preventDefault();
  if (link.closest(".failed")) restore(history.state, { always: true }); // as Back or show would have
  else if (!link.matches(".more")) show(address.pathname + address.search);
  else if (answer.querySelector(".next")) more();
  else longer(link);
}

// More hits, when the end of the list comes near.

const end = new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) more();
}, { rootMargin: "700px" });

function watchForEnd() {
  end.disconnect();
  const next = answer.querySelector(".next");
  if (!next) return; // that was all, or there are no pages
  answer.querySelector(".more").hidden = true;
  next.hidden = false;
  end.observe(next);
}

async function more() {
  const next = answer.querySelector(".next");
  if (!next || next.dataset.asked) return;
  next.dataset.asked = "yes";
  const { signal } = pending;
  try {
    const hits = await askElements(next.dataset.url, signal);
    if (signal.aborted) return;
    if (answer.querySelector(".line")) hits.querySelector(".line")?.remove();
    next.replaceWith(hits);
    watchForEnd();
  } catch (error) {
    if (error.name === "AbortError") return;
    delete next.dataset.asked;
    answer.querySelector(".more").hidden = false; // to be tried again by hand
  }
}

/** More of what has no pages: from the same list with more hits, those that are not there yet. */
async function longer(link) {
  const { signal } = pending;
  try {
    const page = await askElements(link.getAttribute("href"), signal);
    if (signal.aborted) return;
    const list = document.getElementById("hits");
    const added = [...page.querySelectorAll("#hits > li")].slice(list.childElementCount);
    list.append(...added);
    link.replaceWith(page.querySelector("#hits + *") ?? "");
    if (mayFocus()) added[0]?.querySelector(".hit")?.focus();
  } catch (error) {
    if (error.name !== "AbortError") link.after(alarmOf(error)); // to be clicked again
  }
}

// Back and reload: the same hits, at the same place, with the same focus.

/** Keeps in the history how much is shown, and where the page stands, before it changes. */
export function remember() {
  if (answer.matches("[aria-busy]") || answer.querySelector(".failed")) return; // no hits: no place
  const state = {
    shown: answer.querySelectorAll(HITS).length,
    opened: opened(),
    top: scrollY,
    focused: document.activeElement?.closest(".hit")?.id ?? null,
    nearest: document.getElementById("nearest")?.open ?? false,
  };
  history.replaceState({ ...history.state, ...state }, "");
}

async function comeBack() {
  const isOther = here() !== asked; // or else only the player opens or closes
  if (isOther) fill(form, new URLSearchParams(location.search));
  await restore(history.state, { always: isOther });
}

async function restore(state, { always = false } = {}) {
  const left = always ? document.activeElement : null;
  const shown = answer.querySelectorAll(HITS).length;
  if (always || (state?.shown ?? 0) > shown) {
    const address = new URL(location.href);
    if (state?.shown) address.searchParams.set("shown", state.shown);
    if (!(await load(address.pathname + address.search))) return;
  }
  if (state?.nearest) document.getElementById("nearest")?.setAttribute("open", "");
  const { signal } = pending;
  await openAgain(state?.opened ?? []);
  if (signal.aborted) return;
  dispatchEvent(new CustomEvent("cameback")); // the player opens or closes before the page scrolls
  if (!state) return;
  answer.classList.add("whole"); // places are exact only if every hit above has been laid out
  if (mayFocus(left)) document.getElementById(state.focused)?.focus({ preventScroll: true });
  scrollTo(0, state.top ?? 0);
  requestAnimationFrame(() => requestAnimationFrame(() => answer.classList.remove("whole")));
}

/** Whether the focus is where it was `left`, or where it is of no use: who has gone into the box
 *  meanwhile types there. */
export function mayFocus(left = null) {
  const now = document.activeElement;
  return now === left || now === document.body || now.closest("#answer, moment-player") !== null;
}
