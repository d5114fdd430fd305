"""Codecs as people call them."""

_DECODERS = {
    "libdav1d": "av1",
    "libopus": "opus",
    "mp3float": "mp3",
    "mp2float": "mp2",
    "dca": "dts",
}
"""Decoders that are not called by their codec."""
_NAMES = {
    "h264": "H.264",
    "hevc": "HEVC",
    "av1": "AV1",
    "vp8": "VP8",
    "vp9": "VP9",
    "theora": "Theora",
    "mpeg4": "MPEG-4 Part 2",
    "mpeg2video": "MPEG-2",
    "mpeg1video": "MPEG-1",
    "prores": "ProRes",
    "dnxhd": "DNxHD",
    "mjpeg": "Motion JPEG",
    "dvvideo": "DV",
    "vc1": "VC-1",
    "aac": "AAC",
    "mp3": "MP3",
    "mp2": "MP2",
    "opus": "Opus",
    "vorbis": "Vorbis",
    "flac": "FLAC",
    "alac": "Apple Lossless",
    "ac3": "AC-3",
    "eac3": "E-AC-3",
    "dts": "DTS",
    "wmav2": "Windows Media Audio",
}


def codec_name(codec: str) -> str:
    """A codec in words, such as MPEG-4 Part 2, by FFmpeg's name of it or of its decoder."""
    return "PCM" if codec.startswith("pcm_") else _NAMES.get(common_name(codec), codec)


def common_name(codec: str) -> str:
    """FFmpeg's name of a codec, by that of its decoder."""
    return _DECODERS.get(codec, codec)
