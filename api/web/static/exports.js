// "Export …": chosen hits, or all that are loaded, as a file for an editor.

import { say } from "./notice.js";
import { save, sizeOf } from "./saving.js";
import { taken } from "./selection.js";

const dialog = document.querySelector("dialog.export");
let making = null;

export function start() {
  if (!dialog) return;
  const form = dialog.querySelector("form");
  document.querySelector("[data-take=export]").addEventListener("click", open);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!making) make(form);
  });
  form.addEventListener("change", () => offer(form));
  dialog.addEventListener("click", ({ target }) => {
    if (target.closest(".quit")) dialog.close();
  });
  dialog.addEventListener("close", () => making?.abort());
  offer(form);
}

function open() {
  const { isChosen, hits } = taken();
  const number = hits.length.toLocaleString("en");
  const total = Number(document.querySelector("#answer [data-total]")?.dataset.total ?? 0);
  const more = !isChosen && total > hits.length ? ` of ${total.toLocaleString("en")}` : "";
  dialog.querySelector(".what").textContent = isChosen
    ? `${number} selected, in the order chosen.`
    : `None is selected: all ${number} hits that are loaded${more}.`;
  dialog.querySelector("[name=title]").value ||= new URLSearchParams(location.search).get("q") ?? "";
  tell("");
  dialog.showModal();
}

/** Shows what the chosen format has to do with. */
function offer(form) {
  form.querySelector(".way").hidden = form.elements.format.value !== "zip";
}

async function make(form) {
  const { format, title, handles_s: handles, is_exact: exact } = Object.fromEntries(new FormData(form));
  const body = JSON.stringify({ format, title: title.trim() || "hits", handles_s: Number(handles), is_exact: exact === "yes", hits: taken().hits });
  const headers = { "Content-Type": "application/json" };
  making = new AbortController();
  form.querySelector("[type=submit]").disabled = true;
  tell(format === "zip" ? "The clips are being made. This may take a while; Cancel stops it." : "The file is being made.");
  try {
    const options = { method: "POST", headers, body, signal: making.signal };
    const { name } = await save("/exports", options, (bytes) => tell(`${sizeOf(bytes)} have come …`));
    dialog.close();
    say(`Saved: ${name}`);
  } catch (error) {
    if (error.name !== "AbortError") tell(error.message, true);
  } finally {
    making = null;
    form.querySelector("[type=submit]").disabled = false;
  }
}

function tell(words, isAlarm = false) {
  dialog.querySelector("[role=status]").textContent = isAlarm ? "" : words;
  dialog.querySelector("[role=alert]").textContent = isAlarm ? words : "";
}
