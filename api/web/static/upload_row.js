// A file in the list of those that are sent: its name and size, how far it is, and two buttons.

import { sizeOf } from "./words.js";

const ACTS = { queued: "Stop", working: "Stop", stopped: "Go on", failed: "Try again" };

/** A row of a file. `show(state, told, sent)` says how it stands, `tell(words)` and `link(url, name)`
 * what is to be said of it; `lead()` puts it where those stand that are being sent, `leave()` takes it away. */
export function newRow({ name, size }, { toggled, removed }) {
  const row = document.createElement("li");
  const title = part("b", name);
  title.dir = "auto";
  const bar = part("progress", "");
  bar.max = size;
  bar.setAttribute("aria-label", `${name} is sent`);
  const words = part("p", "");
  words.dir = "auto";
  const act = button("", name, toggled);
  const remove = button("×", name, removed);
  remove.setAttribute("aria-label", `Remove ${name}`);
  row.append(title, part("small", sizeOf(size)), bar, words, act, remove);
  return Object.assign(row, {
    show(state, told, sent) {
      row.dataset.state = state;
      bar.value = sent;
      bar.hidden = ["known", "refused", "failed"].includes(state);
      if (words.textContent !== told) words.textContent = told;
      act.hidden = !(state in ACTS);
      remove.hidden = state === "elsewhere"; // the other tab would begin anew
      act.textContent = ACTS[state] ?? "";
      act.setAttribute("aria-label", `${act.textContent} ${name}`);
    },
    tell(told) {
      words.textContent = told;
    },
    link(url, shown) {
      const link = part("a", shown);
      link.href = url;
      words.append(link);
    },
    lead() {
      const focused = row.contains(document.activeElement) && document.activeElement;
      const others = [...row.parentElement.children].filter((other) => other !== row);
      row.parentElement.insertBefore(row, others.find(({ dataset }) => dataset.state !== "working") ?? null);
      if (focused) focused.focus({ preventScroll: true });
    },
    leave() {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      const hadFocus = row.contains(document.activeElement);
      row.remove();
      if (hadFocus) (next?.querySelector("button:not([hidden])") ?? document.querySelector("#uploads input")).focus();
    },
  });
}

function part(kind, text) {
  return Object.assign(document.createElement(kind), { textContent: text });
}

function button(text, name, act) {
  const made = part("button", text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}
