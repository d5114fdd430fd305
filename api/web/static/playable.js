// What a browser cannot play of a video: it would show a black picture, or be mute, and say nothing.

const SILENT_S = 1; // so long something is played before its silence means anything

/** What of a source is not played: "picture", "sound", "file" (nothing at all) or "server" (it does
 *  not come); null if all is, or nothing is known yet. `facts` are the server's, of the video. */
export function faultOf(video, facts, source) {
  if (!video.hasAttribute("src")) return null;
  if (video.error) return video.error.code === MediaError.MEDIA_ERR_NETWORK ? "server" : "file";
  if (video.readyState < HTMLMediaElement.HAVE_METADATA) return null;
  if (video.videoWidth === 0 && facts?.video_codec !== null) return "picture";
  return facts?.audio_codec && isMute(video, facts, source) ? "sound" : null;
}

/** Whether a browser says that it plays a source, or may. */
export function claims(video, { type, codecs }) {
  return codecs !== null && video.canPlayType(codecs ? `${type}; codecs="${codecs}"` : type) !== "";
}

/** Browsers count what they decode, or say whether there is a sound track for them. What they do not
 *  claim to play is believed at once, else a moment is played. */
function isMute(video, { sounds }, source) {
  const decoded = video.webkitAudioDecodedByteCount ?? video.mozHasAudio;
  if (decoded > 0 || video.seeking || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return false;
  if (source.kind === "original" && !playsSound(video, sounds[0])) return true;
  return decoded !== undefined && playedFor(video) > SILENT_S;
}

function playsSound(video, sound) {
  const types = ["audio/mp4", "audio/webm", "audio/ogg", "audio/wav"];
  return types.some((type) => claims(video, { type, codecs: sound?.codec_string ?? null }));
}

function playedFor({ played }) {
  let seconds = 0;
  for (let at = 0; at < played.length; at++) seconds += played.end(at) - played.start(at);
  return seconds;
}

/** Shows which of the messages in `around` hold, and whether there is a picture at all. */
export function tellFault(around, { fault, refusal }) {
  for (const section of around.querySelectorAll(".unplayable[data-fault]")) {
    const hidden = section.dataset.fault !== fault;
    if (section.hidden !== hidden) section.hidden = hidden;
    const [why] = section.getElementsByClassName("refused");
    if (why) why.textContent = refusal && `The server says: ${refusal}.`;
  }
  const gone = around.querySelector(".unplayable:not([data-fault])") !== null;
  if (gone || ["file", "server", "moment"].includes(fault)) return "nothing";
  return around.dataset.picture === "yes" && fault !== "picture" ? "picture" : "sound";
}
