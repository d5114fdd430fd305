// Times as players show them.

/** A place in a video, rounded down to the second: 0:07, 12:30, 1:02:05. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${minutes}:${padded(rest)}`;
}

/** A place in a video to the tenth of a second: 12:30.4. */
export function tenths(seconds) {
  const whole = Math.round(seconds * 10);
  return `${clock(Math.floor(whole / 10))}.${whole % 10}`;
}
