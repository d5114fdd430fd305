// "Export …": chosen hits, or all that are loaded, as a file for an editor.

import { say } from "./notice.js";
import { save, sizeOf } from "./saving.js";
import { taken } from "./selection.js";

const NOT_MADE = "not made.txt"; // in a zip: which clips there are none of, and why
const dialog = document.querySelector("dialog.export");
let making = null;

export function start() {
  if (!dialog) return;
  const form = dialog.querySelector("form");
  document.querySelector("[data-take=export]").addEventListener("click", () => open(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!making) make(form);
  });
  form.addEventListener("change", () => offer(form));
  form.querySelector(".quit").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => making?.abort());
  addEventListener("pagehide", () => making?.abort());
  offer(form);
}

function open(form) {
  const { isChosen, hits } = taken();
  const number = hits.length.toLocaleString("en");
  const told = isChosen
    ? `${number} selected, in the order chosen.`
    : `Nothing is selected: all hits that are loaded, ${number} of ${totalOf(hits)}.`;
  const numWeak = hits.filter(({ isWeak }) => isWeak).length;
  const weak = numWeak ? ` Weak matches among them: ${numWeak.toLocaleString("en")}.` : "";
  dialog.querySelector(".what").textContent = hits.length
    ? told + weak
    : "Nothing is selected, and no hit is shown: open “Show the nearest”, or select hits of another search.";
  form.elements.title.placeholder = queryOf(hits) || "hits";
  form.querySelector(".primary").disabled = !hits.length;
  tell({});
  dialog.showModal();
}

/** How many hits there are: those that are folded into others are not counted. */
function totalOf(hits) {
  const total = document.querySelector("#answer [data-total]")?.dataset.total ?? 0;
  return Math.max(Number(total), hits.length).toLocaleString("en");
}

/** What all of them were found by, in words; nothing if that differs. */
function queryOf(hits) {
  const [query, ...others] = new Set(hits.map((hit) => hit.query));
  return others.length ? "" : (query ?? "");
}

/** Shows what the chosen format has to do with. */
function offer(form) {
  form.querySelector(".kind").hidden = form.elements.format.value !== "zip";
}

/** What the server is asked for. */
function bodyOf(form) {
  const { format, title, handles_s, kind } = Object.fromEntries(new FormData(form));
  const { hits } = taken();
  const common = queryOf(hits);
  const selections = hits.map(({ video, scene, start, end, query }) => ({
    video_id: video, scene_id: scene, start_s: start, end_s: end, query: common ? undefined : query,
  }));
  return { format, title: title.trim(), query: common, handles_s: Number(handles_s), kind, selections };
}

async function make(form) {
  const body = bodyOf(form);
  const isZip = body.format === "zip";
  const button = form.querySelector(".primary");
  making = new AbortController();
  button.disabled = true;
  tell({ doing: isZip ? "The clips are being made, which may take long …" : "The file is being made …" });
  try {
    const options = {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: making.signal,
    };
    const came = (bytes) => isZip && tell({ doing: `The clips are being made: ${sizeOf(bytes)} so far …` });
    const saved = await save("/exports", options, came);
    making = null;
    await tellSaved(saved, isZip);
  } catch (error) {
    making = null;
    if (error.name !== "AbortError") tell({ fault: error.message });
  } finally {
    button.disabled = false;
  }
}

/** Says that a file is saved, and what the server says of it. */
async function tellSaved({ name, blob, headers }, isZip) {
  const notes = JSON.parse(headers.get("X-Export-Notes") ?? "[]");
  if (isZip && (await blob.slice(-500).text()).includes(NOT_MADE)) {
    notes.push(`Some clips could not be made: “${NOT_MADE}” in the zip says which, and why.`);
  }
  if (notes.length) return tell({ doing: `Saved: ${name}`, notes });
  dialog.close();
  say(`Saved: ${name}`);
}

function tell({ doing = "", fault = "", notes = [] }) {
  dialog.querySelector(".quit").textContent = making ? "Cancel" : "Close";
  dialog.querySelector("[role=status]").textContent = doing;
  dialog.querySelector("[role=alert]").textContent = fault;
  const lines = notes.map((note) => Object.assign(document.createElement("li"), { textContent: note, dir: "auto" }));
  dialog.querySelector(".notes").replaceChildren(...lines);
}
