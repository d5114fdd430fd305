"""What browsers are asked to learn whether they play a stream: RFC 6381 codec strings.

They are read from the configuration that a container holds of each stream, which FFmpeg fills in
from the first packets where there is none. Browsers that are asked about a profile that is not the
file's may say that they play it, and show a black picture.
"""

import re
from collections.abc import Iterator
from typing import Any

_NAMED = {
    **{"vp8": "vp8", "theora": "theora"},
    **{"mp3": "mp3", "opus": "opus", "vorbis": "vorbis", "flac": "flac", "alac": "alac"},
    **{"ac3": "ac-3", "eac3": "ec-3", "dts": "dtsc"},
}
"""Codecs of which the name says enough."""
_AAC_PROFILES = {"Main": 1, "LC": 2, "SSR": 3, "LTP": 4, "HE-AAC": 5, "HE-AACv2": 29}
"""Audio object types by FFmpeg's names of profiles."""
_VP9_LEVELS = (
    (10, 829_440, 36_864),
    (11, 2_764_800, 73_728),
    (20, 4_608_000, 122_880),
    (21, 9_216_000, 245_760),
    (30, 20_736_000, 552_960),
    (31, 36_864_000, 983_040),
    (40, 83_558_400, 2_228_224),
    (41, 160_432_128, 2_228_224),
    (50, 311_951_360, 8_912_896),
    (51, 588_251_136, 8_912_896),
    (52, 1_176_502_272, 8_912_896),
    (60, 1_176_502_272, 35_651_584),
    (61, 2_353_004_544, 35_651_584),
    (62, 4_706_009_088, 35_651_584),
)
"""(level, pixels a second, pixels of a picture), at most."""
_H264_SPS, _HEVC_SPS = 7, 33
"""Types of NAL units."""


def picture_codec_string(stream: Any, rate: float) -> str | None:
    """That of an open video stream with about so many frames a second; None for a codec that no
    browser knows, and for a stream that does not say its profile."""
    context = stream.codec_context
    tag, extradata = context.codec_tag, bytes(context.extradata or b"")
    match context.codec.canonical_name:
        case "h264":
            return h264_string(extradata, tag)
        case "hevc":
            return hevc_string(extradata, tag)
        case "vp9":
            pixels = context.format
            is_quarter = pixels is not None and pixels.name.startswith(("yuv420", "yuva420"))
            depth = pixels.components[0].bits if pixels is not None else 8
            return vp9_string(context.width * context.height, rate, depth, is_quarter=is_quarter)
        case "av1":
            return av1_string(extradata)
        case "mpeg4":
            return mpeg4_string(extradata)
        case name:
            return _NAMED.get(name)


def sound_codec_string(stream: Any) -> str | None:
    """That of an open audio stream; None for a codec that no browser knows."""
    context = stream.codec_context
    name = context.codec.canonical_name
    if name == "aac":
        return aac_string(bytes(context.extradata or b""), context.profile)
    if name in ("pcm_s16le", "pcm_s24le", "pcm_u8"):
        return "1"  # of WAVE_FORMAT_PCM
    return _NAMED.get(name)


def h264_string(extradata: bytes, tag: str = "") -> str | None:
    """Of an avcC, or of parameter sets as in Annex B: profile, constraints, level."""
    profile = extradata[1:4] if extradata[:1] == b"\1" else _nal_unit(extradata, _H264_SPS, 1)[:3]
    kind = "avc3" if tag == "avc3" else "avc1"
    return f"{kind}.{profile.hex().upper()}" if len(profile) == 3 else None


def hevc_string(extradata: bytes, tag: str = "") -> str | None:
    """Of an hvcC, or of parameter sets as in Annex B (ISO/IEC 14496-15, annex E)."""
    if extradata[:3] in (b"\0\0\0", b"\0\0\1"):
        profile = _nal_unit(extradata, _HEVC_SPS, 2)[1:13]
    else:
        profile = extradata[1:13]
    if len(profile) < 12:
        return None
    space, tier, number = profile[0] >> 6, profile[0] >> 5 & 1, profile[0] & 31
    compatible = int(f"{int.from_bytes(profile[1:5]):032b}"[::-1], 2)
    constraints = profile[5:11].rstrip(b"\0")
    return ".".join(
        [
            "hev1" if tag == "hev1" else "hvc1",
            f"{('', 'A', 'B', 'C')[space]}{number}",
            f"{compatible:X}",
            f"{'LH'[tier]}{profile[11]}",
            *(f"{byte:X}" for byte in constraints),
        ]
    )


def vp9_string(num_pixels: int, rate: float, depth: int, *, is_quarter: bool) -> str:
    """Of pictures of so many pixels and bits, with a quarter of the colours (4:2:0) or more: files
    seldom say their level, so it is the lowest that they fit in."""
    profile = (0 if is_quarter else 1) + (2 if depth > 8 else 0)
    fitting = (
        level for level, a_second, each in _VP9_LEVELS
        if num_pixels <= each and num_pixels * rate <= a_second
    )  # fmt: skip
    return f"vp09.{profile:02}.{next(fitting, _VP9_LEVELS[-1][0])}.{depth:02}"


def av1_string(extradata: bytes) -> str | None:
    """Of an av1C: profile, level, tier and depth."""
    if len(extradata) < 4 or extradata[0] != 0x81:
        return None
    profile, level = extradata[1] >> 5, extradata[1] & 31
    tier, is_high, is_twelve = (extradata[2] >> bit & 1 for bit in (7, 6, 5))
    depth = 12 if is_high and is_twelve else 10 if is_high else 8
    return f"av01.{profile}.{level:02}{'MH'[tier]}.{depth:02}"


def mpeg4_string(extradata: bytes) -> str:
    """Of the header of a visual object sequence: profile and level as one number."""
    found = re.search(rb"\x00\x00\x01\xb0(.)", extradata, re.DOTALL)
    return f"mp4v.20.{found[1][0]}" if found else "mp4v.20"


def aac_string(config: bytes, profile: str | None) -> str:
    """Of an AudioSpecificConfig, which may be missing, and FFmpeg's name of the profile, which
    knows of a doubled band that the configuration does not tell."""
    kind = 0
    if len(config) >= 2:
        kind = config[0] >> 3
        if kind == 31:
            kind = 32 + (int.from_bytes(config[:2]) >> 5 & 63)
    if kind in (0, 2):
        kind = _AAC_PROFILES.get(profile or "", 2)
    return f"mp4a.40.{kind}"


def _nal_unit(annex_b: bytes, kind: int, header_bytes: int) -> bytes:
    """What the first NAL unit of a type holds after its header; nothing if there is none."""
    for unit in _nal_units(annex_b):
        found = unit[0] & 31 if header_bytes == 1 else unit[0] >> 1 & 63
        if found == kind:
            # Bytes that only keep the data from looking like the begin of a unit.
            return unit[header_bytes:].replace(b"\0\0\3", b"\0\0")
    return b""


def _nal_units(annex_b: bytes) -> Iterator[bytes]:
    return (unit for unit in annex_b.split(b"\0\0\1")[1:] if unit)
