"""Inputs of the benchmarks, made from the sample that ships with the project."""

from pathlib import Path
from typing import Any

import av
import numpy as np

SAMPLE = Path(__file__).resolve().parent.parent / "sample" / "tour.mp4"
_LOOP_S = 42.52
"""Longer than the sample, so that the packets of one round never reach into the next."""


def looped(target: Path, rounds: int, title: str = "") -> Path:
    """The sample's packets again and again: real pictures and speech of any length, in no time.

    Another title makes another content hash.
    """
    with av.open(str(target), "w") as out:
        out.metadata["title"] = title or target.stem
        streams: dict[int, Any] = {}
        for number in range(rounds):
            with av.open(str(SAMPLE)) as source:
                if not streams:
                    streams = {s.index: out.add_stream_from_template(s) for s in source.streams}
                for packet in source.demux():
                    if packet.dts is None or packet.pts is None:
                        continue
                    offset = round(number * _LOOP_S / packet.time_base)
                    packet.pts += offset
                    packet.dts += offset
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)
    return target


def full_hd(target: Path, seconds: float = 30.0) -> Path:
    """A 1920×1080 H.264 video with sound: the sample's pictures, enlarged, with film grain."""
    noise = np.random.default_rng(7)
    grain = noise.integers(-9, 10, (8, 1080, 1920, 1), dtype=np.int16)
    with av.open(str(SAMPLE)) as source, av.open(str(target), "w") as out:
        video = out.add_stream("h264", rate=25, options={"crf": "21", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = 1920, 1080, "yuv420p"
        audio = out.add_stream("aac", rate=48_000)
        for frame in source.decode(video=0, audio=0):
            assert isinstance(frame, av.VideoFrame | av.AudioFrame)
            if frame.time is None or frame.time >= seconds:
                continue
            if isinstance(frame, av.AudioFrame):
                out.mux(audio.encode(frame))
                continue
            large = frame.reformat(1920, 1080, "rgb24").to_ndarray().astype(np.int16)
            picture = np.clip(large + grain[int(frame.pts or 0) % 8], 0, 255).astype(np.uint8)
            encoded = av.VideoFrame.from_ndarray(picture, format="rgb24")
            encoded.pts, encoded.time_base = frame.pts, frame.time_base
            out.mux(video.encode(encoded))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return target
