// The keys of every page: one table, which the dialog of "?" shows, too.

const bound = [];

/**
 * Binds a key to an action; `name` is what the dialog says of it, under the heading `group`. `key`
 * is that of KeyboardEvent, or several; letters count whether capital or not. The action may return
 * false to leave the key to the browser.
 */
export function bind(key, name, action, group = "Search") {
  bound.push({ keys: [key].flat(), name, action, group });
}

export function start() {
  bind("/", "Go to the search box, which Esc leaves", () => document.querySelector("input[name=q]")?.focus());
  bind("?", "These keys", showKeys);
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address with #main would be a place of its own in the history
    document.getElementById("main").focus();
  });
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isField(event.target) || document.querySelector("dialog[open]")) return;
    const pressed = plain(event.key);
    const found = bound.find(({ keys }) => keys.some((key) => plain(key) === pressed));
    if (found && found.action(event) !== false) event.preventDefault();
  });
}

/** Whether somebody types there. */
export function isField(element) {
  return element.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]") ?? false;
}

/** The dialog that lists every key; the browser gives the focus back when it closes. */
export function showKeys() {
  const dialog = make("dialog", { className: "keys" });
  const title = make("h2", { id: "keys-title", textContent: "Keys" });
  dialog.setAttribute("aria-labelledby", title.id);
  const close = make("button", { type: "button", className: "quiet", textContent: "Close" });
  close.autofocus = true;
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, close);
  for (const group of new Set(bound.map((each) => each.group))) dialog.append(...table(group));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function table(group) {
  const list = make("dl", {});
  for (const { keys, name } of bound.filter((each) => each.group === group)) {
    const term = make("dt", {});
    for (const key of shown(keys)) term.append(make("kbd", { textContent: key }), " ");
    list.append(term, make("dd", { textContent: name }));
  }
  return [make("h3", { textContent: group }), list];
}

const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", Enter: "Enter", Backspace: "Backspace" };

function shown(keys) {
  if (keys.join("") === "0123456789") return ["0–9"];
  return keys.map((key) => NAMES[key] ?? key.toUpperCase());
}

const plain = (key) => (key.length === 1 ? key.toLowerCase() : key);

const make = (name, properties) => Object.assign(document.createElement(name), properties);
