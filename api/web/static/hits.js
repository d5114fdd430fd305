// The hits on a page: links of class "hit", in their order.

/** All links that lead to a moment, but for those that are folded away. */
export const hits = () =>
  [...document.querySelectorAll(".hit[data-video]")].filter((hit) => !hit.closest("details:not([open]), [hidden]"));

/** The hit that keys and tools are about: the focused one, or else the one that plays. */
export function currentHit() {
  return document.activeElement?.closest(".hit[data-video]") ?? playingHit();
}

/** The hit that plays. */
export const playingHit = () => document.querySelector(".hit[aria-current]");

/** The hit that comes `step` places after the current one; without one, the first. */
export function neighbour(step) {
  const all = hits();
  const at = all.indexOf(playingHit() ?? currentHit());
  return at < 0 ? all[0] : all[at + step];
}
