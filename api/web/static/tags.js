// <video-tags>: the tags of a video, which can be edited in place.
//
// The server renders them as links to the videos that have the same; this adds a button that turns
// them into a field with a × at each tag. Every change is saved at once, one after another.

const said = document.createElement("p");
said.className = "unseen";
said.setAttribute("role", "status");

class VideoTags extends HTMLElement {
  #saving = Promise.resolve();

  connectedCallback() {
    if (!said.isConnected) document.body.append(said);
    this.tags = [...this.querySelectorAll("li")].map((item) => item.textContent.trim());
    this.addEventListener("keydown", (event) => this.#typed(event));
    this.addEventListener("focusout", (event) => {
      if (this.field && !this.field.value && !this.contains(event.relatedTarget)) this.#leave();
    });
    this.addEventListener("mousedown", (event) => {
      if (this.field && event.target.matches("button")) event.preventDefault(); // the field keeps the focus
    });
    this.#draw();
  }

  /** The tags as links, and the button to edit them. */
  #draw() {
    this.field = null;
    const items = this.tags.map((tag) => item(link(tag)));
    const shown = this.tags.length ? "Edit tags" : "Add tags";
    const edit = button(shown, `${shown}: ${this.dataset.title}`);
    edit.addEventListener("click", () => this.#edit());
    this.replaceChildren(...this.#list(items), edit);
  }

  /** The tags with a × at each, and a field for another. */
  #edit() {
    this.field = null; // what leaves the page now is not left by the person
    const items = this.tags.map((tag) => {
      const remove = button("×", `Remove ${tag}`);
      remove.addEventListener("click", () => this.#remove(tag));
      return item(text(tag), remove);
    });
    this.field = document.createElement("input");
    this.field.setAttribute("list", "tag-names");
    this.field.setAttribute("aria-label", `Add a tag to ${this.dataset.title}`);
    this.field.placeholder = "Add a tag, then Enter";
    this.field.maxLength = 60;
    this.field.dir = "auto";
    const done = button("Done", `Done: tags of ${this.dataset.title}`);
    done.addEventListener("click", () => this.#leave({ focus: true }));
    this.replaceChildren(...this.#list(items), this.field, done);
    this.field.focus();
  }

  #list(items) {
    if (!items.length) return [];
    const list = document.createElement("ul");
    list.setAttribute("aria-label", "Tags");
    list.append(...items);
    return [list];
  }

  #typed(event) {
    if (event.target !== this.field) return;
    if (event.key === "Enter") {
      event.preventDefault();
      const tag = this.field.value.trim().replace(/\s+/g, " ");
      if (tag) this.#save((tags) => [...new Set([...tags, tag])], `Added ${tag}`);
    } else if (event.key === "Backspace" && !this.field.value && this.tags.length) {
      this.#remove(this.tags.at(-1));
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.#leave({ focus: true });
    }
  }

  #remove(tag) {
    this.#save((tags) => tags.filter((other) => other !== tag), `Removed ${tag}`);
  }

  #leave({ focus = false } = {}) {
    this.#draw();
    if (focus) this.querySelector("button").focus();
  }

  /** Saves the changed tags; a later change waits for the one before, and builds on it. */
  #save(change, words) {
    this.#saving = this.#saving.then(async () => {
      try {
        this.tags = await put(this.dataset.video, change(this.tags));
        said.textContent = `${words}: ${this.dataset.title}`;
        if (this.field) this.#edit();
        else this.#draw();
      } catch (error) {
        this.#complain(error.message);
      }
    });
  }

  #complain(message) {
    this.querySelector(".problem")?.remove();
    const problem = document.createElement("p");
    problem.className = "problem";
    problem.setAttribute("role", "alert");
    problem.textContent = message;
    this.append(problem);
  }
}

/** The tags as the server has kept them. Throws an Error whose message is for people. */
async function put(video, tags) {
  let response;
  try {
    response = await fetch(`/videos/${video}/tags`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ tags }),
    });
  } catch {
    throw new Error("The tags were not saved: the server cannot be reached.");
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(`The tags were not saved: ${answer.detail}`);
  return answer.tags;
}

function item(...parts) {
  const element = document.createElement("li");
  element.append(...parts);
  return element;
}

function link(tag) {
  const element = document.createElement("a");
  element.href = `/library?${new URLSearchParams({ tags: tag })}`;
  element.dir = "auto";
  element.textContent = tag;
  return element;
}

function text(tag) {
  const element = document.createElement("span");
  element.dir = "auto";
  element.textContent = tag;
  return element;
}

function button(shown, name) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = shown;
  element.setAttribute("aria-label", name);
  return element;
}

customElements.define("video-tags", VideoTags);
