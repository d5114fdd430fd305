// Whether the library has a file already, asked before it is sent. A browser computes digests only on
// https and localhost; elsewhere the server finds out when it has the file.

import { send } from "./server.js";

const SLICE_BYTES = 8 * 2 ** 20;

/** The video that a file is, `{id, title, url}`, or null. `hashed(bytes)` says how far it is. */
export async function findKnown(file, signal, hashed) {
  if (!crypto.subtle) return null;
  if (!(await ask({ size_bytes: file.size }, signal)).same_size) return null;
  const digest = await digestOf(file, signal, hashed);
  return (await ask({ size_bytes: file.size, digest }, signal)).video;
}

function ask(asked, signal) {
  const headers = { "Content-Type": "application/json" };
  return send("/uploads/known", { method: "POST", headers, body: JSON.stringify(asked), signal });
}

/** The SHA-256 of the SHA-256s of a file's slices: of one slice after another, since a browser has
 * no digest of a stream. */
async function digestOf(file, signal, hashed) {
  const digests = [];
  for (let start = 0; start < file.size; start += SLICE_BYTES) {
    signal.throwIfAborted();
    const slice = await file.slice(start, start + SLICE_BYTES).arrayBuffer();
    digests.push(await crypto.subtle.digest("SHA-256", slice));
    hashed(start);
  }
  const whole = await crypto.subtle.digest("SHA-256", await new Blob(digests).arrayBuffer());
  return [...new Uint8Array(whole)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
