// What this browser cannot play is said: it would show a black picture, or be mute, and say nothing.
//
// The server names the codecs and has the words; here is decided which of them hold. The browser is
// asked first, and believed until it shows that it can, or fails.

/** Shows what holds of the messages in `around`, and whether there is a picture at all. */
export function judge(video, around) {
  const error = video.hasAttribute("src") ? video.error : null;
  const failed = error !== null;
  const gone = around.querySelector(".unplayable:not([data-stream])") !== null;
  const lost = error?.code === MediaError.MEDIA_ERR_NETWORK;
  const cannot = { picture: false, sound: false, file: failed && !lost, server: lost };
  for (const section of around.querySelectorAll(".unplayable[data-type]")) {
    const { stream, type } = section.dataset;
    const shows = stream === "picture" ? pictureShows(video) : soundIsHeard(video);
    cannot[stream] = !failed && !(shows ?? video.canPlayType(type) !== "");
  }
  for (const section of around.querySelectorAll(".unplayable[data-stream]")) {
    const hidden = !cannot[section.dataset.stream];
    if (section.hidden !== hidden) section.hidden = hidden;
  }
  return failed || gone ? "nothing" : hasPicture(around) && !cannot.picture ? "picture" : "sound";
}

const hasPicture = (around) => around.dataset.picture === "yes";

/** Null as long as nobody knows. */
function pictureShows(video) {
  return video.readyState >= HTMLMediaElement.HAVE_METADATA ? video.videoWidth > 0 : null;
}

/** Null as long as nobody knows; Chromium and Safari count what they have decoded. */
function soundIsHeard(video) {
  return video.webkitAudioDecodedByteCount > 0 ? true : null;
}
