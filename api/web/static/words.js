// Numbers, sizes and times as people say them.

/** A number of things: 1 file, 1,200 files. */
export const counted = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** 4.2 GB, 850 kB. */
export function sizeOf(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let number = bytes;
  let unit = 0;
  while (number >= 999.5 && unit < units.length - 1) {
    number /= 1000;
    unit += 1;
  }
  const digits = unit > 1 && number < 99.95 ? 1 : 0;
  return `${number.toFixed(digits)} ${units[unit]}`;
}

/** How long something still takes: about 4 min left. */
export function left(seconds) {
  if (seconds < 60) return "less than a minute left";
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `about ${minutes} min left` : `about ${Math.round(minutes / 60)} h left`;
}
