// The keys of every page: one table, which the dialog of "?" shows, too.

const bound = [];

/**
 * Binds a key to an action; `name` is what the dialog says of it. `key` is that of KeyboardEvent,
 * or several. The action may return false to leave the key to the browser.
 */
export function bind(key, name, action) {
  bound.push({ keys: [key].flat(), name, action });
}

export function start() {
  bind("/", "Search", () => document.querySelector("input[name=q]")?.focus());
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isField(event.target) || document.querySelector("dialog[open]")) return;
    const found = bound.find(({ keys }) => keys.includes(event.key));
    if (found && found.action(event) !== false) event.preventDefault();
  });
}

/** Whether somebody types there. */
export function isField(element) {
  return element.matches?.("input, textarea, select, [contenteditable]") ?? false;
}
