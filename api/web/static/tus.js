// Sending a file in pieces (tus 1.0): what has come stays with the server, and the rest goes on from
// there, after faults of any length.

const HEADERS = { "Tus-Resumable": "1.0.0" };
const PIECE_BYTES = 16 * 2 ** 20;
const STALL_MS = 45_000; // without a byte on its way; the server may take long over the last ones
const PAUSES_S = [1, 2, 4, 8, 15, 30];
const GONE = 404;
const NOT_WANTED = new Set([413, 415, 422]);
const LATER = new Set([0, 408, 409, 423, 429, 500, 502, 503, 504]);

/** A file that is not taken: to wait would not help. `status` is the server's. */
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }

  /** Whether it is the file itself that is not wanted, today or another day. */
  get isForGood() {
    return NOT_WANTED.has(this.status);
  }
}

/** No answer, or one that says later. */
class Later extends Error {
  constructor(message, afterS) {
    super(message);
    this.afterS = afterS;
  }
}

/** Sends a file, or the rest of one whose `address` is known, until it is whole; the answer's `job`
 * or `video`. Calls `began(address)`, `moved(bytes)` and, while nothing moves, `waits(reason)`.
 * Raises Refused, and an AbortError for who gives it up. */
export async function sendFile(file, address, { signal, began, moved, waits }) {
  for (let faults = 0; ;) {
    try {
      let state = address && await ask("HEAD", address, { signal });
      if (!state || state.status === GONE) { // it is new, or has waited for too long
        address = await create(file, signal);
        state = { offset: 0 };
      }
      began(address);
      while (state.offset < file.size) {
        moved(state.offset);
        state = await sendPiece(address, file, state.offset, { signal, moved });
        if (state.status === GONE) throw new Later("what had come was removed", 1);
        faults = 0;
      }
      if (!state.job && !state.video) throw new Later("the server still looks at it", 1);
      return state;
    } catch (error) {
      if (!(error instanceof Later)) throw error;
      waits(error.message);
      await pause(error.afterS ?? PAUSES_S[Math.min(faults, PAUSES_S.length - 1)], signal);
      faults += 1;
    }
  }
}

/** Has the server throw away what has come of a file; what fails is thrown away there in time. */
export async function discard(address) {
  await fetch(address, { method: "DELETE", headers: HEADERS }).catch(() => {});
}

async function create(file, signal) {
  const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name)));
  const headers = { "Upload-Length": file.size, "Upload-Metadata": `filename ${name}` };
  return (await ask("POST", "/uploads", { headers, signal })).address;
}

async function sendPiece(address, file, offset, { signal, moved }) {
  const headers = { "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
  const body = file.slice(offset, offset + PIECE_BYTES);
  try {
    return await ask("PATCH", address, { headers, body, signal, moved: (bytes) => moved(offset + bytes) });
  } catch (error) {
    if (error instanceof Later) await requireReadable(body);
    throw error;
  }
}

/** A file that was changed or moved since it was chosen fails like a network that is away. */
async function requireReadable(piece) {
  try {
    await piece.slice(0, 1).arrayBuffer();
  } catch {
    throw new Refused("the file has changed or has gone since it was chosen: choose it again");
  }
}

/** An answer of the server, as far as uploads need it. XMLHttpRequest, since fetch does not tell how
 * much has been sent. */
function ask(method, address, { headers, body, signal, moved }) {
  const request = new XMLHttpRequest();
  const stop = () => request.abort();
  let stalled;
  const alive = () => {
    clearTimeout(stalled);
    stalled = setTimeout(stop, STALL_MS);
  };
  return new Promise((resolve, reject) => {
    request.open(method, address);
    for (const [name, value] of Object.entries({ ...HEADERS, ...headers })) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded }) => {
      alive();
      moved?.(loaded);
    });
    request.addEventListener("loadend", () => {
      clearTimeout(stalled);
      signal.removeEventListener("abort", stop);
      if (signal.aborted) reject(signal.reason);
      else if (request.status < 300 && request.status || request.status === GONE) resolve(answerOf(request));
      else reject(faultOf(request));
    });
    signal.throwIfAborted();
    signal.addEventListener("abort", stop);
    alive();
    request.send(body);
  });
}

function answerOf(request) {
  const said = (name) => request.getResponseHeader(name);
  return {
    status: request.status,
    address: said("Location"),
    offset: Number(said("Upload-Offset")),
    job: said("Sceneseek-Job"),
    video: said("Sceneseek-Video"),
  };
}

function faultOf(request) {
  const detail = detailOf(request.responseText);
  const reason = detail ?? (request.status ? `the server answered ${request.status}` : "the server cannot be reached");
  if (!LATER.has(request.status)) return new Refused(reason, request.status);
  return new Later(reason, Number(request.getResponseHeader("Retry-After")) || undefined);
}

function detailOf(text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return null; // of what stands before the server
  }
}

/** Until some seconds have passed, or the network is back. */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    addEventListener("online", done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
