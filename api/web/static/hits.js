// The hits on a page: links of class "hit", in their order.

import { say } from "./notice.js";

/** All links that lead to a moment, but for those that are folded away. */
export const hits = () =>
  [...document.querySelectorAll(".hit[data-video]")].filter((hit) => !hit.closest("details:not([open]), [hidden]"));

/** The hit that keys are about: the one that has the focus, itself or in what stands beside it, or
 * else the one that plays. */
function currentHit() {
  return document.activeElement?.closest("#hits > li")?.querySelector(":scope > .hit[data-video]") ?? playingHit();
}

/** What a key does with a hit: with the current one, or else with the one that is pointed at. */
export function withHit(action, key) {
  return () => {
    const hit = currentHit() ?? document.querySelector("li:hover > .hit[data-video]");
    if (hit) action(hit);
    else say(`Point at a hit, or move to one with Tab, then press ${key}.`);
  };
}

/** The hit that plays. */
export const playingHit = () => document.querySelector(".hit[aria-current]");

/** The hit that comes `step` places after the current one; without one, the first. */
export function neighbour(step) {
  const all = hits();
  const at = all.indexOf(playingHit() ?? currentHit());
  return at < 0 ? all[0] : all[at + step];
}
