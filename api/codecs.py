"""Codecs: what people call them, and what a browser is asked to learn whether it plays them.

Browsers show a black picture, or are mute, for what they cannot play, and say nothing: so the page
asks first. It asks about each stream alone: Chromium plays H.264 in MKV, and says that it does not.
"""

from dataclasses import dataclass

from database.videos.read import VideoInfo


@dataclass(frozen=True)
class Codec:
    """One stream's codec."""

    name: str
    """In words, such as MPEG-4 Part 2."""
    play_type: str
    """What canPlayType takes (RFC 6381); "" for what no browser plays."""


_PICTURES = {
    "h264": Codec("H.264", 'video/mp4; codecs="avc1.640028"'),
    "hevc": Codec("HEVC", 'video/mp4; codecs="hvc1.1.6.L120.90"'),
    "av1": Codec("AV1", 'video/mp4; codecs="av01.0.08M.08"'),
    "libdav1d": Codec("AV1", 'video/mp4; codecs="av01.0.08M.08"'),
    "vp8": Codec("VP8", 'video/webm; codecs="vp8"'),
    "vp9": Codec("VP9", 'video/webm; codecs="vp9"'),
    "theora": Codec("Theora", 'video/ogg; codecs="theora"'),
    "mpeg4": Codec("MPEG-4 Part 2", 'video/mp4; codecs="mp4v.20.9"'),
    "mpeg2video": Codec("MPEG-2", ""),
    "mpeg1video": Codec("MPEG-1", ""),
    "prores": Codec("ProRes", ""),
    "dnxhd": Codec("DNxHD", ""),
    "mjpeg": Codec("Motion JPEG", ""),
    "dvvideo": Codec("DV", ""),
    "vc1": Codec("VC-1", ""),
}
_SOUNDS = {
    "aac": Codec("AAC", 'audio/mp4; codecs="mp4a.40.2"'),
    "mp3": Codec("MP3", "audio/mpeg"),
    "mp3float": Codec("MP3", "audio/mpeg"),
    "opus": Codec("Opus", 'audio/webm; codecs="opus"'),
    "libopus": Codec("Opus", 'audio/webm; codecs="opus"'),
    "vorbis": Codec("Vorbis", 'audio/webm; codecs="vorbis"'),
    "flac": Codec("FLAC", 'audio/ogg; codecs="flac"'),
    "alac": Codec("Apple Lossless", 'audio/mp4; codecs="alac"'),
    "ac3": Codec("AC-3", 'audio/mp4; codecs="ac-3"'),
    "eac3": Codec("E-AC-3", 'audio/mp4; codecs="ec-3"'),
    "dca": Codec("DTS", 'audio/mp4; codecs="dtsc"'),
    "mp2": Codec("MP2", ""),
    "mp2float": Codec("MP2", ""),
    "wmav2": Codec("Windows Media Audio", ""),
}
_PCM = 'audio/wav; codecs="1"'


def picture_codec(video: VideoInfo) -> Codec | None:
    """That of the picture; None for a recording without."""
    name = video.video_codec
    return _PICTURES.get(name, Codec(name, "")) if name else None


def sound_codec(video: VideoInfo) -> Codec | None:
    """That of the sound; None for a silent film."""
    name = video.audio_codec
    if not name:
        return None
    if name.startswith("pcm_"):
        return Codec("PCM", _PCM)
    return _SOUNDS.get(name, Codec(name, ""))


_DECODERS = {
    "libdav1d": "av1",
    "libopus": "opus",
    "mp3float": "mp3",
    "mp2float": "mp2",
    "dca": "dts",
}
"""Decoders that are not called by their codec."""


def common_name(codec: str) -> str:
    """FFmpeg's name of a codec, by that of its decoder."""
    return _DECODERS.get(codec, codec)
