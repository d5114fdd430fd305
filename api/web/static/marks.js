// What people say of hits, kept by the server: a scene is what a query means, or is not.

/** Keeps a mark, "like" or "unlike", of a scene for a query; what failed in words, or null. */
export function keep(query, mark, scene) {
  const body = JSON.stringify({ query, [mark]: [Number(scene)], limit: 1 });
  const headers = { "Content-Type": "application/json" };
  return faultOf(fetch("/search/feedback", { method: "POST", headers, body }));
}

/** Takes back what was said of a scene for a query; what failed in words, or null. */
export function forget(query, scene) {
  const judged = new URLSearchParams({ query, scene });
  return faultOf(fetch(`/search/feedback?${judged}`, { method: "DELETE" }));
}

async function faultOf(request) {
  try {
    const response = await request;
    return response.ok ? null : (await response.json()).detail;
  } catch {
    return "the server cannot be reached: is it still running?";
  }
}
