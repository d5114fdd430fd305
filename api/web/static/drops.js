// What is dropped on a page: a picture is searched with, recordings are added to the library. Where
// the page is about adding, that happens at once; elsewhere it is offered.

import { filesOf, isRecording } from "./dropped.js";
import { say } from "./notice.js";
import { searchWith } from "./pictures.js";
import { counted } from "./words.js";

export function start() {
  if (!document.querySelector(".query-picture")) return;
  const veil = document.createElement("div");
  veil.className = "drop";
  veil.hidden = true;
  document.body.append(veil);
  let isOwn = false; // a link or still of this page, dragged by mistake or to another window
  addEventListener("dragstart", () => { isOwn = true; });
  addEventListener("dragend", () => { isOwn = false; });
  addEventListener("dragover", (event) => {
    if (isOwn || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    veil.textContent = promise(event.dataTransfer);
    veil.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true; // it left the window
  });
  addEventListener("drop", async (event) => {
    veil.hidden = true;
    if (isOwn || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    take(await filesOf(event.dataTransfer));
  });
}

const mayAdd = () => document.getElementById("adding") !== null;
const isAboutAdding = () => document.getElementById("uploads") !== null;

/** What becomes of the files that somebody is about to drop, as far as their types tell. */
function promise({ items }) {
  const isPicture = items.length > 0 && [...items].every(({ type }) => type.startsWith("image/"));
  if (!mayAdd() || (isPicture && !isAboutAdding())) return "Drop a picture to search with it";
  return "Drop videos to add them to the library";
}

function take(files) {
  if (!files.length) return say("There is no video or sound file in it.");
  if (isAboutAdding()) return add(files);
  const recordings = files.filter(isRecording);
  if (!mayAdd() || !recordings.length) {
    const file = files.find(({ type }) => type.startsWith("image/")) ?? files[0];
    return searchWith(file, file.name);
  }
  const what = recordings.length > 1 ? counted(recordings.length, "recording") : `“${recordings[0].name}”`;
  const name = "Add to the library";
  say(`${what}: add ${recordings.length > 1 ? "them" : "it"} to the library?`, { offer: [name, () => add(recordings)] });
}

async function add(files) {
  const { add: send, start: fit } = await import("./uploads.js");
  fit();
  send(files);
}
