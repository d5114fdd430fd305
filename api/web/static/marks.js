// What people say of hits, kept by the server: a scene is what a query means, or is not.

import { send } from "./server.js";

/** Keeps a mark, "like" or "unlike", of a scene for a query; what failed in words, or null. */
export function keep(query, mark, scene) {
  return faultOf("PUT", { query, scene, relevant: mark === "like" });
}

/** Takes back what was said of a scene for a query; what failed in words, or null. */
export function forget(query, scene) {
  return faultOf("DELETE", { query, scene });
}

async function faultOf(method, judged) {
  try {
    await send(`/search/feedback?${new URLSearchParams(judged)}`, { method });
    return null;
  } catch (error) {
    return error.message;
  }
}
