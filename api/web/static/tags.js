// <video-tags>: the tags of a video, which can be edited in place.
//
// The server renders them as links to the videos that have the same; this adds a button that turns
// them into a field with a × at each tag. Every change is saved at once, one after another.

import { send } from "./server.js";

const saving = new Map(); // by video; also what was changed in a list that is not there any more

class VideoTags extends HTMLElement {
  connectedCallback() {
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
    const shown = this.tags.length ? "Edit tags" : "Add tags";
    const edit = button(shown, `${shown}: ${this.dataset.title}`);
    edit.addEventListener("click", () => this.#edit());
    this.replaceChildren(edit);
    this.#list((tag) => [link(tag)]);
  }

  /** The tags with a × at each, and a field for another. */
  #edit() {
    const field = document.createElement("input");
    field.setAttribute("list", "tag-names");
    field.setAttribute("aria-label", `Add a tag to ${this.dataset.title}`);
    field.placeholder = "Add a tag, then Enter";
    field.maxLength = 60;
    field.dir = "auto";
    const done = button("Done", `Done: tags of ${this.dataset.title}`);
    done.addEventListener("click", () => this.#leave({ focus: true }));
    this.replaceChildren(field, done);
    this.field = field; // only now: the button that had the focus goes, and nobody has left
    this.#listEdited();
    field.focus();
  }

  #listEdited() {
    this.#list((tag) => {
      const remove = button("×", `Remove ${tag}`);
      remove.addEventListener("click", () => this.#remove(tag));
      return [text(tag), remove];
    });
  }

  /** The list of the tags, first; there is none without tags. */
  #list(parts) {
    this.querySelector("ul")?.remove();
    if (!this.tags.length) return;
    const list = document.createElement("ul");
    list.setAttribute("aria-label", "Tags");
    for (const tag of this.tags) {
      const item = document.createElement("li");
      item.append(...parts(tag));
      list.append(item);
    }
    this.prepend(list);
  }

  #typed(event) {
    if (event.target !== this.field || event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.#add(this.field.value.trim().replace(/\s+/g, " "));
    } else if (event.key === "Backspace" && !this.field.value && this.tags.length) {
      this.#remove(this.tags.at(-1));
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.#leave({ focus: true });
    }
  }

  async #add(tag) {
    if (!tag) return;
    this.field.value = ""; // for the next one, while this is being saved
    const saved = await this.#save((tags) => [...new Set([...tags, tag])], `Added ${tag}`);
    if (!saved && this.field && !this.field.value) this.field.value = tag;
  }

  #remove(tag) {
    this.field.focus(); // the button goes with its tag
    this.#save((tags) => tags.filter((other) => other !== tag), `Removed ${tag}`);
  }

  #leave({ focus = false } = {}) {
    this.#draw();
    if (focus) this.querySelector("button").focus();
  }

  /** Saves the changed tags, and says whether that went well; a later change waits for the one
   * before, and builds on it. */
  #save(change, words) {
    const { video } = this.dataset;
    const saved = (saving.get(video) ?? Promise.resolve()).then(async () => {
      this.#now.querySelector(".problem")?.remove();
      let tags;
      try {
        tags = await put(video, change(this.#now.tags));
      } catch (error) {
        this.#now.#complain(`The tags were not saved: ${error.message}`);
        return false;
      }
      document.getElementById("said").textContent = `${words}: ${this.dataset.title}`;
      this.#now.#show(tags);
      return true;
    });
    saving.set(video, saved);
    return saved;
  }

  /** The element that has the tags of the video now: the list may be a newer one. */
  get #now() {
    return document.querySelector(`video-tags[data-video="${this.dataset.video}"]`) ?? this;
  }

  #show(tags) {
    this.tags = tags;
    if (this.field) this.#listEdited();
    else this.#leave({ focus: this.contains(document.activeElement) });
  }

  #complain(message) {
    const problem = document.createElement("p");
    problem.className = "problem";
    problem.setAttribute("role", "alert");
    problem.textContent = message;
    this.append(problem);
  }
}

/** The tags as the server has kept them. Throws an Error whose message is for people. */
async function put(video, tags) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ tags });
  return (await send(`/videos/${video}/tags`, { method: "PUT", headers, body })).tags;
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
