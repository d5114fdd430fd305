// Every page's script. What it takes over works without it, too; each module does one thing.

import { start as alike } from "./alike.js";
import { start as clip } from "./clip.js";
import { start as controls } from "./controls.js";
import { start as drops } from "./drops.js";
import { start as exports } from "./exports.js";
import { start as keys } from "./keys.js";
import { start as library } from "./library.js";
import { start as pictures } from "./pictures.js";
import { start as play } from "./play.js";
import { start as previews } from "./previews.js";
import { start as results } from "./results.js";
import { start as selection } from "./selection.js";
import { start as stills } from "./stills.js";
import { start as steps } from "./steps.js";
import { start as tools } from "./tools.js";
import "./player.js";
import "./scenes.js";
import "./strip.js";

for (const start of [stills, keys, controls, steps, tools, pictures, drops, previews, play, alike, selection, exports, clip, results]) start();
if (document.querySelector(".library")) library();
if (document.querySelector(".adding")) import("./jobs.js").then(({ start }) => start());
if (document.getElementById("uploads")) import("./uploads.js").then(({ start }) => start());
