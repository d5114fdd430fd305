// How the library stands, above each of its views: put in place anew once a job has changed it.

import { askElements } from "./server.js";

export async function renewStanding() {
  const old = document.querySelector(".standing");
  const made = await askElements(`/library/standing?view=${old.dataset.view}`).catch(() => null);
  const now = made?.querySelector(".standing");
  if (!now || now.isEqualNode(old)) return; // or the next job brings it
  const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
  old.replaceWith(now);
  if (focused) now.querySelector(`[href="${focused}"]`)?.focus();
}
