"""Videos that browsers do not play, made to play when they are ingested."""

import dataclasses
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from database.forms import is_storable
from database.server.connection import Database
from database.videos.file_clock import FileClock
from database.videos.stored import Store, StoredVideo
from ingest.errors import VideoUnreadable
from ingest.files.found import FoundFile
from ingest.files.identity import require_unchanged
from ingest.files.outcome import printable
from ingest.media.child import Isolation
from ingest.media.clips import Footage
from ingest.playing.browsers import kind_needed
from ingest.playing.converted import convert, num_segments
from ingest.playing.copied import copy
from ingest.playing.facts import read_streams
from ingest.playing.layout import NotCopyable, lay_out
from ingest.playing.store import Kind, SegmentStore, Variant, missing_in
from ingest.settings import IngestSettings

Report = Callable[[float], None]
"""Told the part that is done. What it raises ends the work, which the next run goes on with."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Converting:
    """Makes all segments of videos, and keeps them until the videos are forgotten."""

    store: Store
    segments: SegmentStore
    isolation: Isolation
    max_pixels: int
    lines: int

    @classmethod
    def of(cls, database: Database, settings: IngestSettings) -> Self | None:
        """None unless it is asked for."""
        if not settings.ingest_convert:
            return None
        return cls(
            Store(database),
            SegmentStore.of(settings),
            Isolation.of(settings),
            settings.ingest_max_pixels,
            settings.ingest_converted_lines,
        )

    def at(self, database: Database) -> Self:
        """The same for files of another origin."""
        return dataclasses.replace(self, store=Store(database))

    def begin(self, digest: str) -> None:
        """Marks a content that is about to be stored."""
        self.segments.begin(digest)

    def unfinished(self, files: Sequence[FoundFile]) -> set[str]:
        """The paths of videos that were stored, but not converted: a run was cut off."""
        begun = self.segments.begun()
        paths = [path for file in files if is_storable(path := str(file.path))] if begun else []
        known = self.store.find_files(paths) if paths else {}
        return {
            path for path, each in known.items() if each.video and each.video.content_hash in begun
        }

    def finish(self, file: FoundFile, digest: str, report: Report) -> list[str]:
        """Converts a content that is marked and stored, unless it plays as it is; a note if it
        cannot be."""
        video = self.store.find_video_by_content(digest)
        if video is None or digest not in self.segments.begun():
            return []
        notes = []
        try:
            report(0.0)
            self._convert(file, video, report)
        except VideoUnreadable as error:
            notes = [f"not converted for browsers, which is tried when it is watched: {error}"]
            _log.warning("%s: %s", printable(file.place), notes[0])
        self.segments.finish(digest)
        return notes

    def _convert(self, file: FoundFile, video: StoredVideo, report: Report) -> None:
        footage = Footage(file.content, video.clock, self.max_pixels)
        streams = self.isolation.run(read_streams, footage, on_progress=lambda _part: report(0.0))
        sound = 0 if streams.sounds else None
        is_clear = FileClock.of(video.clock).clear_until_s >= video.duration_s
        kind = kind_needed(streams, is_clear=is_clear)
        if kind == "copied":
            try:
                self._copy(file, footage, video, sound, report)
            except NotCopyable:
                kind = "converted"
        if kind == "converted":
            arguments = (convert, footage, sound, self.lines, video.duration_s)
            num = num_segments(video.duration_s)
            self._make(file, self._variant(video, "converted"), num, arguments, report)

    def _copy(
        self,
        file: FoundFile,
        footage: Footage,
        video: StoredVideo,
        sound: int | None,
        report: Report,
    ) -> None:
        """Raises NotCopyable."""
        variant = self._variant(video, "copied")
        layout = self.isolation.run(
            lay_out, footage, sound, video.duration_s, on_progress=lambda _part: report(0.0)
        )
        require_unchanged(file)
        self.segments.put_layout(variant, layout.to_json())
        self._make(file, variant, len(layout.starts_s), (copy, footage, sound, layout), report)

    def _make(
        self,
        file: FoundFile,
        variant: Variant,
        num: int,
        making: tuple[Any, ...],
        report: Report,
    ) -> None:
        """Makes the segments of a variant that are missing: a function, and what it takes before
        the number of the first."""
        function, *arguments = making
        with self.segments.kept(variant):
            first = next(missing_in(self.segments, variant, num), num)
            if first == num:
                return
            stream: Iterator[bytes] = self.isolation.stream(
                function, *arguments, first, on_progress=lambda _part: report(first / num)
            )
            number = first - 1
            for number, segment in enumerate(stream, first):
                require_unchanged(file)  # or these would pass for segments of what it was
                self.segments.put(variant, number, segment)
                report((number + 1) / num)
            if number + 1 < num:
                raise VideoUnreadable("it ends before it should")

    def _variant(self, video: StoredVideo, kind: Kind) -> Variant:
        return Variant(video.content_hash, kind, 0, self.lines)
