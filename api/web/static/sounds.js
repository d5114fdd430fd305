// The choice among the sound tracks of the video that plays.

import { say } from "./notice.js";

const names = new Intl.DisplayNames(["en"], { type: "language" });

export class Sounds {
  #shown = "";
  #wanted = 0;

  /** `place` is shown where there is a choice. */
  constructor(place, sources) {
    Object.assign(this, { place, sources });
    this.select = place.querySelector("select");
    this.select.addEventListener("change", () => this.#hear(this.select.selectedIndex));
  }

  async #hear(sound) {
    this.#wanted = sound;
    const { id } = this.sources;
    await this.sources.hear(sound);
    if (sound && this.#wanted === sound && this.sources.id === id && !this.sources.sound) {
      say(`This sound track cannot be played here: ${this.sources.refusal || "the browser does not know how"}.`);
    }
  }

  /** What can be chosen now. */
  show() {
    const { sounds, sound } = this.sources;
    const labels = sounds.map(labelOf).map(told);
    this.place.hidden = sounds.length < 2;
    if (this.#shown !== labels.join("\n")) {
      this.#shown = labels.join("\n");
      this.select.replaceChildren(...labels.map((label) => new Option(label)));
    }
    this.select.selectedIndex = sound;
  }
}

/** "English", "English, Commentary", or "Track 2" for one that does not say. */
function labelOf({ language, title }, at) {
  return [languageOf(language), title].filter(Boolean).join(", ") || `Track ${at + 1}`;
}

/** With its number, where others are called the same. */
function told(label, at, labels) {
  return labels.indexOf(label) === labels.lastIndexOf(label) ? label : `${label}, track ${at + 1}`;
}

function languageOf(code) {
  if (!code || code === "und") return "";
  try {
    return names.of(code);
  } catch {
    return code; // files have what they have
  }
}
