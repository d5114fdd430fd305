// Playing a hit in place: the address says which (#s45), Back closes the player.

import { hits, neighbour, playingHit } from "./hits.js";
import { bind, showKeys } from "./keys.js";
import { bindPlayerKeys } from "./player_keys.js";
import { remember } from "./results.js";

export function start() {
  const player = document.querySelector("moment-player");
  if (!player) return;
  bindPlayerKeys(player);
  measureHeader();
  const ways = { keys: showKeys };
  const answer = document.getElementById("answer");
  if (answer) Object.assign(ways, playHits(player, answer));
  player.addEventListener("click", (event) => {
    ways[event.target.closest("[data-do]")?.dataset.do]?.();
  });
  addEventListener("pagehide", () => player.release());
  addEventListener("pageshow", (event) => event.persisted && player.resume());
}

/** Plays the hits of an answer; returns what the buttons of the player do about them. */
function playHits(player, answer) {
  answer.addEventListener("click", (event) => {
    const hit = event.target.closest(".hit[data-video]");
    if (!hit || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    play(hit, event.target.closest(".step")?.dataset.start);
  });
  addEventListener("cameback", follow);
  addEventListener("answered", keepUp);
  const ways = { next: () => step(1), previous: () => step(-1), close: leave };
  bind("Enter", "Play the hit", () => false, "Hits"); // links do it by themselves
  bind("n", "Next hit", ways.next, "Hits");
  bind("p", "Previous hit", ways.previous, "Hits");
  bind("Escape", "Close the player", () => (player.hidden ? false : leave()), "Hits");
  return ways;

  /** Plays a hit, or the rest of it from `start`; the first has a place of its own in the history,
   *  which Back leaves. */
  function play(hit, start) {
    if (playingHit()) {
      history.replaceState(history.state, "", `#${hit.id}`);
    } else {
      hit.focus({ preventScroll: true }); // Safari does not focus links that are clicked
      remember();
      history.pushState({ ...history.state, plays: true }, "", `#${hit.id}`);
    }
    open(hit, start);
    show(hit);
  }

  function step(number) {
    const hit = neighbour(number);
    if (!hit) return player.hidden ? undefined : player.say(number > 0 ? "The last hit" : "The first hit");
    const hadFocus = document.activeElement?.closest(".hit");
    play(hit);
    if (hadFocus) hit.focus({ preventScroll: true });
  }

  /** Brings a hit into view; on a phone the player takes the place of the hits. */
  function show(hit) {
    if (hit.checkVisibility()) return hit.scrollIntoView({ block: "nearest" });
    scrollTo(0, 0);
    player.focus({ preventScroll: true });
  }

  /** With a new answer: a hit of the old one that was clicked meanwhile may not be in it. */
  function keepUp() {
    const hit = location.hash && document.getElementById(location.hash.slice(1));
    if (hit && answer.contains(hit)) return player.hidden || open(hit);
    if (location.hash && !answer.querySelector(".failed")) {
      history.replaceState(null, "", location.pathname + location.search);
    }
    close();
  }

  /** Plays what the address says, or nothing. */
  function follow() {
    const hit = hits().find(({ id }) => `#${id}` === location.hash);
    if (hit) open(hit);
    else close();
  }

  function open(hit, start = hit.dataset.start) {
    playingHit()?.removeAttribute("aria-current");
    hit.setAttribute("aria-current", "true");
    tellPlace(hit);
    const still = hit.querySelector(`[data-start="${start}"] img`) ?? hit.querySelector("img");
    player.open({ ...hit.dataset, start, still: still?.src, address: aroundAddress(hit) });
  }

  /** Closes as Back does; who came by a link to the open player has nothing to go back to. */
  function leave() {
    if (history.state?.plays) return history.back();
    const hit = playingHit();
    history.replaceState(history.state, "", location.pathname + location.search);
    close();
    hit?.focus();
  }

  function close() {
    playingHit()?.removeAttribute("aria-current");
    player.close();
  }
}

/** Which of the hits plays: "Hit 3 of 97", of which not all may have come yet. */
function tellPlace(hit) {
  const all = hits();
  const total = Math.max(document.querySelector("#answer [data-total]")?.dataset.total ?? 0, all.length);
  document.querySelector("moment-player .place").textContent = `Hit ${all.indexOf(hit) + 1} of ${total}`;
}

/** Tells the sheets how high the header is, below which the player sticks. */
function measureHeader() {
  const header = document.querySelector("header");
  const measure = () => {
    const sticks = getComputedStyle(header).position === "sticky";
    document.documentElement.style.setProperty("--header", `${sticks ? header.offsetHeight : 0}px`);
  };
  new ResizeObserver(measure).observe(header);
}

/** What stands around a hit: it also tells why it is one, so it takes the whole search with it. */
function aroundAddress(hit) {
  const address = new URL(hit.href);
  const own = [...address.searchParams.keys()];
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (!own.includes(name)) address.searchParams.append(name, value);
  }
  return address.pathname + address.search;
}
