// What the page says of something that was done or refused: one line, read out at once, with a
// button where it can be taken back. It stays until it is closed or another answer is shown.

const notice = document.createElement("div");
notice.className = "notice";
notice.setAttribute("role", "status");
document.body.append(notice);
addEventListener("answered", silence);
addEventListener("cameback", silence);

/** Says something; `action` is what a button does that `name` is written on. */
export function say(text, { name, action } = {}) {
  const words = document.createElement("p");
  words.dir = "auto";
  words.textContent = text;
  notice.replaceChildren(words);
  if (action) notice.append(newButton(name, action));
  const close = newButton("×", () => {});
  close.setAttribute("aria-label", "Close this message");
  notice.append(close);
}

function silence() {
  notice.replaceChildren();
}

function newButton(name, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = name;
  button.addEventListener("click", () => {
    silence();
    action();
  });
  return button;
}
