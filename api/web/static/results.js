// The search form and the list of hits: an answer replaces the one before without a new page.
//
// The server renders hits; this fetches them as HTML and puts them in place. The address says what
// is asked; the history's state says how much of the answer was shown, and which hit had the focus.

const form = document.getElementById("search");
const answer = document.getElementById("answer");
const FRAGMENT = { headers: { "X-Fragment": "1" } };
let pending = new AbortController();
let asked = location.pathname + location.search; // what the hits on the page answer

export function start() {
  if (!answer) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(addressOf(form));
  });
  answer.addEventListener("click", followed);
  addEventListener("popstate", comeBack);
  addEventListener("pagehide", remember);
  history.scrollRestoration = "manual";
  watchForEnd();
  restore(history.state);
}

/** The address that submitting a form would lead to, without what is empty. */
export function addressOf(form) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value !== "") fields.append(name, value);
  return `/?${fields}`;
}

/** Asks what an address asks; a newer question gives up the one before. */
export async function show(address, { push = true } = {}) {
  if (push) {
    remember();
    history.pushState({}, "", address);
    scrollTo(0, 0);
  }
  await load(address);
}

async function load(address) {
  asked = location.pathname + location.search;
  pending.abort();
  pending = new AbortController();
  const { signal } = pending;
  answer.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(address, { ...FRAGMENT, signal });
    answer.innerHTML = await response.text();
  } catch (error) {
    if (error.name === "AbortError") return;
    answer.textContent = "The server cannot be reached: is it still running?";
  }
  answer.removeAttribute("aria-busy");
  document.title = new URLSearchParams(location.search).get("q") ?? "sceneseek";
  watchForEnd();
  dispatchEvent(new CustomEvent("answered"));
}

function followed(event) {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const address = new URL(link.href);
  if (address.origin !== location.origin || address.pathname !== "/") return;
  event.preventDefault();
  show(address.pathname + address.search);
}

// More hits, when the end of the list comes near.

const end = new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) more();
}, { rootMargin: "1200px" });

function watchForEnd() {
  end.disconnect();
  answer.querySelector(".more")?.setAttribute("hidden", "");
  const next = answer.querySelector(".next");
  if (next) {
    next.hidden = false;
    end.observe(next);
  }
}

async function more() {
  const next = answer.querySelector(".next");
  if (!next || next.dataset.asked) return;
  next.dataset.asked = "yes";
  const { signal } = pending;
  try {
    const response = await fetch(next.dataset.url, { ...FRAGMENT, signal });
    const html = await response.text();
    if (signal.aborted) return;
    next.insertAdjacentHTML("beforebegin", html);
    next.remove();
    watchForEnd();
  } catch (error) {
    if (error.name !== "AbortError") delete next.dataset.asked;
  }
}

// Back and reload: the same hits, at the same place, with the same focus.

/** Keeps in the history how much is shown, and where the page stands, before it changes. */
export function remember() {
  const state = {
    shown: answer.querySelectorAll(".hit").length,
    top: scrollY,
    focused: document.activeElement?.closest(".hit")?.id ?? null,
  };
  history.replaceState({ ...history.state, ...state }, "");
}

async function comeBack() {
  fill(form, new URLSearchParams(location.search));
  await restore(history.state, { always: location.pathname + location.search !== asked });
}

async function restore(state, { always = false } = {}) {
  const shown = answer.querySelectorAll(".hit").length;
  if (always || (state?.shown ?? 0) > shown) {
    const address = new URL(location.href);
    if (state?.shown) address.searchParams.set("shown", state.shown);
    await load(address.pathname + address.search);
  }
  dispatchEvent(new CustomEvent("cameback")); // the player opens or closes before the page scrolls
  if (!state) return;
  scrollTo(0, state.top ?? 0);
  if (state.focused) document.getElementById(state.focused)?.focus({ preventScroll: true });
}

/** A form's fields as an address has them. */
export function fill(form, fields) {
  for (const field of form.elements) {
    if (!field.name) continue;
    const values = fields.getAll(field.name);
    if (field.type === "checkbox" || field.type === "radio") {
      field.checked = values.length ? values.includes(field.value) : field.defaultChecked;
    } else {
      field.value = values[0] ?? "";
    }
  }
}
