// What people say of hits, kept by the server: a scene is what a query means, or is not.

import { send } from "./server.js";

let last = Promise.resolve(); // of what was sent: a mark must not overtake the one before

/** Keeps a mark, "like" or "unlike", of a scene for a query; what failed in words, or null. */
export function keep(query, mark, scene) {
  return faultOf("PUT", { query, scene, relevant: mark === "like" });
}

/** Takes back what was said of a scene for a query; what failed in words, or null. */
export function forget(query, scene) {
  return faultOf("DELETE", { query, scene });
}

function faultOf(method, judged) {
  last = last.then(() => sent(method, judged));
  return last;
}

async function sent(method, judged) {
  try {
    await send(`/search/feedback?${new URLSearchParams(judged)}`, { method });
    return null;
  } catch (error) {
    return error.message;
  }
}
