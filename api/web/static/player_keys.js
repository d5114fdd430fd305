// The keys of the player, as people know them from YouTube.

import { goTo, lengthOf, timeOf } from "./file_clock.js";
import { bind } from "./keys.js";

const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

export function bindPlayerKeys(player) {
  const { video } = player;
  const on = (key, name, action) => bind(key, name, (event) => {
    if (player.hidden || !video.hasAttribute("src")) return false;
    return action(event);
  }, "Player");
  const isKnown = () => video.readyState >= HTMLMediaElement.HAVE_METADATA; // or a seek leads nowhere

  bind("k", "Play or pause", toggle, "Player");
  bind(" ", "Play or pause", (event) => (isPressedBySpace(event.target) ? false : toggle()), "Player");
  on("j", "10 seconds back", () => skip(-10));
  on("l", "10 seconds on", () => skip(10));
  on("ArrowLeft", "5 seconds back", (event) => (event.target === video ? false : skip(-5)));
  on("ArrowRight", "5 seconds on", (event) => (event.target === video ? false : skip(5)));
  on(",", "One frame back, when paused", () => frame(-1));
  on(".", "One frame on, when paused", () => frame(1));
  on("<", "Slower", () => speed(-1));
  on(">", "Faster", () => speed(1));
  on([..."0123456789"], "To so many tenths of the video", ({ key }) => {
    if (isKnown()) goTo(video, (Number(key) / 10) * lengthOf(video));
  });
  on("m", "Sound on or off", () => {
    video.muted = !video.muted;
    player.say(video.muted ? "Sound off" : "Sound on");
  });
  on("f", "Full screen", () => {
    if (!video.checkVisibility()) return; // there is nothing to see of it
    const change = document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen?.();
    change?.catch(() => player.say("Full screen is not possible here"));
  });
  on("c", "Captions on or off", captions);

  function toggle() {
    const { sources } = player;
    if (player.hidden || !sources.isOpen || (sources.fault && !video.hasAttribute("src"))) return false;
    sources.toggle();
  }

  function skip(seconds) {
    if (isKnown()) goTo(video, Math.max(0, Math.min(timeOf(video) + seconds, lengthOf(video))));
  }

  function frame(step) {
    if (!video.paused || !isKnown()) return;
    const rate = Number(player.around?.dataset.frameRate) || 25;
    const number = Math.floor(timeOf(video) * rate + 0.01) + step;
    goTo(video, Math.max(0, (number + 0.1) / rate)); // a little behind its beginning
  }

  function speed(step) {
    const now = video.playbackRate; // the browser's own menu may know others
    const next = step > 0 ? SPEEDS.find((each) => each > now) : SPEEDS.findLast((each) => each < now);
    video.playbackRate = next ?? now;
    video.defaultPlaybackRate = video.playbackRate; // for the next video, too
    player.say(`Speed ${video.playbackRate}`);
  }

  function captions() {
    const tracks = [...video.textTracks];
    if (!tracks.length) return player.say(player.around ? "Nothing is said in this video" : "Captions are not there yet");
    const at = tracks.findIndex((track) => track.mode === "showing");
    if (at >= 0) tracks[at].mode = "disabled";
    const next = tracks[at + 1];
    if (next) next.mode = "showing";
    const name = tracks.length > 1 ? `: ${next?.label}` : "";
    player.say(next ? `Captions on${name}` : "Captions off");
  }
}

/** Whether Space does something there already: the browser's own player, buttons, boxes. */
function isPressedBySpace(element) {
  return element.closest("video, button, summary, input, [role=button], [role=slider]") !== null;
}
