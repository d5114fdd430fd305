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
    num_b_frames: int = 0,
) -> Path:
    """A film of pictures, each of its own length, the first one at `begin_s`; sound begins at 0."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", 25)
        video.height, video.width = shown[0][0].shape[:2]
        video.pix_fmt = "yuv420p"
        video.gop_size = iframe_every
        video.codec_context.time_base = _BASE
        video.options = {"preset": "ultrafast", "threads": "1", "crf": "20"}
        video.options |= {"bf": str(num_b_frames), "b_strategy": "0", "sc_threshold": "0"}
        sound = None
        if audio is not None:
            sound = container.add_stream("aac", AUDIO_RATE, layout="mono")
            samples = av.AudioFrame.from_ndarray(audio[np.newaxis], "s16", "mono")
            samples.sample_rate = AUDIO_RATE
            container.mux([*sound.encode(samples), *sound.encode(None)])
        time_s, packets = begin_s, []
        lengths: dict[int | None, int] = {}
        for picture, seconds in shown:
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = round(time_s / _BASE), _BASE
            lengths[frame.pts] = round(seconds / _BASE)
            time_s += seconds
            packets += video.encode(frame)
        for packet in [*packets, *video.encode(None)]:
            packet.duration = lengths[packet.pts]
            container.mux(packet)
    return path


def at_rate(pictures: Sequence[Picture], per_second: float) -> list[Shown]:
    """Pictures at a constant rate."""
    return [(picture, 1 / per_second) for picture in pictures]
