// Files that the server makes, saved under the names that it gives them.

import { askFile } from "./server.js";

/** Asks for a file and saves it; `came` is told how many bytes there are so far. Returns its name,
 * what is in it, and the headers with which it came. */
export async function save(address, options, came) {
  const { blob, headers } = await askFile(address, options, came);
  const name = nameOf(headers.get("content-disposition") ?? "");
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be reading it
  return { name, blob, headers };
}

/** A size as people say it: 12.3 MB. */
export function sizeOf(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function nameOf(disposition) {
  const coded = /filename\*=utf-8''([^;]+)/i.exec(disposition)?.[1];
  return coded ? decodeURIComponent(coded) : (/filename="([^"]+)"/i.exec(disposition)?.[1] ?? "export");
}
