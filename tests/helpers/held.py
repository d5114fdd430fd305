"""Films of pictures that are coded once and held, as slide shows and screen recorders have them."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.helpers.media import AUDIO_RATE, Picture, Sound

_BASE = Fraction(1, 1000)
Shown = tuple[Picture, float]
"""A picture, and for how many seconds it is shown."""


def write_held(
    path: Path,
    shown: Sequence[Shown],
    *,
    audio: Sound | None = None,
    begin_s: float = 0.0,
    iframe_every: int = 12,
) -> Path:
    """A film of pictures, each of its own length, the first one at `begin_s`; sound begins at 0."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", 25)
        video.height, video.width = shown[0][0].shape[:2]
        video.pix_fmt = "yuv420p"
        video.gop_size = iframe_every
        video.codec_context.time_base = _BASE
        video.options = {"preset": "ultrafast", "threads": "1", "bf": "0", "crf": "20"}
        sound = None
        if audio is not None:
            sound = container.add_stream("aac", AUDIO_RATE, layout="mono")
            samples = av.AudioFrame.from_ndarray(audio[np.newaxis], "s16", "mono")
            samples.sample_rate = AUDIO_RATE
            container.mux([*sound.encode(samples), *sound.encode(None)])
        time_s, packets = begin_s, []
        for picture, seconds in shown:
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = round(time_s / _BASE), _BASE
            time_s += seconds
            packets += video.encode(frame)
        packets += video.encode(None)
        for packet, (_, seconds) in zip(packets, shown, strict=True):
            packet.duration = round(seconds / _BASE)
            container.mux(packet)
    return path


def at_rate(pictures: Sequence[Picture], per_second: float) -> list[Shown]:
    """Pictures at a constant rate."""
    return [(picture, 1 / per_second) for picture in pictures]
