// The files that are being sent, kept by the browser: a reload, or another day, goes on with them
// once the same file is chosen again. Each has a place of its own, so that tabs do not undo each
// other's; a browser that keeps nothing sends every file from its beginning.

const PREFIX = "upload ";
const OTHER_TAB_MS = 10_000;
const KEPT_MS = 24 * 3600_000; // as long as the server keeps what has come

/** What a file is known by; a page never learns its folder. */
export const fingerprint = ({ name, size, lastModified }) => `${size} ${lastModified} ${name}`;

/** Keeps what is known of a file: the `address` of its upload, how much is `sent`, and whether this
 * tab goes on with it. */
export function keep(file, { address, sent }, isGoingOn) {
  const { name, size, lastModified } = file;
  const kept = { name, size, lastModified, address, sent, isGoingOn, at: Date.now() };
  attempt(() => localStorage.setItem(PREFIX + fingerprint(file), JSON.stringify(kept)));
}

export function forget(file) {
  attempt(() => localStorage.removeItem(PREFIX + fingerprint(file)));
}

/** What is known of a file; null if it is new. */
export function find(file) {
  return attempt(() => JSON.parse(localStorage.getItem(PREFIX + fingerprint(file))));
}

/** All of them, without those that the server has thrown away by now. */
export function all() {
  const names = attempt(() => Object.keys(localStorage)) ?? [];
  const mine = names.filter((name) => name.startsWith(PREFIX));
  const kept = mine.map((name) => attempt(() => JSON.parse(localStorage.getItem(name)))).filter(Boolean);
  for (const old of kept) if (Date.now() - old.at > KEPT_MS) forget(old);
  return kept.filter(({ at }) => Date.now() - at <= KEPT_MS);
}

/** Whether another tab sends it at this moment. */
export const isSentElsewhere = ({ isGoingOn, at }) => isGoingOn && Date.now() - at < OTHER_TAB_MS;

/** Calls back when another tab begins, goes on with or ends an upload. */
export function whenChanged(act) {
  addEventListener("storage", ({ key }) => {
    if (key?.startsWith(PREFIX)) act();
  });
}

function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
