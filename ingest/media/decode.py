"""The one decode pass of a file: scenes, keyframes and sound together. Runs in a child process.

Scenes are detected in small pictures that are strided views of the decoded planes; only keyframes
are ever converted at full size.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ingest.errors import VideoUnreadable
from ingest.media.audio import Voice, Voices
from ingest.media.container import Probe, probe
from ingest.media.timeline import Found, Passed, Picture, Sound, Timeline
from ingest.scenes.detector import SceneDetector
from ingest.scenes.keyframes import Candidate, KeyframeCollector, difference_hash, write_jpeg
from ingest.scenes.picture import shown_size
from ingest.scenes.pixels import small_picture
from ingest.scenes.scene import MAX_SCENE_S, Scene

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
    """What a decode pass found, in presented time (ingest/media/clock.py)."""

    probe: Probe
    duration_s: float
    frame_rate: float | None
    width_px: int | None
    height_px: int | None
    scenes: list[Scene]
    """In order, without gaps; empty for a recording without pictures."""
    keyframes: list[Keyframe]
    voices: list[Voice]
    """What is to be heard, each in a file of the output folder."""
    partial_reason: str | None
    notes: list[str]
    """What was corrected; no faults."""
    clock: tuple[tuple[float, float], ...] | None
    """(time_s, stamp_s) where the file's own clock jumps; None if its stamps are the times."""


def decode_file(
    path: Path, folder: Path, options: DecodeOptions, report: Callable[[float], None]
) -> Decoded:
    """The scenes, keyframes and sounds of `path`; the JPEGs and samples are in the new `folder`.

    `report` is called now and then with the part of the declared duration that is done, in
    [0, 1]. Raises VideoUnreadable, OSError.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    header = probe(path, options.max_pixels)
    timeline = Timeline(path, header, options.max_pixels, iframes_only=options.keyframes_only)
    voices = Voices(folder, header.sounds)
    decoding = _Decoding(timeline, folder, voices, options, report)
    decoding.run()
    return decoding.result()


@dataclass
class _Decoding:
    """One pass over a file: what came so far, and the scene that is still open."""

    timeline: Timeline
    folder: Path
    voices: Voices
    options: DecodeOptions
    report: Callable[[float], None]
    detector: SceneDetector | None = None
    collector: KeyframeCollector = field(default_factory=KeyframeCollector)
    scenes: list[Scene] = field(default_factory=list)
    keyframes: list[Keyframe] = field(default_factory=list)
    num_frames: int = 0
    scene_start_s: float = 0.0
    size: tuple[int, int] | None = None
    """(width, height) of the first picture, as it is shown."""
    reported: float = 0.0

    def run(self) -> None:
        """Takes all that the timeline has; what was decoded before an error is kept."""
        for found in self.timeline:
            self._tell_progress(found)
            if isinstance(found, Picture):
                with self.timeline.tolerating_damage():
                    self._take_picture(found)
            elif isinstance(found, Sound):
                with self.timeline.tolerating_damage(found.track):
                    self.voices.write(found.track, found.frame, found.time_s)
        if self.detector is not None:
            for cut_s in self.detector.finish():
                self._close_scene(cut_s)
            self._close_scene(self.timeline.video_end_s)

    def result(self) -> Decoded:
        """What was found. Raises VideoUnreadable if it is nothing."""
        video_end_s, voices = self.timeline.video_end_s, self.voices.close()
        duration_s = max(video_end_s, self.voices.end_s)
        if not self.num_frames and not voices:
            causes = [damage.last_error for damage in self.timeline.damage.values()]
            cause = next(filter(None, causes), "no frames")
            raise VideoUnreadable(f"nothing could be decoded: {cause}")
        rate = None
        if self.num_frames > 1 and not self.options.keyframes_only:
            rate = self.num_frames / max(video_end_s - self.scenes[0].start_s, 1e-6)
        pairs = self.timeline.clock.pairs
        return Decoded(
            probe=self.timeline.header,
            duration_s=duration_s,
            frame_rate=rate,
            width_px=self.size[0] if self.size else None,
            height_px=self.size[1] if self.size else None,
            scenes=self.scenes,
            keyframes=self.keyframes,
            voices=voices,
            partial_reason=self._partial_reason(duration_s),
            notes=self.timeline.clock.notes,
            clock=None if pairs is None else tuple(pairs),
        )

    def _partial_reason(self, duration_s: float) -> str | None:
        """What is missing of what the file holds, stream by stream; None if nothing is."""
        faults = [*self.timeline.header.left_out, *self._damages()]
        if cut := self._cut_off(duration_s):
            faults.append(cut)
        return "; ".join(faults) or None

    def _damages(self) -> Iterator[str]:
        """What could not be decoded of the film and of each sound track."""
        timeline = self.timeline
        for track, damage in timeline.damage.items():
            name = "the pictures" if track is None else "the sound"
            if track is not None and len(timeline.header.sounds) > 1:
                name = f"the sound of track {track + 1}"
            if damage.num_errors and 2 * damage.num_errors > damage.num_packets:
                yield f"{name} could not be decoded ({damage.last_error})"
            elif damage.num_errors:
                parts = f"{damage.num_errors} damaged parts of {name}"
                yield f"{parts} were left out ({damage.last_error})"
            elif track is None and timeline.header.video is not None and not self.num_frames:
                yield "no picture could be decoded: no frames"

    def _cut_off(self, duration_s: float) -> str | None:
        """That the header claims more than any packet has shown; None if it does not.

        Headers lie, and a decoder that runs out of memory looks like one that reached the end.
        """
        declared_s = self.timeline.header.declared_s
        reached_s = max(duration_s, self.timeline.last_stamp_s)
        if declared_s is not None and reached_s < declared_s - max(1.0, 0.05 * declared_s):
            return f"only {duration_s:.1f} s of {declared_s:.1f} s could be decoded"
        return None

    def _take_picture(self, picture: Picture) -> None:
        image = small_picture(picture.frame)
        if self.detector is None:
            self.detector = self._start(picture)
        for cut_s in self.detector.feed(picture.time_s, image):
            self._close_scene(cut_s)
        if picture.time_s - self.scene_start_s >= MAX_SCENE_S:
            self._close_scene(self.scene_start_s + MAX_SCENE_S / 2)
        self.collector.offer(picture.time_s, picture.frame, image)
        self.num_frames += 1

    def _tell_progress(self, found: Found) -> None:
        """Raises VideoUnreadable for a recording that is too long."""
        time_s = found.end_s if isinstance(found, Passed) else found.time_s
        if time_s > self.options.max_duration_s:
            raise VideoUnreadable(
                f"lasts longer than INGEST_MAX_DURATION_S ({self.options.max_duration_s:.0f} s)"
            )
        if time.monotonic() - self.reported > _REPORT_EVERY_S:
            self.reported = time.monotonic()
            whole_s = self.timeline.header.declared_s or self.options.max_duration_s
            self.report(min(1.0, time_s / whole_s))

    def _start(self, first: Picture) -> SceneDetector:
        """The detector for pictures like the first one, with which the first scene begins."""
        self.scene_start_s = first.time_s
        self.size = shown_size(first.frame)
        return SceneDetector(sparse=self.options.keyframes_only)

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
