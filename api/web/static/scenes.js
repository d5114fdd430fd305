// The scenes of a video, of which one plays.

/** Marks the scene that is at `time`, in seconds, among the links to all of them. */
export function markScene(scenes, time) {
  const playing = [...scenes].findLast(({ dataset }) => dataset.at <= time + 0.05);
  for (const scene of scenes) {
    if (scene === playing) scene.setAttribute("aria-current", "true");
    else if (scene.hasAttribute("aria-current")) scene.removeAttribute("aria-current");
  }
}
