"""The one decode pass of a file: scenes, keyframes and sound together. Runs in a child process.

Scenes are detected in small pictures that are strided views of the decoded planes; only keyframes
are ever converted at full size.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import av

from database.videos.records import Subtitles
from ingest.errors import VideoUnreadable
from ingest.media.audio import Voice, Voices
from ingest.media.chapters import Chapter, within
from ingest.media.clock import length
from ingest.media.container import Probe, probe
from ingest.media.damage import tolerating
from ingest.media.frames import Found, Passed, Picture, Sound
from ingest.media.missing import faults, notes
from ingest.media.timeline import Timeline
from ingest.scenes.detector import SceneDetector
from ingest.scenes.keyframes import Candidate, KeyframeCollector, difference_hash, jpeg_of
from ingest.scenes.pages import Page, PageTracker, Turned
from ingest.scenes.picture import shown_size
from ingest.scenes.pixels import small_picture
from ingest.scenes.scene import MAX_SCENE_S, Scene
from ingest.scenes.thumbnails import HELD_S

PAGE = ".page"
"""Suffix of the JPEGs of pages, which are no pictures of the library."""
_REPORT_EVERY_S = 0.5
_SETTLES_S = 3.0
"""A transition, the longest that is looked for: at the begin of a scene it is no motion in it, and
after a picture that stood still it may yet be told."""


@dataclass(frozen=True)
class DecodeOptions:
    """The limits of a decode pass, and whether it decodes I-frames only."""

    max_pixels: int
    max_duration_s: float
    keyframes_only: bool = False
    """Decode only I-frames: far cheaper, with scenes cut only where an I-frame stands."""


@dataclass(frozen=True)
class Keyframe:
    """A JPEG in the output folder, of the picture that is shown at `time_s`."""

    time_s: float
    name: str
    look: int | None = None
    """Its difference hash; None if it shows nothing."""
    held_until_s: float | None = None
    """The end of a picture that is shown alone from `time_s` on; None for one of many."""


@dataclass(frozen=True)
class Decoded:
    """What a decode pass found, in presented time (ingest/media/clock.py)."""

    probe: Probe
    duration_s: float
    frame_rate: float | None
    width_px: int | None
    height_px: int | None
    scenes: list[Scene]
    """Of the pictures: in order, without gaps, from the first one on; empty for a recording without
    pictures. Where one is longer than MAX_SCENE_S, its picture stands still."""
    keyframes: list[Keyframe]
    """In order of time; each lies in the scene that it represents."""
    pages: list[Page]
    """Where writing may have come or gone, in order of time; none of I-frames alone."""
    voices: list[Voice]
    """What is to be heard, each in a file of the output folder."""
    partial_reason: str | None
    notes: list[str]
    """What was corrected; no faults."""
    clock: tuple[tuple[float, float], ...] | None
    """(time_s, stamp_s) where the file's own clock jumps; None if its stamps are the times."""
    subtitles: list[Subtitles] = field(default_factory=list)
    """Those within the recording."""
    chapters: list[Chapter] = field(default_factory=list)


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
    timeline = Timeline(
        path, header, options.max_pixels, iframes_only=options.keyframes_only, reads_words=True
    )
    voices = Voices(folder, path.stat().st_size)
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
    tracker: PageTracker = field(default_factory=PageTracker)
    pages: list[Page] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    keyframes: list[Keyframe] = field(default_factory=list)
    heard: list[Voice] = field(default_factory=list)
    num_frames: int = 0
    first_s: float = 0.0
    """When the first picture begins."""
    last_s: float = 0.0
    """When the last picture begins."""
    follows_held: bool = False
    """Whether the picture before the last was held: then the last is one of several, too, for
    however short a time its file says it is shown."""
    scene_start_s: float = 0.0
    size: tuple[int, int] | None = None
    """(width, height) of the first picture, as it is shown."""
    unshown: dict[int | None, Exception] = field(default_factory=dict)
    """What kept frames from being shown, by their stamps: damage, but of no packet that is read
    just then."""
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
        self.heard = self.voices.close(self.timeline.header.sounds)
        self._show_last_until(self.duration_s)
        for error in self.unshown.values():
            self.timeline.damage[None].note(error, is_read_now=False)

    @property
    def duration_s(self) -> float:
        """To the end of the pictures or of the sound, whichever is later."""
        return max(self.timeline.video_end_s, self.voices.end_s)

    def result(self) -> Decoded:
        """What was found. Raises VideoUnreadable if it is nothing."""
        if not self.num_frames and not self.heard:
            causes = [damage.last_error for damage in self.timeline.damage.values()]
            cause = next(filter(None, causes), "no frames")
            raise VideoUnreadable(f"nothing could be decoded: {cause}")
        rate = None
        if self.num_frames > 1 and not self.options.keyframes_only:
            shown_s = self.timeline.video_end_s - self.scenes[0].start_s
            rate = self.num_frames / max(shown_s, 1e-6)
        pairs = self.timeline.clock.pairs
        first_s = self.first_s if self.num_frames else None
        subtitles, not_read = self._subtitles()
        missing = [*faults(self.timeline, first_s, self.duration_s), *self.voices.left_out]
        return Decoded(
            probe=self.timeline.header,
            duration_s=self.duration_s,
            frame_rate=rate,
            width_px=self.size[0] if self.size else None,
            height_px=self.size[1] if self.size else None,
            scenes=self.scenes,
            keyframes=self.keyframes,
            pages=self.pages,
            voices=self.heard,
            partial_reason="; ".join(missing) or None,
            notes=[*notes(self.timeline, first_s), *not_read],
            clock=None if pairs is None else tuple(pairs),
            subtitles=subtitles,
            chapters=within(self.timeline.chapters, self.duration_s),
        )

    def _subtitles(self) -> tuple[list[Subtitles], list[str]]:
        """All tracks, and what was left out of them, in words."""
        reader = self.timeline.tracks.subtitles
        return reader.tracks(self.duration_s) if reader is not None else ([], [])

    def _take_picture(self, picture: Picture) -> None:
        image = small_picture(picture.frame)
        if self.detector is None:  # with the first picture the first scene begins
            self.scene_start_s = self.first_s = self.last_s = picture.time_s
            self.size = shown_size(picture.frame)
            self.detector = SceneDetector(sparse=self.options.keyframes_only)
        self.follows_held = picture.time_s - self.last_s >= HELD_S
        if self.follows_held:
            self._hold(self.detector, picture.time_s)
        for cut_s in self.detector.feed(picture.time_s, image):
            self._close_scene(cut_s)
        self._split_take(self.detector, picture.time_s)
        self.collector.offer(picture.time_s, picture.frame, image)
        if not self.options.keyframes_only:
            self._keep(self.tracker.feed(picture.time_s, picture.frame), self.detector)
        self.last_s = picture.time_s
        self.num_frames += 1

    def _hold(self, detector: SceneDetector, until_s: float) -> None:
        """Told that the last picture is shown until then. Of I-frames alone nobody knows."""
        if not self.options.keyframes_only:
            with tolerating(partial(self.unshown.setdefault, None)):
                self.collector.hold(until_s)
            for cut_s in detector.hold(until_s):
                self._close_scene(cut_s)
        self._split_take(detector, until_s)

    def _show_last_until(self, end_s: float) -> None:
        """Ends the last scene: where the sound goes on, its picture is shown on, as players do."""
        if self.detector is None:
            return
        if end_s - self.last_s >= HELD_S or self.follows_held:
            self._hold(self.detector, end_s)
        for cut_s in self.detector.finish():
            self._close_scene(cut_s)
        if not self.options.keyframes_only:
            self._keep(self.tracker.finish(end_s), self.detector)
        self._split_take(self.detector, end_s)
        self._close_scene(end_s)

    def _split_take(self, detector: SceneDetector, time_s: float) -> None:
        """Ends the open scene where it becomes too long; a picture that stands still for long is a
        scene of its own, however long, until it changes.
        """
        while time_s - self.scene_start_s >= MAX_SCENE_S:
            settled_s, still = self.scene_start_s + _SETTLES_S, detector.stillness.last
            since_s = detector.stillness.since_s
            if since_s <= settled_s:
                return
            if still is not None and still.start_s <= settled_s < still.end_s:
                if time_s - still.end_s < _SETTLES_S:
                    return
                self._close_scene(still.end_s)
            elif time_s - since_s >= MAX_SCENE_S:
                self._close_scene(since_s)
            else:
                self._close_scene(self.scene_start_s + MAX_SCENE_S / 2)

    def _tell_progress(self, found: Found) -> None:
        """Raises VideoUnreadable for a recording that is too long."""
        time_s = found.end_s if isinstance(found, Passed) else found.time_s
        if time_s > self.options.max_duration_s:
            raise VideoUnreadable(
                f"lasts longer than the {length(self.options.max_duration_s)} that "
                "INGEST_MAX_DURATION_S allows: set it to more seconds, then ingest with --retry"
            )
        if time.monotonic() - self.reported > _REPORT_EVERY_S:
            self.reported = time.monotonic()
            whole_s = self.timeline.header.declared_s or self.options.max_duration_s
            self.report(min(1.0, time_s / whole_s))

    def _close_scene(self, end_s: float) -> None:
        """Ends the open scene and writes its keyframes, unless it has just begun.

        A scene of which no picture can be a keyframe becomes a part of the one before.
        """
        if end_s <= self.scene_start_s and self.scenes:
            return
        num_keyframes = len(self.keyframes)
        for candidate in self.collector.close_scene(self.scene_start_s, end_s):
            self._write_keyframe(candidate)
        if len(self.keyframes) == num_keyframes and self.scenes:
            self.scenes[-1] = Scene(self.scenes[-1].start_s, end_s)
        else:
            self.scenes.append(Scene(self.scene_start_s, end_s))
        self.scene_start_s = end_s

    def _keep(self, turned: list[Turned], detector: SceneDetector) -> None:
        """Keeps the pages that were turned; another slide is another scene."""
        for page in turned:
            if page.slide_s is not None:
                for cut_s in detector.slide_at(page.slide_s):
                    self._close_scene(cut_s)
            name = f"{round(page.time_s * 1000):09d}{PAGE}"
            is_kept = page.frame is not None and self._write_picture(name, page.frame)
            kept = name if is_kept else None
            self.pages.append(Page(page.time_s, kept, page.changes, page.is_new))

    def _write_keyframe(self, candidate: Candidate) -> None:
        # Detectors may round times: the first picture of a scene is in it.
        time_s = max(candidate.time_s, self.scene_start_s)
        name = f"{round(time_s * 1000):09d}.jpg"
        if self._write_picture(name, candidate.frame):
            look = difference_hash(candidate.small)
            self.keyframes.append(Keyframe(time_s, name, look, candidate.held_until_s))

    def _write_picture(self, name: str, frame: av.VideoFrame) -> bool:
        """Writes the JPEG of a frame; whether it can be shown. What keeps it from that is noted
        once, be it a keyframe, a page or both. Raises OSError.
        """
        errors: list[Exception] = []
        with tolerating(errors.append):
            (self.folder / name).write_bytes(jpeg_of(frame))
        for error in errors:
            self.unshown.setdefault(frame.pts, error)
        return not errors
