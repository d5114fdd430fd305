"""The filling of spaces: what one lacks is found by a query, embedded from stored keyframes and
texts and from the videos, and stored batch by batch. A run that is cut off goes on where it was.
"""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Self

from database.errors import DiskFull, NotFound, ValueRefused
from database.server.connection import Database
from database.spaces.coverage import EVERYWHERE, MissingMoment, MomentRange
from database.spaces.spaces import Spaces
from database.videos.read import Library
from embeddings.encoder import Clip, Image, Vectors
from embeddings.errors import InvalidVector, ModelFailed, SceneseekError
from embeddings.loaded import Encoders
from embeddings.space import Input, Space
from ingest.atomic import atomically
from ingest.errors import VideoUnreadable
from ingest.files.fetched import Fetched
from ingest.library.embed import (
    ITEMS_AT_ONCE,
    Embeddable,
    Source,
    by_input,
    encode,
    prove,
    read_image,
)
from ingest.library.keyframes import is_there
from ingest.media.child import Isolation
from ingest.media.clips import Footage, read_clips, write_keyframe
from ingest.scenes.scene import Span
from ingest.settings import IngestSettings

_PAGE = 1000
"""Missing moments that are looked up at a time."""
_OF_FILE = (VideoUnreadable, NotFound, FileNotFoundError)
"""Faults in reading a video or its keyframes: of any number of them, one after the other."""
_MOST_FAILING = 8
"""Videos one after the other of which nothing can be computed or stored, each for another reason
than its file: then the fault is none of theirs."""
Report = Callable[[Space, int], None]
"""Told a space and how many vectors were stored in it; what it raises ends the run."""


@dataclass
class Filled:
    """What a backfill has stored, and what it could not embed."""

    num_embedded: Counter[str] = field(default_factory=Counter)
    """By space key."""
    faults: dict[int, str] = field(default_factory=dict)
    """By the id of a video: why something of it could not be embedded."""
    failing: set[int] = field(default_factory=set)
    """Videos of which a moment could be read and not embedded, since one was embedded."""


@dataclass(frozen=True)
class Filler:
    """The library, the encoders and the limits of a backfill."""

    library: Library
    spaces: Spaces
    encoders: Encoders
    isolation: Isolation
    keyframes_dir: Path
    max_pixels: int
    fetched: Fetched

    @classmethod
    def of(cls, database: Database, settings: IngestSettings, encoders: Encoders) -> Self:
        """The backfill of an open library. Raises InvalidSettings."""
        return cls(
            Library(database),
            Spaces(database),
            encoders,
            Isolation.of(settings),
            settings.keyframes_dir,
            settings.ingest_max_pixels,
            Fetched.of(settings),
        )

    def fill(
        self,
        wanted: Sequence[Space],
        report: Report,
        *,
        limit: int | None = None,
        video_ids: Sequence[int] = (),
    ) -> Filled:
        """Embeds what the wanted spaces lack, at most `limit` moments in each; of `video_ids` only,
        if there are any.

        Raises SpaceBusy if another process fills one of them.
        """
        filled = Filled()
        with ExitStack() as locks:
            for space in wanted:
                locks.enter_context(self.spaces.filling(space.key))
            for group in by_input(wanted).values():
                for number, space in enumerate(group):
                    # Those that follow take the same input: what is read now serves them, too.
                    left = None if limit is None else limit - filled.num_embedded[space.key]
                    missing = islice(self._missing(space.key, video_ids), left)
                    for moments in _by_video(missing):
                        self._fill_video(moments, group[number:], filled, report)
        return filled

    def fill_range(self, spaces: Sequence[Space], within: MomentRange) -> Filled:
        """Embeds in spaces of one input what the first of them lacks in a range. Whoever divides
        the work into ranges holds the locks of the spaces meanwhile."""
        filled = Filled()
        for moments in _by_video(self._missing_within(spaces[0].key, within, None)):
            self._fill_video(moments, spaces, filled, lambda _space, _num: None)
        return filled

    def _missing(self, key: str, video_ids: Sequence[int]) -> Iterator[MissingMoment]:
        """What a space lacks, by id, of one video after the other if there are `video_ids`."""
        only: Sequence[int | None] = video_ids or [None]
        for video_id in only:
            yield from self._missing_within(key, EVERYWHERE, video_id)

    def _missing_within(
        self, key: str, within: MomentRange, video_id: int | None
    ) -> Iterator[MissingMoment]:
        while page := self.spaces.moments_missing(
            key, limit=_PAGE, within=within, video_id=video_id
        ):
            yield from page
            within = MomentRange((page[-1].video_id, page[-1].id), within.until)

    def _fill_video(
        self,
        moments: Sequence[MissingMoment],
        spaces: Sequence[Space],
        filled: Filled,
        report: Report,
    ) -> None:
        """Fills what spaces of one input lack of a video; where something cannot be read, the
        moments of that batch are tried one by one."""
        takes, source = spaces[0].input, self.source(moments[0].video_id)
        size = ITEMS_AT_ONCE[takes]
        items = source.items(takes, moments)
        for start in range(0, len(moments), size):
            batch = moments[start : start + size]
            try:
                self._save(batch, encode(self.encoders, spaces, islice(items, len(batch))))
                filled.failing.clear()
            except Exception as error:
                self._require_of_moment(error, spaces)
                batch = [m for m in batch if self._fill_one(m, spaces, source, filled)]
                items = source.items(takes, moments[start + size :])
            for space in spaces:
                filled.num_embedded[space.key] += len(batch)
                report(space, len(batch))

    def _fill_one(
        self, moment: MissingMoment, spaces: Sequence[Space], source: Source, filled: Filled
    ) -> bool:
        """Whether a moment could be embedded; why not is a fault of its video. Raises what ends the
        run."""
        try:
            items = source.items(spaces[0].input, [moment])
            self._save([moment], encode(self.encoders, spaces, items))
        except Exception as error:
            if _ends_run(error):
                raise
            filled.faults[moment.video_id] = _reason(error)
            if not isinstance(error, _OF_FILE):
                filled.failing.add(moment.video_id)
            if len(filled.failing) >= _MOST_FAILING:
                raise
            return False
        filled.failing.clear()
        return True

    def _require_of_moment(self, error: Exception, spaces: Sequence[Space]) -> None:
        """Raises what a batch has raised, if it is no fault of one of its moments: of the run, or
        of a model that computes nothing at all."""
        if _ends_run(error):
            raise error
        if not isinstance(error, _OF_FILE):
            prove(self.encoders, spaces)

    def _save(self, batch: Sequence[MissingMoment], vectors: dict[str, Vectors]) -> None:
        ids = [moment.id for moment in batch]
        for key, rows in vectors.items():
            self.spaces.save_vectors(key, dict(zip(ids, rows, strict=True)))

    def source(self, video_id: int) -> Source:
        """Where the pictures of a video are read from: stored keyframes, and its file."""
        clock = cache(lambda: self.library.get_video(video_id).clock)

        def footage() -> Footage:
            """The file of the video, as it was ingested. Raises NotFound."""
            return Footage(self.fetched.film(self.library, video_id), clock(), self.max_pixels)

        return Source(partial(self._keyframe, footage), partial(self._clips, footage))

    def _clips(self, footage: Callable[[], Footage], spans: Sequence[Span]) -> Iterator[Clip]:
        """The clips of a video. Raises NotFound if the file is no longer as it was ingested, and
        VideoUnreadable.
        """
        clips = self.isolation.stream(read_clips, footage(), spans, on_progress=_ignore)
        while batch := list(islice(clips, ITEMS_AT_ONCE[Input.CLIP])):
            footage()  # it may have been replaced while it was read
            yield from batch

    def _keyframe(self, footage: Callable[[], Footage], moment: Embeddable) -> Image:
        """A stored keyframe; one that is gone or damaged is made again from the video."""
        path = self.keyframes_dir / (moment.image_path or "")
        if is_there(path, self.library.shared):
            with contextlib.suppress(FileNotFoundError):
                return read_image(path)
        with atomically(path) as made:
            self.isolation.run(write_keyframe, footage(), moment.start_s, made, on_progress=_ignore)
            footage()
        return read_image(path)


def _by_video(missing: Iterator[MissingMoment]) -> Iterator[list[MissingMoment]]:
    """Moments in order, some of one video at a time."""
    while page := list(islice(missing, _PAGE)):
        by_video: dict[int, list[MissingMoment]] = defaultdict(list)
        for moment in page:
            by_video[moment.video_id].append(moment)
        yield from by_video.values()


def _ends_run(error: Exception) -> bool:
    """Whether an error is of the whole run. What drivers raise for an input has no common class;
    what concerns the run has."""
    if isinstance(error, OSError):
        return error.errno in DiskFull.ERRNOS
    of_moment = (VideoUnreadable, NotFound, ValueRefused, InvalidVector, ModelFailed)
    return isinstance(error, SceneseekError) and not isinstance(error, of_moment)


def _reason(error: Exception) -> str:
    """Why a moment could not be embedded, in a sentence."""
    if isinstance(error, SceneseekError | OSError):
        return str(error)
    first, *_ = str(error).splitlines() or [""]
    return f"could not be embedded ({type(error).__name__}: {first})"


def _ignore(_part: float) -> None:
    """Progress within a video, which a backfill does not tell."""
