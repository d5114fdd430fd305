// Jobs, as they go on: each is rendered by the server, and put in place when an event says that it has
// changed. What is said aloud is only what becomes of a whole job.

import { follow } from "./events.js";
import { alarmOf, askElements } from "./server.js";
import { renewStanding } from "./standing.js";
import { counted } from "./words.js";

const view = document.querySelector(".adding");
const lists = { open: view.querySelector(".jobs.open"), ended: view.querySelector(".jobs.ended") };
const only = view.dataset.job; // on the page of one job
const SILENT = new Set(["waiting", "working"]); // what is to come is worth no word
const MAX_ENDED = 100; // of a page that stays open for days
const MAX_OPEN = 100; // where somebody has dropped a thousand films
const beyond = new Set(); // jobs that wait, and are too many to be shown
const changed = new Set(); // jobs to be asked for
const AGAIN_MS = 2000; // after an answer that has not come
const RENEW_MS = 2000;
let asking = false;
let acts = 0; // that were done here: what was asked for before the last may be older
let renewing; // what stands above
let staffed; // the hosts that have a worker, once that is known

export function start() {
  view.addEventListener("submit", act);
  follow({
    job: note,
    workers: showWorkers,
    lost: (reason) => tell(`${reason} This page goes on by itself when it does.`),
    back: () => tell(""),
  });
}

const shown = (id) => document.getElementById(`job-${id}`);

/** What a job's place in the page is about: as long as it stays, nothing has to be asked for. */
const signOf = ({ state, num_files, num_ended, files }) => [state, num_files, num_ended, files.failed].join(" ");

function note(job) {
  if (only && only !== String(job.id)) return;
  if (!only && !lists.open && !shown(job.id)) return; // of a later page
  if (waitsBeyond(job)) return;
  const isAtWork = job.state === "working";
  if (!isAtWork && shown(job.id)?.dataset.sign === signOf(job)) return;
  changed.add(job.id);
  renew();
}

/** Whether a job is one of too many that wait; it is shown once it is begun. */
function waitsBeyond(job) {
  if (!lists.open) return false;
  const isOne = job.state === "waiting" && !shown(job.id) && lists.open.children.length >= MAX_OPEN;
  if (isOne) beyond.add(job.id);
  else beyond.delete(job.id);
  const told = view.querySelector(".beyond");
  told.hidden = !beyond.size;
  told.textContent = `And ${counted(beyond.size, "more job")} that ${beyond.size === 1 ? "waits" : "wait"}.`;
  return isOne;
}

/** Asks for what has changed, one job after the other: the latest is what counts. */
async function renew() {
  if (asking) return;
  asking = true;
  const missed = [];
  for (const id of changed) {
    changed.delete(id);
    const before = acts;
    try {
      const elements = await askElements(`/library/jobs/${id}`);
      if (acts === before) put(elements);
      else changed.add(id);
    } catch ({ status }) {
      if (status !== 404) missed.push(id);
    }
  }
  asking = false;
  if (!missed.length) return;
  for (const id of missed) changed.add(id); // no other event may come of it
  setTimeout(renew, AGAIN_MS);
}

/** Puts a job where it belongs. */
function put(elements) {
  const made = elements.querySelector(".job");
  const old = document.getElementById(made.id);
  if (old?.dataset.sign !== made.dataset.sign) renewing ??= setTimeout(renewAbove, RENEW_MS);
  if (old) {
    if (old.dataset.state !== made.dataset.state && !SILENT.has(made.dataset.state)) say(made);
    fit(old, made);
  }
  const list = lists[made.dataset.list];
  const item = old ?? made;
  if (list && item.closest(".jobs") !== list) place(item, list);
  const oldest = lists.ended?.children.length > MAX_ENDED && lists.ended.lastElementChild;
  if (oldest && !oldest.contains(document.activeElement)) oldest.remove();
  for (const each of Object.values(lists)) each?.closest("section").toggleAttribute("hidden", !each.children.length);
  view.querySelector(".none")?.remove();
  showIdle();
}

function renewAbove() {
  renewing = null;
  renewStanding();
}

/** The newest stands first. */
function place(item, list) {
  const number = ({ id }) => Number(id.slice("job-".length));
  list.closest("section").hidden = false; // or nothing in it could be focused
  const after = [...list.children].find((other) => number(other) < number(item));
  const focused = item.contains(document.activeElement) && document.activeElement;
  list.insertBefore(item, after ?? null);
  if (focused) focused.focus();
}

/** Gives a job its new parts. Those that stay the same are left alone, with focus and all. */
function fit(old, made) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const gone = new Map([...old.children].map((part) => [part.className, part]));
  let place = old.firstElementChild;
  for (const part of [...made.children]) {
    const same = gone.get(part.className);
    gone.delete(part.className);
    const stays = same?.isEqualNode(part) ? same : part;
    if (stays === part && same) same.replaceWith(part);
    else if (stays === part) old.insertBefore(part, place);
    place = stays.nextElementSibling;
  }
  for (const part of gone.values()) if (!part.matches(".problem")) part.remove(); // which is told here alone
  Object.assign(old.dataset, made.dataset);
  if (focused?.isConnected === false) {
    (old.querySelector(`[data-act="${focused.dataset.act}"]`) ?? old.querySelector("a")).focus();
  }
}

/** Does what a button of a job says. */
async function act(event) {
  const form = event.target;
  if (!form.matches(".job form")) return;
  event.preventDefault();
  const job = form.closest(".job");
  job.querySelector(".problem")?.remove();
  try {
    const elements = await askElements(event.submitter.formAction, undefined, "POST");
    acts += 1;
    put(elements);
  } catch (error) {
    changed.add(Number(job.id.slice("job-".length))); // somebody else has been quicker
    await renew();
    job.append(alarmOf(error));
  }
}

function showWorkers(workers) {
  staffed = new Set(workers.map(({ origin }) => origin));
  showIdle();
}

/** Says of each job whether nobody is there to do it, as the last event has it: what is put in place
 * may have been rendered before that. */
function showIdle() {
  if (!staffed) return;
  for (const idle of view.querySelectorAll(".idle")) idle.hidden = staffed.has(idle.dataset.origin);
}

const say = ({ dataset }) => { document.getElementById("said").textContent = dataset.said; };

function tell(text) {
  const place = view.querySelector(".lost");
  if (place.textContent !== text) place.textContent = text;
}
