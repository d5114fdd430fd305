"""The one decode pass of a file: scenes, keyframes and sound together. Runs in a child process.

Scenes are detected in small pictures that are strided views of the decoded planes; only keyframes
are ever converted at full size.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from ingest.errors import VideoUnreadable
from ingest.media.audio import AudioWriter, Stretch
from ingest.media.container import Probe, open_media, probe
from ingest.media.timeline import Picture, Sound, Timeline
from ingest.scenes.detector import SceneDetector
from ingest.scenes.keyframes import Candidate, KeyframeCollector, difference_hash, write_jpeg
from ingest.scenes.scene import MAX_SCENE_S, Scene

SMALL_WIDTH_PX = 192
_REPORT_EVERY_S = 0.5


@dataclass(frozen=True)
class DecodeOptions:
    """The limits of a decode pass, and whether it decodes I-frames only."""

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
    """What a decode pass found; times in seconds since the start of the container's clock."""

    probe: Probe
    duration_s: float
    frame_rate: float | None
    width_px: int | None
    height_px: int | None
    scenes: list[Scene]
    """In order, without gaps; empty for a recording without pictures."""
    keyframes: list[Keyframe]
    stretches: list[Stretch]
    """Of the sound in `audio.s16`; empty if there is none."""
    num_samples: int
    partial_reason: str | None


def decode_file(
    path: Path, folder: Path, options: DecodeOptions, report: Callable[[float], None]
) -> Decoded:
    """The scenes, keyframes and sound of `path`; the JPEGs and `audio.s16` are in the new `folder`.

    `report` is called now and then with the part of the declared duration that is done, in
    [0, 1]. Raises VideoUnreadable, OSError.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with open_media(path) as container:
        header = probe(container, options.max_pixels)
        with AudioWriter(folder / "audio.s16") as audio:
            timeline = Timeline(
                container, header, options.max_pixels, iframes_only=options.keyframes_only
            )
            decoding = _Decoding(timeline, folder, audio, options, report)
            decoding.run()
        return decoding.result()


@dataclass
class _Decoding:
    """One pass over a file: what came so far, and the scene that is still open."""

    timeline: Timeline
    folder: Path
    audio: AudioWriter
    options: DecodeOptions
    report: Callable[[float], None]
    detector: SceneDetector | None = None
    collector: KeyframeCollector = field(default_factory=KeyframeCollector)
    scenes: list[Scene] = field(default_factory=list)
    keyframes: list[Keyframe] = field(default_factory=list)
    num_frames: int = 0
    scene_start_s: float = 0.0
    size: tuple[int, int] | None = None
    """(width, height) of the first picture, upright."""
    reported: float = 0.0

    def run(self) -> None:
        """Takes all that the timeline has; what was decoded before an error is kept."""
        for found in self.timeline:
            with self.timeline.tolerating_damage():
                if isinstance(found, Picture):
                    self._take_picture(found)
                elif isinstance(found, Sound):
                    self._take_sound(found)
                else:
                    self._check_time(found.end_s)
        if self.detector is not None:
            for cut_s in self.detector.finish():
                self._close_scene(cut_s - self.timeline.header.start_s)
            self._close_scene(self.timeline.video_end_s)

    def result(self) -> Decoded:
        """What was found. Raises VideoUnreadable if it is nothing."""
        video_end_s = self.timeline.video_end_s
        duration_s = max(video_end_s, self.audio.end_s)
        if not self.num_frames and not self.audio.num_samples:
            cause = self.timeline.last_error or "no frames"
            raise VideoUnreadable(f"nothing could be decoded: {cause}")
        rate = None
        if self.num_frames > 1 and not self.options.keyframes_only:
            rate = self.num_frames / max(video_end_s - self.scenes[0].start_s, 1e-6)
        return Decoded(
            probe=self.timeline.header,
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
        """What is missing of what the header claims; None if nothing is.

        Headers lie, and a decoder that runs out of memory looks like one that reached the end.
        """
        header, last_error = self.timeline.header, self.timeline.last_error
        if header.video_index is not None and not self.num_frames:
            return f"no picture could be decoded: {last_error or 'no frames'}"
        declared_s = header.declared_s
        if declared_s is not None and duration_s < declared_s - max(1.0, 0.05 * declared_s):
            cause = f" ({last_error})" if last_error else ""
            return f"only {duration_s:.1f} s of {declared_s:.1f} s could be decoded{cause}"
        if self.timeline.num_errors:
            return f"{self.timeline.num_errors} damaged parts were left out ({last_error})"
        return None

    def _take_sound(self, sound: Sound) -> None:
        time_s = self.audio.end_s if sound.time_s is None else sound.time_s
        self._check_time(time_s)
        self.audio.write(sound.frame, max(time_s, 0.0))

    def _take_picture(self, picture: Picture) -> None:
        self._check_time(picture.time_s)
        frame = picture.frame
        image = small_picture(frame)
        if self.detector is None:
            self.detector = self._start(picture)
        for cut_s in self.detector.feed(max(frame.pts or 0, 0), image):
            self._close_scene(cut_s - self.timeline.header.start_s)
        if picture.time_s - self.scene_start_s >= MAX_SCENE_S:
            self._close_scene(self.scene_start_s + MAX_SCENE_S / 2)
        self.collector.offer(picture.time_s, frame, image)
        self.num_frames += 1
        if time.monotonic() - self.reported > _REPORT_EVERY_S:
            self.reported = time.monotonic()
            whole_s = self.timeline.header.declared_s or self.options.max_duration_s
            self.report(min(1.0, picture.time_s / whole_s))

    def _start(self, first: Picture) -> SceneDetector:
        """The detector for pictures like the first one, with which the first scene begins."""
        frame = first.frame
        stream = self.timeline.container.streams[self.timeline.header.video_index or 0]
        rate = getattr(stream, "average_rate", None) or Fraction(25)
        base = frame.time_base or Fraction(1, 1000)
        self.scene_start_s = first.time_s
        sideways = round(frame.rotation / 90) % 2
        self.size = (frame.height, frame.width) if sideways else (frame.width, frame.height)
        return SceneDetector(base, rate, sparse=self.options.keyframes_only)

    def _check_time(self, time_s: float) -> None:
        if time_s > self.options.max_duration_s:
            raise VideoUnreadable(
                f"lasts longer than INGEST_MAX_DURATION_S ({self.options.max_duration_s:.0f} s)"
            )

    def _close_scene(self, end_s: float) -> None:
        """Ends the open scene and writes its keyframes; a take without cuts is split.

        A scene of which no picture can be a keyframe becomes a part of the one before.
        """
        end_s = max(end_s, self.scene_start_s)
        chosen = self.collector.close_scene(self.scene_start_s, end_s)
        if not chosen and self.scenes:
            self.scenes[-1] = Scene(self.scenes[-1].start_s, end_s)
        else:
            first = len(self.scenes)
            self.scenes += Scene(self.scene_start_s, end_s).parts(MAX_SCENE_S)
            for candidate in chosen:
                self._write_keyframe(candidate, first)
        self.scene_start_s = end_s

    def _write_keyframe(self, candidate: Candidate, first: int) -> None:
        """A JPEG in the last scene that has begun by then, of those from position `first` on."""
        scene = next(
            i
            for i in range(len(self.scenes) - 1, first - 1, -1)
            if self.scenes[i].start_s <= candidate.time_s or i == first
        )
        name = f"{round(candidate.time_s * 1000):09d}.jpg"
        write_jpeg(candidate.frame, self.folder / name)
        look = difference_hash(candidate.small)
        self.keyframes.append(Keyframe(scene, candidate.time_s, name, look))


def small_picture(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    """A frame as BGR uint8 [h, w, 3], about SMALL_WIDTH_PX wide.

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
    """A view of a decoded plane, uint8 [h, w], without the padding of its lines."""
    plane = frame.planes[index]
    buffer = np.frombuffer(memoryview(plane), np.uint8)
    return buffer.reshape(plane.height, plane.line_size)[:, : plane.width]
