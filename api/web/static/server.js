// Asking the server: for HTML to put in place, or to keep something. What goes wrong is an Error
// whose message is for people; who gives a request up with its signal gets an AbortError.

/** Why the server did not do what it was asked for; `title` says it in short. */
class Refusal extends Error {
  constructor(title, message, status) {
    super(message);
    Object.assign(this, { title, status });
  }
}

/** The part of a page that an address answers, and whether that is what was asked for (`ok`): a
 * search that cannot be made is told in the same place. */
export async function askHtml(address, signal, method = "GET") {
  const response = await reach(address, { method, headers: { "X-Fragment": "1" }, signal });
  if (/^\s*<(!doctype|html)/i.test(response.text)) throw refusalOf(response);
  return { html: response.text, ok: response.ok };
}

/** The HTML of a part of a page as elements; a search that cannot be made is an error, too. */
export async function askElements(address, signal, method) {
  const { html, ok } = await askHtml(address, signal, method);
  const { content } = Object.assign(document.createElement("template"), { innerHTML: html });
  if (!ok) throw new Refusal("Refused", content.querySelector(".problem")?.textContent ?? html);
  return content;
}

/** Asks for something to be done; the JSON of the answer, null if it has none. */
export async function send(address, options) {
  const response = await reach(address, options);
  if (response.ok) return jsonOf(response.text);
  throw refusalIn(response);
}

/** A file that the server makes, and the headers with which it comes; `came` is told how many bytes
 * there are so far. */
export async function askFile(address, options, came) {
  const response = await reached(fetch(address, options));
  if (!response.ok) throw refusalIn({ status: response.status, text: await reached(response.text()) });
  let bytes = 0;
  const counted = new TransformStream({
    transform(chunk, out) {
      came((bytes += chunk.length));
      out.enqueue(chunk);
    },
  });
  const { headers, body } = response;
  return { headers, blob: await reached(new Response(body.pipeThrough(counted)).blob()) };
}

/** What went wrong, as a line to show. */
export function alarmOf(error) {
  const told = document.createElement("p");
  told.className = "problem";
  told.setAttribute("role", "alert");
  told.textContent = error.message;
  return told;
}

/** An answer with its whole text. */
function reach(address, options) {
  return reached(fetch(address, options).then(async (response) => {
    const { ok, status } = response;
    return { ok, status, text: await response.text() };
  }));
}

/** What the server sends; that it does not, in words. */
async function reached(sent) {
  try {
    return await sent;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("No answer", "the server cannot be reached: is it still running?");
  }
}

/** Why something was not done, as a problem document says it. */
function refusalIn({ status, text }) {
  return new Refusal("Refused", jsonOf(text)?.detail ?? `the server answered ${status}`, status);
}

/** What an error page says, the server's own or one that stands before it. */
function refusalOf({ status, text }) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const [title, detail] = ["h1", "main p"].map((where) => page.querySelector(where)?.textContent);
  return new Refusal(title ?? `Error ${status}`, detail ?? "the server gave no reason.", status);
}

function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // none, or what stands before the server has answered
  }
}
