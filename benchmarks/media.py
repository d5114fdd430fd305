"""Inputs of the benchmarks, made from the sample that ships with the project."""

from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from embeddings.encoder import Image

SAMPLE = Path(__file__).resolve().parent.parent / "sample" / "tour.mp4"
_LOOP_S = 42.52
"""Longer than the sample, so that the packets of one round never reach into the next."""
HD = (1280, 720)


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


def beginning(target: Path, seconds: float) -> Path:
    """The first seconds of the sample, titled as the file is called: each is another content."""
    with av.open(str(target), "w") as out, av.open(str(SAMPLE)) as source:
        out.metadata["title"] = target.stem
        streams = {each.index: out.add_stream_from_template(each) for each in source.streams}
        for packet in source.demux():
            if packet.dts is None or packet.dts * packet.time_base >= seconds:
                continue
            packet.stream = streams[packet.stream.index]
            out.mux(packet)
    return target


FULL_HD = (1920, 1080)


def enlarged(
    target: Path, encoder: str, size: tuple[int, int], options: dict[str, str], seconds: float
) -> Path:
    """A video with AAC sound: the sample's pictures, enlarged to a width and height, with film
    grain."""
    width, height = size
    noise = np.random.default_rng(7)
    grain = noise.integers(-9, 10, (8, height, width, 1), dtype=np.int16)
    with av.open(str(SAMPLE)) as source, av.open(str(target), "w") as out:
        video: Any = out.add_stream(encoder, rate=25, options=options)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = out.add_stream("aac", rate=48_000)
        for frame in source.decode(video=0, audio=0):
            assert isinstance(frame, av.VideoFrame | av.AudioFrame)
            if frame.time is None or frame.time >= seconds:
                continue
            if isinstance(frame, av.AudioFrame):
                out.mux(audio.encode(frame))
                continue
            large = frame.reformat(width, height, "rgb24").to_ndarray().astype(np.int16)
            picture = np.clip(large + grain[int(frame.pts or 0) % 8], 0, 255).astype(np.uint8)
            encoded = av.VideoFrame.from_ndarray(picture, format="rgb24")
            encoded.pts, encoded.time_base = frame.pts, frame.time_base
            out.mux(video.encode(encoded))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return target


def full_hd(target: Path, seconds: float = 30.0) -> Path:
    """A 1920×1080 H.264 video with sound and film grain."""
    return enlarged(target, "h264", FULL_HD, {"crf": "21", "preset": "veryfast"}, seconds)


def hevc(target: Path, seconds: float = 40.0) -> Path:
    """A 1280×720 HEVC video with sound and film grain, an I-frame every ten seconds."""
    options = {"crf": "24", "preset": "ultrafast", "x265-params": "log-level=error:keyint=250"}
    return enlarged(target, "libx265", HD, options, seconds)


def pictures(count: int) -> list[Image]:
    """RGB 1280×720: frames of the sample at all distances and sides, and as many drawings."""
    rng = np.random.default_rng(7)
    with av.open(str(SAMPLE)) as source:
        every_tenth = islice(source.decode(video=0), 0, None, 10)
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in every_tenth]
    shots = [_zoomed(frames[i], rng) for i in rng.integers(0, len(frames), count // 2)]
    return [*shots, *(_drawing(rng) for _ in range(count - len(shots)))]


def _zoomed(frame: Image, rng: np.random.Generator) -> Image:
    """A part of a frame, or its mirror image."""
    share = rng.uniform(0.4, 1.0)
    height, width = (round(side * share) for side in frame.shape[:2])
    top = rng.integers(0, frame.shape[0] - height + 1)
    left = rng.integers(0, frame.shape[1] - width + 1)
    part = cv2.resize(frame[top : top + height, left : left + width], HD)
    return np.asarray(cv2.flip(part, 1) if rng.random() < 0.5 else part, np.uint8)


def _drawing(rng: np.random.Generator) -> Image:
    """Discs and blocks of many colours and sizes on a plain ground."""
    picture = np.full((HD[1], HD[0], 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(rng.integers(1, 16)):
        centre = (int(rng.integers(0, HD[0])), int(rng.integers(0, HD[1])))
        size, colour = int(rng.integers(20, 300)), rng.integers(0, 256, 3).tolist()
        if rng.random() < 0.5:
            cv2.circle(picture, centre, size, colour, -1)
        else:
            cv2.rectangle(picture, centre, (centre[0] + size, centre[1] + size // 2), colour, -1)
    return picture
