// Small stills of a video at equal steps, from the sheets that the server makes of it.

const MAX_VIDEOS = 50;
const MAX_SHEETS = 12; // decoded: a sheet takes some megabytes
const tiles = new Map();
const sheets = new Map();

/** The tiles of a video, in order of time; none if it has no pictures, or none can be made. */
export const tilesOf = (video, signal) => kept(tiles, video, MAX_VIDEOS, () => askFor(video, signal));

/** The tile that shows a time. */
export function tileAt(tiles, time) {
  return tiles.findLast(({ start }) => start <= time) ?? tiles[0];
}

/** A tile's part of its sheet, to be drawn with `draw`. */
export const sheetOf = (tile, signal) => kept(sheets, tile.address, MAX_SHEETS, () => load(tile.address, signal));

/** Draws a tile, as large as it is; CSS makes it larger. */
export function draw(canvas, sheet, { left, top, width, height }) {
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").drawImage(sheet, left, top, width, height, 0, 0, width, height);
}

// Only what has come whole is kept: what one asks for and gives up is not lost for the next. What
// was wanted longest ago goes; pictures hold memory until they are closed.
async function kept(known, key, most, ask) {
  const found = known.get(key) ?? await ask();
  known.delete(key);
  known.set(key, found);
  if (known.size > most) {
    const [oldest, lost] = known.entries().next().value;
    known.delete(oldest);
    lost.close?.();
  }
  return found;
}

async function askFor(video, signal) {
  const response = await fetch(`/videos/${video}/sprites.vtt`, { signal });
  if (response.status === 503) throw new Error("not made yet");
  return response.ok ? [...parse(await response.text(), response.url)] : [];
}

async function load(address, signal) {
  const response = await fetch(address, { signal });
  if (!response.ok) throw new Error(`no sheet: ${response.status}`);
  return createImageBitmap(await response.blob());
}

const CUE = /^(\d+):(\d\d):(\d\d\.\d+) --> .*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$/gm;

function* parse(text, base) {
  for (const [, hours, minutes, seconds, path, ...place] of text.matchAll(CUE)) {
    const [left, top, width, height] = place.map(Number);
    const start = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
    yield { start, address: new URL(path, base).href, left, top, width, height };
  }
}
