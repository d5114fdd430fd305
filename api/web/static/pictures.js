// Searching with a picture: pasted, chosen, dropped on the page (drops.js), or a part of one. It is
// sent to the server, which names it; the address holds the name, and so do links to it.

import { choosePart } from "./crop.js";
import { isField } from "./keys.js";
import { say } from "./notice.js";
import { show } from "./results.js";
import { send } from "./server.js";

const MAX_MIB = 16;
const KINDS = "JPEG, PNG, WebP or BMP";
const answer = document.getElementById("answer");
const form = document.querySelector("form.search");
const chip = form?.querySelector(".query-picture");
const chooser = document.createElement("input"); // lives as long as the page, or Safari drops it
let sending = new AbortController();

export function start() {
  if (!chip) return;
  takeChosen(form.querySelector(".choose-picture"));
  addEventListener("paste", takePasted);
  if (!answer) return;
  chip.querySelector("a").addEventListener("click", (event) => {
    event.preventDefault();
    leavePicture();
  });
  answer.addEventListener("click", async (event) => {
    const address = event.target.closest("[data-part]")?.dataset.part;
    if (!address) return;
    const part = await choosePart(address);
    if (part) searchWith(part, "This part");
  });
  addEventListener("asked", () => sending.abort()); // the newer question is the one that is meant
  form.addEventListener("filled", ({ detail }) => showPicture(detail.get("image")));
  addEventListener("answered", leaveLost);
  showPicture(new URLSearchParams(location.search).get("image"));
  leaveLost();
}

/** Sends a picture, and searches with it; `name` is what faults call it. */
export async function searchWith(picture, name) {
  const fault = faultOf(picture, name);
  if (fault) return say(fault);
  sending.abort();
  sending = new AbortController();
  const { signal } = sending;
  say("Sending the picture…");
  let sent;
  try {
    sent = await send("/search/pictures", { method: "POST", body: picture, signal });
  } catch (error) {
    if (error.name !== "AbortError") say(`${name} cannot be searched with: ${error.message}`);
    return;
  }
  if (!signal.aborted) await ask(new URL(sent.url, location.origin));
}

/** What speaks against sending a file at all; the server looks at what is in it. */
function faultOf({ type, size }, name) {
  if (type && !type.startsWith("image/")) {
    return `${name} is no picture: choose a ${KINDS} file.`;
  }
  if (size > MAX_MIB * 2 ** 20) {
    const mib = Math.ceil(size / 2 ** 20);
    return `${name} has ${mib} MiB, a picture to search with at most ${MAX_MIB}: make it smaller.`;
  }
  return null;
}

/** Searches with a picture that the server knows. Words that were typed, but not searched yet,
 * stand beside it; those of the search before do not. */
async function ask(address) {
  const box = form.elements.q;
  const before = new URLSearchParams(location.search).get("q") ?? "";
  if (box.value.trim() === before.trim()) box.value = "";
  if (box.value.trim()) address.searchParams.set("q", box.value);
  if (!answer) return location.assign(address);
  const isThere = await show(address.pathname + address.search);
  if (isThere && document.activeElement === document.body) document.getElementById("about")?.focus();
}

function leavePicture() {
  const address = new URL(location.href);
  address.searchParams.delete("image");
  show(address.pathname + address.search);
  form.elements.q.focus();
}

/** Shows in the form the picture that is asked with, also before the answer is there. */
function showPicture(key) {
  const field = form.elements.image;
  field.value = key ?? "";
  field.disabled = !key;
  chip.hidden = !key;
  if (key) chip.querySelector("img").src = `/search/pictures/${key}.jpg`;
}

/** A picture that the server has no more does not go on to the next question. */
function leaveLost() {
  if (answer.querySelector(".problem") && !answer.querySelector("[data-image]")) showPicture(null);
  for (const button of answer.querySelectorAll("[data-part]")) button.hidden = false;
}

function takeChosen(button) {
  chooser.type = "file";
  chooser.accept = "image/jpeg,image/png,image/webp,image/bmp";
  chooser.addEventListener("change", () => {
    const [file] = chooser.files;
    if (file) searchWith(file, file.name);
    chooser.value = ""; // the same file may be chosen again
  });
  button.hidden = false;
  button.addEventListener("click", () => chooser.click());
}

function takePasted(event) {
  const { files } = event.clipboardData;
  const isText = isField(event.target) && event.clipboardData.getData("text/plain");
  if (!files.length || isText) return;
  event.preventDefault();
  searchWith(files[0], "The pasted picture");
}
