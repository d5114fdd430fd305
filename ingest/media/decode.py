"""The one decode pass of a file: scenes, keyframes and sound together. Runs in a child process.

Work is done on the decoded planes: a small picture is a strided view of them, and only keyframes
are ever converted at full size.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.container import InputContainer

from ingest.errors import VideoUnreadable
from ingest.media.audio import AudioWriter, Stretch
from ingest.media.container import Probe, open_media, probe
from ingest.scenes.detector import MAX_SCENE_S, SceneDetector, equal_parts
from ingest.scenes.keyframes import KeyframeCollector, difference_hash, write_jpeg

SMALL_WIDTH_PX = 192
_REPORT_EVERY_S = 0.5
_MAX_DECODE_ERRORS = 500


@dataclass(frozen=True)
class DecodeOptions:
    """Limits and the mode of a decode pass."""

    max_pixels: int
    max_duration_s: float
    keyframes_only: bool = False
    """Decode only I-frames: far cheaper, with scenes cut only where an I-frame stands."""


@dataclass(frozen=True)
class Keyframe:
    """A JPEG in the output folder; `scene` is the position of its scene."""

    scene: int
    time_s: float
    name: str
    look: int | None = None
    """Its difference hash; None if it shows nothing."""


@dataclass(frozen=True)
class Decoded:
    """What a decode pass found; times in seconds from the start of the container."""

    probe: Probe
    duration_s: float
    frame_rate: float | None
    width_px: int | None
    height_px: int | None
    scenes: list[tuple[float, float]]
    """Empty for a recording without pictures."""
    keyframes: list[Keyframe]
    stretches: list[Stretch]
    """Of the sound in `audio.s16`; empty if there is none."""
    num_samples: int
    partial_reason: str | None


def decode_file(
    path: Path, folder: Path, options: DecodeOptions, report: Callable[[float], None]
) -> Decoded:
    """Decodes `path` once, writing keyframes and `audio.s16` into the new folder `folder`.

    `report` is called now and then with the part of the declared duration that is done, in
    [0, 1]. Raises VideoUnreadable, OSError.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with open_media(path) as container:
        header = probe(container, options.max_pixels)
        with AudioWriter(folder / "audio.s16") as audio:
            decoding = _Decoding(container, header, folder, audio, options, report)
            decoding.run()
        return decoding.result()


@dataclass
class _Decoding:
    """The state of one pass."""

    container: InputContainer
    header: Probe
    folder: Path
    audio: AudioWriter
    options: DecodeOptions
    report: Callable[[float], None]
    detector: SceneDetector | None = None
    collector: KeyframeCollector = field(default_factory=KeyframeCollector)
    scenes: list[tuple[float, float]] = field(default_factory=list)
    keyframes: list[Keyframe] = field(default_factory=list)
    num_frames: int = 0
    scene_start_s: float = 0.0
    video_end_s: float = 0.0
    size: tuple[int, int] | None = None
    errors: int = 0
    last_error: str = ""
    reported: float = 0.0

    def run(self) -> None:
        """Demuxes and decodes everything, keeping what was decoded before an error."""
        indexes = [i for i in (self.header.video_index, self.header.audio_index) if i is not None]
        streams = [self.container.streams[index] for index in indexes]
        for stream in streams:
            context = stream.codec_context
            context.thread_type = "AUTO"
            if stream.type == "video":
                context.options = {"max_pixels": str(self.options.max_pixels)}
                if self.options.keyframes_only:
                    context.skip_frame = "NONKEY"
        packets = self.container.demux(streams)
        while self.errors < _MAX_DECODE_ERRORS:
            try:
                packet = next(packets)
                if self.options.keyframes_only:
                    self._note_end(packet)
                for frame in packet.decode():
                    self._take(frame)
            except StopIteration:
                break
            except av.error.EOFError:
                break
            except MemoryError:
                raise
            except (av.error.FFmpegError, ValueError) as error:
                self.errors += 1
                self.last_error = str(getattr(error, "strerror", None) or error)
        if self.detector is not None:
            for cut_s in self.detector.finish():
                self._close_scene(cut_s - self.header.start_s)
            self._close_scene(self.video_end_s)

    def result(self) -> Decoded:
        """What was found. Raises VideoUnreadable if it is nothing."""
        duration_s = max(self.video_end_s, self.audio.end_s)
        if not self.num_frames and not self.audio.num_samples:
            raise VideoUnreadable(f"nothing could be decoded: {self.last_error or 'no frames'}")
        rate = None
        if self.num_frames > 1 and not self.options.keyframes_only:
            rate = self.num_frames / max(self.video_end_s - self.scenes[0][0], 1e-6)
        return Decoded(
            probe=self.header,
            duration_s=duration_s,
            frame_rate=rate,
            width_px=self.size[0] if self.size else None,
            height_px=self.size[1] if self.size else None,
            scenes=self.scenes,
            keyframes=self.keyframes,
            stretches=self.audio.stretches,
            num_samples=self.audio.num_samples,
            partial_reason=self._partial_reason(duration_s),
        )

    def _partial_reason(self, duration_s: float) -> str | None:
        """Headers lie, and out of memory looks like an end: compare what came with the claim."""
        if self.header.video_index is not None and not self.num_frames:
            return f"no picture could be decoded: {self.last_error or 'no frames'}"
        declared_s = self.header.declared_s
        if declared_s is not None and duration_s < declared_s - max(1.0, 0.05 * declared_s):
            cause = f" ({self.last_error})" if self.last_error else ""
            return f"only {duration_s:.1f} s of {declared_s:.1f} s could be decoded{cause}"
        if self.errors:
            return f"{self.errors} damaged parts were left out ({self.last_error})"
        return None

    def _note_end(self, packet: "av.Packet[Any]") -> None:
        """Pictures that are not decoded still say how long the video is."""
        if packet.stream.type == "video" and packet.pts is not None:
            end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            end_s -= self.header.start_s
            self._check_time(end_s)
            self.video_end_s = max(self.video_end_s, end_s)

    def _take(self, frame: av.VideoFrame | av.AudioFrame | object) -> None:
        if isinstance(frame, av.AudioFrame):
            time_s = self.audio.end_s if frame.pts is None else self._time(frame)
            self._check_time(time_s)
            self.audio.write(frame, max(time_s, 0.0))
        elif isinstance(frame, av.VideoFrame):
            self._take_picture(frame)

    def _take_picture(self, frame: av.VideoFrame) -> None:
        base = frame.time_base or Fraction(1, 1000)
        if frame.pts is None:
            frame.pts = round(self.video_end_s / base)
        time_s = max(self._time(frame), 0.0)
        self._check_time(time_s)
        image = small_picture(frame)
        if self.detector is None:
            stream = self.container.streams[self.header.video_index or 0]
            rate = getattr(stream, "average_rate", None) or Fraction(25)
            sparse = self.options.keyframes_only
            self.detector = SceneDetector(base, rate, sparse=sparse)
            self.scene_start_s = time_s
            sideways = round(frame.rotation / 90) % 2
            self.size = (frame.height, frame.width) if sideways else (frame.width, frame.height)
        offset_s = self.header.start_s
        for cut_s in self.detector.feed(max(frame.pts, 0), image):
            self._close_scene(cut_s - offset_s)
        if time_s - self.scene_start_s >= MAX_SCENE_S:
            self._close_scene(self.scene_start_s + MAX_SCENE_S / 2)
        self.collector.offer(time_s, frame, image)
        self.num_frames += 1
        length_s = float(frame.duration * base) if frame.duration else 0.04
        self.video_end_s = max(self.video_end_s, time_s + min(length_s, 1.0))
        if time.monotonic() - self.reported > _REPORT_EVERY_S:
            self.reported = time.monotonic()
            self.report(min(1.0, time_s / (self.header.declared_s or self.options.max_duration_s)))

    def _time(self, frame: av.VideoFrame | av.AudioFrame) -> float:
        assert frame.pts is not None
        return float(frame.pts * (frame.time_base or Fraction(1, 1000))) - self.header.start_s

    def _check_time(self, time_s: float) -> None:
        if time_s > self.options.max_duration_s:
            raise VideoUnreadable(
                f"lasts longer than INGEST_MAX_DURATION_S ({self.options.max_duration_s:.0f} s)"
            )

    def _close_scene(self, end_s: float) -> None:
        """Writes the keyframes of the scene that ends here; a take without cuts is split."""
        end_s = max(end_s, self.scene_start_s)
        chosen = self.collector.close_scene(self.scene_start_s, end_s)
        if not chosen and self.scenes:
            self.scenes[-1] = (self.scenes[-1][0], end_s)
        else:
            first = len(self.scenes)
            self.scenes += equal_parts(self.scene_start_s, end_s, MAX_SCENE_S)
            for candidate in chosen:
                scene = next(
                    i
                    for i in range(len(self.scenes) - 1, first - 1, -1)
                    if self.scenes[i][0] <= candidate.time_s or i == first
                )
                name = f"{round(candidate.time_s * 1000):09d}.jpg"
                write_jpeg(candidate.frame, self.folder / name)
                self.keyframes.append(
                    Keyframe(scene, candidate.time_s, name, difference_hash(candidate.small))
                )
        self.scene_start_s = end_s


def small_picture(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    """The frame as BGR uint8 [h, w, 3], about SMALL_WIDTH_PX wide.

    8-bit 4:2:0, by far the most common format, is read from its planes without conversion.
    """
    step = max(1, frame.width // SMALL_WIDTH_PX) // 2 * 2
    if frame.format.name in ("yuv420p", "yuvj420p") and step >= 2:
        luma, blue, red = (_plane(frame, index) for index in range(3))
        rows = (frame.height // 2 * 2) // step
        columns = (frame.width // 2 * 2) // step
        planes = [
            luma[: rows * step : step, : columns * step : step],
            red[: rows * step // 2 : step // 2, : columns * step // 2 : step // 2],
            blue[: rows * step // 2 : step // 2, : columns * step // 2 : step // 2],
        ]
        if rows and columns:
            return np.asarray(cv2.cvtColor(cv2.merge(planes), cv2.COLOR_YCrCb2BGR), np.uint8)
    height = max(2, round(frame.height * SMALL_WIDTH_PX / frame.width))
    small = frame.reformat(
        width=SMALL_WIDTH_PX,
        height=min(height, 4096),
        format="bgr24",
        interpolation="FAST_BILINEAR",
    )
    return np.asarray(small.to_ndarray(), np.uint8)


def _plane(frame: av.VideoFrame, index: int) -> npt.NDArray[np.uint8]:
    plane = frame.planes[index]
    buffer = np.frombuffer(memoryview(plane), np.uint8)
    return buffer.reshape(plane.height, plane.line_size)[:, : plane.width]
