// Adding videos: files that are chosen or dropped are sent two at a time, the others wait in a row. The
// list stands in the page, or, where a page has none, in a corner of it until one leaves.

import { findKnown } from "./known.js";
import { discard, Refused, sendFile } from "./tus.js";
import { all, find, fingerprint, forget, isSentElsewhere, keep, whenChanged } from "./unfinished.js";
import { newRow } from "./upload_row.js";
import { counted, left, sizeOf } from "./words.js";

const MAX_AT_ONCE = 2; // a browser has six connections to a server, for all its pages
const TOLD_MS = 500;
const KEPT_MS = 1000;
const UNFINISHED = new Set(["queued", "working", "stopped", "failed"]);
const RATE_MS = 15_000; // over which the speed is taken
const section = document.getElementById("uploads") ?? dock();
const list = section.querySelector(".sending");
const uploads = new Map(); // those that are shown, by fingerprint
const done = { files: 0, bytes: 0, known: 0, refused: 0 };
let samples = [];
let telling;
let looking;
let started = false;

/** Sends files, or goes on with them. */
export function add(files) {
  section.parentElement.hidden = false;
  for (const file of files) {
    const known = uploads.get(fingerprint(file));
    if (known && ["queued", "working"].includes(known.state)) continue; // dropped twice
    const upload = known ?? shown(file);
    upload.file = file;
    take(upload);
  }
  const waiting = [...uploads.values()].filter(({ state }) => state === "queued").length;
  if (waiting) say(`Sending ${counted(waiting, "file")}.`);
  pump();
}

/** Fits the page: the field of files, and those that were not finished here before. */
export function start() {
  if (started) return;
  started = true;
  const field = section.querySelector("input[type=file]");
  const takeChosen = () => {
    if (field.files.length) add([...field.files]);
    field.value = ""; // the same file may be chosen again
  };
  field.addEventListener("change", takeChosen);
  section.querySelector("form button").hidden = true; // what is chosen is sent at once
  lookAtKept();
  whenChanged(lookAtKept);
  takeChosen(); // what was chosen before the script was there
}

addEventListener("beforeunload", (event) => {
  if (isBusy()) event.preventDefault(); // the browser asks whether one means it
});
addEventListener("pagehide", () => {
  for (const upload of uploads.values()) if (UNFINISHED.has(upload.state)) remember(upload, false);
});

const isBusy = () => [...uploads.values()].some(({ state }) => ["queued", "working"].includes(state));

/** A file as the list shows it. */
function shown(file) {
  const upload = { of: file, file: null, address: null, sent: 0, state: "lost", control: null };
  upload.row = newRow(file, { toggled: () => toggle(upload), removed: () => remove(upload) });
  uploads.set(fingerprint(file), upload);
  list.append(upload.row);
  return upload;
}

/** Has a file wait for its turn, unless something speaks against it already. */
function take(upload) {
  const kept = find(upload.file);
  if (kept && isSentElsewhere(kept) && !upload.control) {
    upload.file = null; // which the other tab has
    return become(upload, "elsewhere", `another tab sends it: ${percent(upload)}`);
  }
  if (!upload.file.size) {
    done.refused += 1;
    return become(upload, "refused", "the file is empty");
  }
  upload.address ??= kept?.address ?? null;
  upload.sent = kept?.sent ?? 0;
  remember(upload, false);
  become(upload, "queued", "waits for its turn");
}

function pump() {
  const working = [...uploads.values()].filter(({ state }) => state === "working").length;
  const next = [...uploads.values()].filter(({ state }) => state === "queued").slice(0, MAX_AT_ONCE - working);
  for (const upload of next) run(upload);
  tell();
}

async function run(upload) {
  upload.control = new AbortController();
  const { signal } = upload.control;
  become(upload, "working", "is it here already?");
  try {
    const video = upload.address ? null : await lookFor(upload, signal);
    if (video) return ended(upload, video.url, video.title);
    const answer = await send(upload, signal);
    if (answer.video) return ended(upload, `/watch/${answer.video}`, "watch it");
    done.files += 1;
    done.bytes += upload.of.size;
    drop(upload);
  } catch (error) {
    if (error.name === "AbortError") stop(upload);
    else refuse(upload, error);
  } finally {
    pump();
    if (!isBusy()) finish();
  }
}

async function lookFor(upload, signal) {
  try {
    return await findKnown(upload.file, signal, (bytes) => {
      upload.row.tell(`is it here already? ${Math.floor((100 * bytes) / upload.of.size)} %`);
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return null; // the server says it later
  }
}

function send(upload, signal) {
  let keptAt = 0;
  return sendFile(upload.file, upload.address, {
    signal,
    began(address) {
      upload.address = address;
      remember(upload, true);
    },
    moved(bytes) {
      samples.push([Date.now(), Math.max(0, bytes - upload.sent)]);
      upload.sent = bytes;
      upload.waits = null;
      if (Date.now() - keptAt > KEPT_MS) {
        keptAt = Date.now();
        remember(upload, true);
      }
      tellSoon();
    },
    waits(reason) {
      if (!upload.waits) say(`${upload.of.name} waits: ${reason}. It goes on by itself.`);
      upload.waits = reason;
      tellSoon();
    },
  });
}

/** The file is in the library already. */
function ended(upload, url, title) {
  done.known += 1;
  forget(upload.of);
  become(upload, "known", "already here: ");
  upload.row.link(url, title);
}

function refuse(upload, error) {
  const isForGood = error instanceof Refused && error.isForGood;
  if (isForGood) forget(upload.of);
  done.refused += 1;
  become(upload, isForGood ? "refused" : "failed", error.message);
}

function stop(upload) {
  if (uploads.get(fingerprint(upload.of)) !== upload) return; // it was removed
  remember(upload, false);
  become(upload, "stopped", `stopped at ${percent(upload)}`);
}

/** The button of a row: stops what is sent, goes on, tries again. */
function toggle(upload) {
  if (upload.state === "working") upload.control.abort();
  else if (upload.state === "queued") stop(upload);
  else add([upload.file]);
  tell();
}

function remove(upload) {
  upload.control?.abort();
  if (upload.address && upload.state !== "known") discard(upload.address);
  drop(upload);
  tell();
}

/** Leaves a file out of the list, and forgets it. */
function drop(upload) {
  forget(upload.of);
  uploads.delete(fingerprint(upload.of));
  upload.row.leave();
}

function become(upload, state, told) {
  upload.state = state;
  if (state === "working") upload.row.lead(); // a long list shows its beginning
  upload.row.show(state, told, upload.sent);
}

function remember(upload, isGoingOn) {
  keep(upload.of, upload, isGoingOn);
}

/** Shows the files that were being sent when a page was left, and those of other tabs. */
function lookAtKept() {
  clearTimeout(looking);
  const kept = new Map(all().map((each) => [fingerprint(each), each]));
  for (const [name, upload] of uploads) if (!upload.file && !kept.has(name)) drop(upload);
  for (const [name, each] of kept) {
    const known = uploads.get(name);
    if (known?.file) continue;
    const upload = known ?? shown(each);
    Object.assign(upload, { address: each.address, sent: each.sent });
    if (isSentElsewhere(each)) become(upload, "elsewhere", `another tab sends it: ${percent(upload)}`);
    else become(upload, "lost", `${percent(upload)} sent: choose the same file again to go on`);
  }
  if ([...uploads.values()].some(({ state }) => state === "elsewhere")) looking = setTimeout(lookAtKept, 2 * KEPT_MS);
  tell();
}

function tellSoon() {
  telling ??= setTimeout(tell, TOLD_MS);
}

/** Tells how far all of it is. */
function tell() {
  clearTimeout(telling);
  telling = null;
  for (const upload of uploads.values()) {
    if (upload.state !== "working" || !upload.address) continue;
    const waits = upload.waits && `, waits: ${upload.waits}`;
    upload.row.show("working", `${percent(upload)} sent${waits ?? ""}`, upload.sent);
  }
  section.toggleAttribute("data-busy", isBusy());
  section.querySelector(".sum").textContent = isBusy() ? sum() : "";
}

/** 3 of 12 files sent, 34 % of 4.2 GB, about 4 min left. */
function sum() {
  const open = [...uploads.values()].filter(({ state }) => ["queued", "working"].includes(state));
  const total = done.bytes + open.reduce((bytes, { of }) => bytes + of.size, 0);
  const sent = done.bytes + open.reduce((bytes, upload) => bytes + upload.sent, 0);
  const files = `${done.files.toLocaleString("en")} of ${counted(done.files + open.length, "file")} sent`;
  const part = `${Math.floor((100 * sent) / total)} % of ${sizeOf(total)}`;
  const since = Date.now() - RATE_MS;
  samples = samples.filter(([at]) => at > since);
  const rate = samples.reduce((bytes, [, moved]) => bytes + moved, 0) / (Date.now() - samples[0]?.[0]);
  return [files, part, ...(rate > 0 ? [left((total - sent) / rate / 1000)] : [])].join(", ");
}

/** Says how it went, once nothing is left to be sent. */
function finish() {
  const parts = [
    done.files && `${counted(done.files, "file")} sent`,
    done.known && `${done.known} already here`,
    done.refused && `${done.refused} not taken`,
  ].filter(Boolean);
  Object.assign(done, { files: 0, bytes: 0, known: 0, refused: 0 });
  samples = [];
  if (!parts.length) return;
  section.querySelector(".sum").textContent = `${parts.join(", ")}.`;
  say(`${parts.join(", ")}.`);
}

const percent = ({ sent, of }) => `${Math.floor((100 * sent) / of.size)} %`;

function say(text) {
  section.querySelector("[role=status]").textContent = text;
}

/** The same list, in a corner of a page that has none. */
function dock() {
  const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("uploads.css", import.meta.url) });
  document.head.append(style);
  document.body.append(document.getElementById("adding").content.cloneNode(true));
  const made = document.getElementById("uploads");
  made.parentElement.querySelector(".close").addEventListener("click", ({ target }) => {
    target.closest("aside").hidden = true;
  });
  return made;
}
