// A part of a picture, chosen in a dialog: drawn with a pointer, or moved and resized with keys.

import { say } from "./notice.js";

const SMALLEST = 0.04;
const STEP = 0.02;
const dialog = document.querySelector("dialog.crop");
const stage = dialog?.querySelector(".stage");
const canvas = dialog?.querySelector("canvas");
const box = dialog?.querySelector(".part");
let part; // of the picture: left, top, width and height, its sides being 1

if (dialog) {
  stage.addEventListener("pointerdown", draw);
  box.addEventListener("keydown", steer);
}

/** A part of a picture as a file, null if none is chosen; `source` is a video that has a picture,
 * or the address of a still. */
export async function choosePart(source) {
  try {
    paint(typeof source === "string" ? await loaded(source) : source);
  } catch {
    say("This picture cannot be loaded: reload the page, and try again.");
    return null;
  }
  if (dialog.open) return null; // asked for twice while the picture was loading
  place({ left: 0.25, top: 0.25, width: 0.5, height: 0.5 });
  dialog.returnValue = "";
  dialog.showModal();
  await closed();
  return dialog.returnValue === "search" ? cut() : null;
}

/** A browser tells that a dialog was closed some time after: it may be open again by then. */
async function closed() {
  while (dialog.open) {
    await new Promise((told) => dialog.addEventListener("close", told, { once: true }));
  }
}

async function loaded(address) {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  return picture;
}

function paint(picture) {
  canvas.width = picture.videoWidth ?? picture.naturalWidth;
  canvas.height = picture.videoHeight ?? picture.naturalHeight;
  canvas.getContext("2d").drawImage(picture, 0, 0);
}

function cut() {
  const [left, width] = [part.left, part.width].map((side) => Math.round(side * canvas.width));
  const [top, height] = [part.top, part.height].map((side) => Math.round(side * canvas.height));
  const piece = document.createElement("canvas");
  piece.width = Math.max(width, 1);
  piece.height = Math.max(height, 1);
  piece.getContext("2d").drawImage(canvas, -left, -top);
  return new Promise((made) => piece.toBlob(made, "image/jpeg", 0.95));
}

/** Puts the box somewhere, within the picture and not too small to be seen. */
function place({ left, top, width, height }) {
  const [w, h] = [width, height].map((side) => clamp(side, SMALLEST, 1));
  part = { left: clamp(left, 0, 1 - w), top: clamp(top, 0, 1 - h), width: w, height: h };
  for (const [side, share] of Object.entries(part)) box.style[side] = `${share * 100}%`;
  const [x, y, wide, high] = Object.values(part).map((share) => Math.round(share * 100));
  dialog.querySelector("output").value =
    `${x} % from the left, ${y} % from the top, ${wide} % wide, ${high} % high`;
}

/** Inside the box a pointer moves it; elsewhere it draws another. */
function draw(down) {
  down.preventDefault();
  box.focus();
  stage.setPointerCapture(down.pointerId);
  const before = part;
  const from = pointOf(down);
  const moves = down.target === box;
  const follow = (event) => {
    const to = pointOf(event);
    if (moves) {
      place({ ...before, left: before.left + to.x - from.x, top: before.top + to.y - from.y });
    } else {
      const [width, height] = [Math.abs(to.x - from.x), Math.abs(to.y - from.y)];
      place({ left: Math.min(from.x, to.x), top: Math.min(from.y, to.y), width, height });
    }
  };
  stage.addEventListener("pointermove", follow);
  stage.addEventListener("lostpointercapture", () => {
    stage.removeEventListener("pointermove", follow);
  }, { once: true });
}

function pointOf(event) {
  const { left, top, width, height } = stage.getBoundingClientRect();
  return {
    x: clamp((event.clientX - left) / width, 0, 1),
    y: clamp((event.clientY - top) / height, 0, 1),
  };
}

/** Arrow keys move the box; with Shift they move its right and lower edges. */
function steer(event) {
  const [x, y] = {
    ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP],
  }[event.key] ?? [0, 0];
  if (event.key === "Enter") dialog.close("search");
  else if (!x && !y) return;
  else if (event.shiftKey) resize(part.width + x, part.height + y);
  else place({ ...part, left: part.left + x, top: part.top + y });
  event.preventDefault();
}

function resize(width, height) {
  place({ ...part, width: Math.min(width, 1 - part.left), height: Math.min(height, 1 - part.top) });
}

function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
