// The hits on a page: links of class "hit", in their order.

/** All links that lead to a moment. */
export const hits = () => [...document.querySelectorAll(".hit[data-video]")];

/** The hit that keys and tools are about: the focused one, or else the one that plays. */
export function currentHit() {
  return document.activeElement?.closest(".hit[data-video]")
    ?? document.querySelector(".hit[aria-current]");
}
