// The files of a drop, and which of them are recordings.

const UNKNOWN_TO_BROWSERS = new Set(
  "3g2 amr asf avi dav divx dv f4v flv m2t m2ts m2v mk3d mka mkv mod mov mpg mts mxf ogm ogv rm rmvb tod ts vob wmv".split(" "),
);

/** Whether a file is a recording by its name; the server looks at what is in it. */
export function isRecording({ name, type }) {
  return /^(video|audio)\//.test(type) || UNKNOWN_TO_BROWSERS.has(name.split(".").at(-1).toLowerCase());
}

/** The files that were dropped, and the recordings in folders that were; to be called while the event
 * is handled. */
export async function filesOf({ items, files }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some(({ isDirectory }) => isDirectory)) return [...files];
  return (await Promise.all(entries.map(walk))).flat().filter(isRecording);
}

async function walk(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => { entry.file(resolve, reject); })];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a reader gives a hundred at a time
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) break;
    found.push(...some.filter(({ name }) => !name.startsWith("."))); // macOS has ._film.mp4 beside film.mp4
  }
  return (await Promise.all(found.map(walk))).flat();
}
