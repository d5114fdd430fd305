// The fields of the search form, and the address that says the same.

const ABOUT_THE_QUESTION = ["similar", "by", "like", "unlike"];

/** The address that submitting a form leads to, without what is empty. What the present address
 *  says of its question beside the words goes on as long as the words stay the same. */
export function addressOf(form) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value.trim()) fields.append(name, value);
  const now = new URLSearchParams(location.search);
  if ((now.get("q") ?? "") === (fields.get("q") ?? "")) {
    for (const name of ABOUT_THE_QUESTION) {
      for (const value of now.getAll(name)) fields.append(name, value);
    }
  }
  return fields.size ? `/?${fields}` : "/";
}

/** A form's fields as an address has them. Lists of boxes are filled by who hears "filled". */
export function fill(form, fields) {
  const kept = form.querySelector(".kept");
  if (kept) keep(kept, fields, form);
  for (const field of form.elements) {
    const value = fields.get(field.name) ?? "";
    if (!field.name || field.name === "then") continue;
    if (field.type === "checkbox") {
      field.checked = fields.getAll(field.name).includes(field.value);
    } else if (field.type === "radio") {
      field.checked = means(field, value) && !fields.has("vision");
    } else if (!field.closest(".kept")) {
      if (field.tagName === "SELECT") choose(field, value);
      else set(field, value);
    }
  }
  form.dispatchEvent(new CustomEvent("filled", { detail: fields }));
}

function set(field, value) {
  if ("day" in field.dataset) field.type = value.length > 10 ? "text" : "date"; // a moment stands there whole
  field.value = value;
}

/** Fields of an address that have no control go on in hidden ones, and so do values that no box
 *  offers: they stand before the controls, which have the last word. */
function keep(place, fields, form) {
  const names = place.dataset.names.split(" ");
  const boxes = [...form.elements].filter(({ type }) => type === "checkbox");
  const isKept = ([name, value]) => names.includes(name)
    && !boxes.some((box) => box.name === name && box.value === value);
  place.replaceChildren(...[...fields].filter(isKept).map(hidden));
}

function hidden([name, value]) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name, value });
  return field;
}

/** Chooses from a list, which may not offer what comes from another place. */
function choose(list, value) {
  const offered = [...list.options].find((option) => means(option, value));
  if (offered) offered.selected = true;
  else list.add(new Option(value, value, false, true));
}

/** Whether a choice stands for a value: the default, chosen by leaving the field out, has a name. */
const means = ({ value, dataset }, wanted) => value === wanted || dataset.default === wanted;
