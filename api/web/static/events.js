// What becomes of jobs, as the server tells it: one connection of a page, as long as it is seen, since
// a browser has six to a server for all its pages.

const GIVEN_UP = 2; // EventSource.CLOSED: the server refused, and the browser asks no more
const MAX_PAUSE_MS = 30_000;
const PATIENCE_MS = 4000; // a server that restarts is not worth a word

/** Calls back for each event: `job(job)`, `workers(workers)`; `lost(reason)` when the server has not
 * answered for a while, `back()` when it does. */
export function follow({ job, workers, lost, back }) {
  let source = null;
  let pauseMs = 1000;
  let again;
  let late;

  function open() {
    clearTimeout(again);
    if (source) return;
    source = new EventSource("/events");
    source.addEventListener("open", () => {
      pauseMs = 1000;
      clearTimeout(late);
      late = null;
      back?.();
    });
    source.addEventListener("job", ({ data }) => job?.(JSON.parse(data)));
    source.addEventListener("workers", ({ data }) => workers?.(JSON.parse(data).workers));
    source.addEventListener("away", ({ data }) => lost?.(JSON.parse(data).detail));
    source.addEventListener("back", () => back?.());
    source.addEventListener("error", failed);
  }

  function failed() {
    late ??= setTimeout(() => lost?.("The server does not answer."), PATIENCE_MS);
    if (source.readyState !== GIVEN_UP) return;
    source = null;
    again = setTimeout(open, pauseMs);
    pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
  }

  function close() {
    clearTimeout(again);
    clearTimeout(late);
    late = null;
    source?.close();
    source = null;
  }

  const look = () => (document.visibilityState === "visible" ? open() : close());
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", close);
  addEventListener("pageshow", look);
  look();
}
