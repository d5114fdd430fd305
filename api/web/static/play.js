// Playing a hit in place: the address says which (#s45), Back closes the player.

import { remember } from "./results.js";

export function start() {
  const player = document.querySelector("moment-player");
  const answer = document.getElementById("answer");
  if (!player || !answer) return;
  answer.addEventListener("click", (event) => {
    const hit = event.target.closest(".hit[data-video]");
    if (!hit || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    remember();
    history.pushState({}, "", `#${hit.id}`);
    open(hit);
  });
  addEventListener("cameback", () => {
    const hit = location.hash && document.getElementById(location.hash.slice(1));
    if (hit) open(hit);
    else player.close();
  });

  function open(hit) {
    document.querySelector(".hit[aria-current]")?.removeAttribute("aria-current");
    hit.setAttribute("aria-current", "true");
    player.open({ ...hit.dataset, address: hit.getAttribute("href") });
  }
}
