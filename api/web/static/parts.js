// Long lists come in parts: the page has one of them, between links to what comes before and after.

import { askElements } from "./server.js";

/** Puts what a link of a list leads to in its place, part by part to the end; the new items of each
 * part. A part that cannot be had leaves the link. */
export async function* loadParts(link, signal) {
  const direction = link.rel;
  while (link) {
    const part = await askElements(link.dataset.part, signal);
    const items = [...part.children].filter((item) => !item.matches(".more"));
    const following = part.querySelector(`a[rel="${direction}"]`)?.parentElement;
    for (const more of part.querySelectorAll(".more")) if (more !== following) more.remove();
    link.parentElement.replaceWith(part);
    link = following?.firstElementChild;
    yield items;
  }
}
