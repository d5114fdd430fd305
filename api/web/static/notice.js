// What the page says of something that was done or refused: one line, read out at once, with a
// button where it can be taken back or gone on from. It stays until it is closed or another answer is shown.

import { bind } from "./keys.js";

const notice = document.createElement("div");
notice.className = "notice";
notice.setAttribute("role", "status");
document.body.append(notice);
addEventListener("answered", silence);
addEventListener("cameback", silence);
bind("u", "Undo what the message says", () => {
  const undo = notice.querySelector("[aria-keyshortcuts]");
  if (!undo) return false;
  undo.click();
}, "Hits");

/** Says something; `undo` takes it back, by a button or a key; `offer` is something else to do, with
 * its name: `[name, action]`. */
export function say(text, { undo, offer } = {}) {
  const words = document.createElement("p");
  words.dir = "auto";
  words.textContent = text;
  notice.replaceChildren(words);
  if (undo) {
    const button = newButton("Undo", undo);
    button.setAttribute("aria-keyshortcuts", "u");
    button.title = "Undo (key U)";
    notice.append(button);
  }
  if (offer) notice.append(newButton(...offer));
  const close = newButton("×", () => {});
  close.setAttribute("aria-label", "Close this message");
  notice.append(close);
}

function silence() {
  notice.replaceChildren();
}

function newButton(name, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = name;
  button.addEventListener("click", () => {
    silence();
    action();
  });
  return button;
}
