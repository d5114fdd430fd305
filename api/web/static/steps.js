// "then …": up to four more boxes below the first, for what is to follow.

const MAX_STEPS = 4;

export function start() {
  const form = document.getElementById("search");
  if (!form) return;
  const steps = form.querySelector(".steps");
  const list = steps.querySelector("ol");
  for (const row of list.children) row.append(removing());
  const blank = list.firstElementChild.cloneNode(true);
  const add = form.querySelector("button.then");
  form.querySelector(".controls").before(steps); // without a script it stands among the filters
  set(new URLSearchParams(location.search).getAll("then"));
  form.addEventListener("filled", ({ detail }) => set(detail.getAll("then")));
  add.addEventListener("click", () => {
    set([...values(), ""]);
    list.lastElementChild.querySelector("input").focus();
  });
  list.addEventListener("click", ({ target }) => {
    const row = target.closest("button") && target.closest("li");
    if (!row) return;
    const had = row.querySelector("input").value;
    row.remove();
    set(values());
    (list.querySelector("li:last-child input") ?? form.elements.q).focus();
    if (had) form.requestSubmit();
  });

  function values() {
    return [...list.querySelectorAll("input")].map((field) => field.value);
  }

  /** Rows that stay are filled in place: one of them may have the focus. */
  function set(texts) {
    while (list.childElementCount > texts.length) list.lastElementChild.remove();
    while (list.childElementCount < texts.length) list.append(row());
    [...list.querySelectorAll("input")].forEach((field, place) => { field.value = texts[place]; });
    steps.hidden = steps.disabled = !texts.length;
    add.hidden = texts.length >= MAX_STEPS;
    for (const each of form.querySelectorAll("[data-of-scenes]")) each.hidden = texts.length > 0;
  }

  function row() {
    const made = blank.cloneNode(true);
    made.querySelector("input").value = "";
    return made;
  }
}

function removing() {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "remove", textContent: "×" });
  button.setAttribute("aria-label", "Remove this step");
  return button;
}
