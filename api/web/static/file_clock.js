// Where a <video> stands, in presented time, by which all on the page goes. The element itself goes
// by the file's own clock, which may begin in 1970, or jump: the server tells how both belong together
// (database/videos/file_clock.py).

const PRESENTED = { pairs: [[0, 0]], until: null };
const clocks = new WeakMap();

/** The clock of what is to play; none where its stamps are the presented times. */
export function setClock(video, json) {
  clocks.set(video, read(json));
}

/** The clock by which it goes now; another object after each that is set. */
export const clockOf = (video) => clocks.get(video) ?? PRESENTED;

/** Whether a place can be found by a clock. */
export const finds = (json, time) => time < (read(json).until ?? Infinity);

/** Where it stands. Between two runs of the clock, where the next one begins. */
export function timeOf(video) {
  return presented(clockOf(video), video.currentTime);
}

/** How long it is. */
export const lengthOf = (video) => presented(clockOf(video), video.duration);

/** What the file's clock says at a time. */
export function stampOf(video, time) {
  const { pairs } = clockOf(video);
  const [begin, stamp] = pairs.findLast(([begin]) => begin <= time) ?? pairs[0];
  return stamp + time - begin;
}

export function goTo(video, time) {
  video.currentTime = stampOf(video, time);
}

/** Plays on behind a jump of the clock: a browser would show the last picture until the day is over. */
export function leapGap(video) {
  const { pairs } = clockOf(video);
  const next = pairs.findIndex(([, stamp]) => stamp > video.currentTime);
  if (next < 1) return;
  const [[begin, stamp], [end, after]] = [pairs[next - 1], pairs[next]];
  if (video.currentTime - stamp >= end - begin) video.currentTime = after;
}

/** Puts captions where their words are said by the file's clock. */
export function stampCues(video, track) {
  const { mode } = track;
  if (mode === "disabled") track.mode = "hidden"; // else it has no cues
  for (const cue of [...track.cues]) {
    const [start, length] = [cue.startTime, cue.endTime - cue.startTime];
    if (start >= (clockOf(video).until ?? Infinity)) {
      track.removeCue(cue);
      continue;
    }
    cue.endTime = stampOf(video, start) + length;
    cue.startTime = stampOf(video, start);
  }
  track.mode = mode;
}

const read = (json) => (json ? JSON.parse(json) : PRESENTED);

function presented({ pairs }, stamp) {
  const at = Math.max(pairs.findLastIndex(([, first]) => first <= stamp), 0);
  const [begin, first] = pairs[at];
  const next = pairs[at + 1]?.[0] ?? Infinity;
  return Math.max(0, Math.min(begin + stamp - first, next));
}
