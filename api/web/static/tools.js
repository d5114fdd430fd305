// What can be done with a hit: mark it as right or wrong, find similar scenes, search with a part
// of its picture. The tools are one element that moves to the hit that is pointed at or has the
// focus, and another in the player, for the hit that plays or for a video alone.

import { clock } from "./clock.js";
import { choosePart } from "./crop.js";
import { hits, playingHit, withHit } from "./hits.js";
import { bind } from "./keys.js";
import { forget, keep } from "./marks.js";
import { foldEasily } from "./menus.js";
import { say } from "./notice.js";
import { searchWith } from "./pictures.js";
import { mayFocus, question, show } from "./results.js";

const template = document.getElementById("tools");
const answer = document.getElementById("answer");
const player = document.querySelector("moment-player");

export function start() {
  if (!template) return;
  const playing = newTools();
  if (!answer) {
    offer(playing);
    player.bar.append(playing);
    return;
  }
  const near = newTools();
  answer.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "touch") move(near, event.target.closest("li"));
  });
  answer.addEventListener("focusin", (event) => {
    if (event.target.matches(".hit:focus-visible")) move(near, event.target.parentElement);
  });
  answer.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-forget]"); // its link leads to the search without
    if (!chip || !isPlain(event)) return;
    event.preventDefault();
    takeBack(queryOf(question()), chip.dataset.forget, () => show(chip.getAttribute("href")));
  });
  for (const name of ["play", "seeking", "loadstart"]) {
    player.addEventListener(name, () => stay(playing), true); // they do not bubble
  }
  addEventListener("answered", () => offer(playing));
  bindKeys();
}

function bindKeys() {
  const [firstLink] = template.content.querySelectorAll("[data-by]");
  if (firstLink) bind("s", "Similar scenes", withHit((hit) => similar(hit, firstLink.dataset.by), "S"), "Hits");
  bind("+", "Right: more like this hit", withHit((hit) => judge(hit, "like"), "+"), "Hits");
  bind("-", "Wrong: less like this hit", withHit((hit) => judge(hit, "unlike"), "-"), "Hits");
}

function newTools() {
  const tools = template.content.firstElementChild.cloneNode(true);
  tools.addEventListener("click", (event) => {
    const tool = event.target.closest("[data-judge], [data-by], [data-part]");
    if (!tool || !isPlain(event)) return;
    event.preventDefault();
    event.stopPropagation(); // the list of hits follows links, too
    const { judge: mark, by } = tool.dataset;
    if (mark) judge(tools.hit, mark);
    else if (by) similar(tools.hit, by);
    else searchWithPart(tools);
  });
  const menu = tools.querySelector("details");
  if (menu) foldEasily(menu);
  return tools;
}

/** Brings the tools to a hit, unless somebody is at them with the keyboard. */
function move(tools, place) {
  const hit = place?.querySelector(":scope > .hit[data-video]");
  if (!hit || (tools.hit === hit && tools.isConnected)) return;
  if (tools.querySelector(":focus-visible")) return;
  tools.hit = hit;
  offer(tools);
  hit.after(tools);
}

/** Brings the tools into the player, for the hit that plays. */
function stay(tools) {
  const hit = playingHit();
  if (!hit || tools.hit === hit) return;
  tools.hit = hit;
  offer(tools);
  if (!tools.isConnected) player.bar.append(tools);
}

/** Shows what can be done with the tools' hit; of a video alone, a part can be searched with. */
function offer(tools) {
  const { hit } = tools;
  tools.setAttribute("aria-label", hit ? `Tools for ${hit.getAttribute("aria-label")}` : "Tools");
  for (const button of tools.querySelectorAll("[data-judge]")) button.hidden = !hit || !isJudged();
  const menu = tools.querySelector("details");
  if (menu) Object.assign(menu, { hidden: !hit, open: false });
  if (!hit) return;
  for (const link of tools.querySelectorAll("[data-by]")) {
    link.href = similarTo(hit, link.dataset.by);
  }
  tools.querySelector("[data-part]").hidden = !hit.querySelector("img");
}

/** Whether a click asks for the thing itself, not for another tab or window. */
const isPlain = ({ ctrlKey, metaKey, shiftKey }) => !ctrlKey && !metaKey && !shiftKey;
const nameOf = (hit) => `${hit.querySelector("b").textContent}, ${clock(hit.dataset.start)}`;
const queryOf = (address) => new URLSearchParams(address.search).get("q") ?? "";
const similarTo = (hit, by) => `/?similar=${hit.dataset.scene}&by=${by}`;

/** Whether hits can be marked: marks bend what was asked in words, and nothing else. */
function isJudged() {
  const { searchParams: asked } = question();
  return asked.has("q") && !["similar", "image", "then"].some((name) => asked.get(name));
}

async function similar(hit, by) {
  hit.focus({ preventScroll: true }); // so that Back leads to it
  if ((await show(similarTo(hit, by))) && mayFocus()) document.getElementById("about")?.focus();
}

/** Searches with a part of what the player shows, or else of a hit's still. */
async function searchWithPart(tools) {
  const { hit } = tools; // they may move on when the dialog closes over another hit
  const { video } = player;
  const isPlaying = player.contains(tools) && video.videoWidth > 0;
  if (isPlaying) video.pause();
  const source = isPlaying ? video : hit?.querySelector("img").src;
  if (!source) return say("There is no picture yet: wait until the video has loaded.");
  const chosen = await choosePart(source);
  if (!chosen) return;
  hit?.focus({ preventScroll: true });
  searchWith(chosen, "This part");
}

/** Marks a hit as right ("like") or wrong ("unlike") for what was asked, and asks again. */
async function judge(hit, mark) {
  if (!isJudged()) {
    say("Only hits of a search in words can be marked as right or wrong.");
    return;
  }
  const bent = question();
  const before = bent.pathname + bent.search;
  const { scene } = hit.dataset;
  if (bent.searchParams.has(mark, scene)) return; // a key pressed twice, before the hit is gone
  const stood = ["like", "unlike"].find((name) => bent.searchParams.has(name, scene));
  for (const name of ["like", "unlike"]) bent.searchParams.delete(name, scene);
  bent.searchParams.append(mark, scene);
  const query = queryOf(bent);
  hit.focus({ preventScroll: true });
  const asked = show(bent.pathname + bent.search).then((isThere) => {
    if (!isThere) return;
    history.replaceState({ ...history.state, marked: scene }, "");
    if (mayFocus()) hits()[0]?.focus({ preventScroll: true });
  });
  const [fault] = await Promise.all([keep(query, mark, scene), asked]);
  if (!fault && location.search !== bent.search) return; // something else is asked by now
  const done = `Marked as ${mark === "like" ? "right" : "wrong"}: ${nameOf(hit)}.`;
  say(fault ? `This search is bent, but the mark is not kept: ${fault}` : done, {
    undo: () => takeBack(query, scene, () => {
      if (history.state?.marked === scene) history.back();
      else show(before);
    }, stood),
  });
}

/** Takes a mark back, to the one that stood before if there was one, and goes on to that search,
 * unless something else is asked meanwhile. */
async function takeBack(query, scene, goOn, stood) {
  const { search } = location;
  const fault = await (stood ? keep(query, stood, scene) : forget(query, scene));
  if (fault) say(`The mark is still kept: ${fault}`);
  else if (location.search === search) goOn();
}
