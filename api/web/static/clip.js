// "Clip": the moment that plays as a file of its own.

import { tenths } from "./clock.js";
import { foldEasily } from "./menus.js";
import { say } from "./notice.js";
import { save } from "./saving.js";

export function start() {
  const player = document.querySelector("moment-player");
  if (!player) return;
  const menu = player.querySelector(".clip");
  foldEasily(menu);
  menu.addEventListener("toggle", () => {
    const { start, end } = player.moment;
    menu.querySelector(".span").textContent = `${tenths(start)} to ${tenths(end)}`;
    for (const link of menu.querySelectorAll("a")) link.href = addressOf(player, link.dataset.kind);
  });
  menu.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    menu.open = false;
    menu.querySelector("summary").focus();
    make(link.getAttribute("href"));
  });
}

function addressOf(player, kind) {
  const { start, end } = player.moment;
  const fields = new URLSearchParams({ from_s: round(start), to_s: round(end) });
  if (kind === "fast") fields.set("kind", "fast");
  if (player.sources.sound) fields.set("sound", player.sources.sound); // the track that is heard
  return `/videos/${player.dataset.video}/clip.mp4?${fields}`;
}

const round = (seconds) => Number(seconds.toFixed(3));

async function make(address) {
  const making = new AbortController();
  say("The clip is being made …", { offer: ["Cancel", () => making.abort()] });
  try {
    const { name, headers } = await save(address, { signal: making.signal }, () => {});
    const early = Number(headers.get("X-Clip-Starts-Earlier-S"));
    say(`Saved: ${name}${early >= 0.05 ? `, which begins ${early.toFixed(1)} s earlier` : ""}`);
  } catch (error) {
    if (error.name !== "AbortError") say(`There is no clip: ${error.message}`, { offer: ["Try again", () => make(address)] });
  }
}
