"""The filling of spaces: what one lacks is found by a query, embedded from stored keyframes and
texts and from the videos, and stored batch by batch. A run that is cut off goes on where it was.
"""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from database.errors import NotFound
from database.spaces.coverage import MissingMoment
from database.spaces.spaces import Spaces
from database.videos.read import Library
from embeddings.encoder import Image
from embeddings.loaded import Encoders
from embeddings.space import Space
from ingest.atomic import atomically
from ingest.errors import VideoUnreadable
from ingest.library.embed import (
    ITEMS_AT_ONCE,
    Embeddable,
    Source,
    by_input,
    encode,
    read_image,
)
from ingest.media.child import Isolation, Result
from ingest.media.clips import read_clips, write_keyframe

_PAGE = 1000
"""Missing moments that are looked up at a time."""
Report = Callable[[Space, int], None]
"""Told a space and how many vectors were stored in it; what it raises ends the run."""


@dataclass
class Filled:
    """What a backfill has stored, and what it could not embed."""

    num_embedded: Counter[str] = field(default_factory=Counter)
    """By space key."""
    faults: dict[int, str] = field(default_factory=dict)
    """By the id of a video: why something of it could not be embedded."""


@dataclass(frozen=True)
class Filler:
    """The library, the encoders and the limits of a backfill."""

    library: Library
    spaces: Spaces
    encoders: Encoders
    isolation: Isolation
    keyframes_dir: Path
    max_pixels: int

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
                    for batch in self._batches(space, left, video_ids):
                        self._fill_batch(batch, group[number:], filled, report)
        return filled

    def _batches(
        self, space: Space, left: int | None, video_ids: Sequence[int]
    ) -> Iterator[list[MissingMoment]]:
        """What a space lacks, at most `left`, in batches of moments of one video."""
        missing = islice(self._missing(space.key, video_ids), left)
        size = ITEMS_AT_ONCE[space.input]
        while page := list(islice(missing, _PAGE)):
            by_video: dict[int, list[MissingMoment]] = defaultdict(list)
            for moment in page:
                by_video[moment.video_id].append(moment)
            for moments in by_video.values():
                for start in range(0, len(moments), size):
                    yield moments[start : start + size]

    def _missing(self, key: str, video_ids: Sequence[int]) -> Iterator[MissingMoment]:
        """What a space lacks, by id, of one video after the other if there are `video_ids`."""
        only: Sequence[int | None] = video_ids or [None]
        for video_id in only:
            after_id = 0
            while page := self.spaces.moments_missing(
                key, limit=_PAGE, after_id=after_id, video_id=video_id
            ):
                yield from page
                after_id = page[-1].id

    def _fill_batch(
        self,
        batch: Sequence[MissingMoment],
        spaces: Sequence[Space],
        filled: Filled,
        report: Report,
    ) -> None:
        video_id = batch[0].video_id
        try:
            vectors = encode(self.encoders, spaces, self._source(video_id), batch)
        except (VideoUnreadable, NotFound) as error:
            if len(batch) == 1:
                filled.faults[video_id] = str(error)
            else:
                for moment in batch:
                    self._fill_batch([moment], spaces, filled, report)
            return
        ids = [moment.id for moment in batch]
        for space in spaces:
            self.spaces.save_vectors(space.key, dict(zip(ids, vectors[space.key], strict=True)))
            filled.num_embedded[space.key] += len(batch)
            report(space, len(batch))

    def _source(self, video_id: int) -> Source:
        return Source(
            lambda moment: self._keyframe(video_id, moment),
            lambda spans: self._read(read_clips, video_id, spans),
        )

    def _keyframe(self, video_id: int, moment: Embeddable) -> Image:
        """A stored keyframe; one that is gone or damaged is made again from the video."""
        path = self.keyframes_dir / (moment.image_path or "")
        with contextlib.suppress(FileNotFoundError):
            return read_image(path)
        with atomically(path) as partial:
            self._read(write_keyframe, video_id, moment.start_s, partial)
        return read_image(path)

    def _read(self, function: Callable[..., Result], video_id: int, *arguments: object) -> Result:
        """What a function of ingest/media/clips.py reads from a video, in a child process.

        Raises NotFound if the file is no longer as it was ingested, and VideoUnreadable.
        """
        path = self.library.get_intact_path(video_id)
        found = self.isolation.run(
            function, path, *arguments, self.max_pixels, on_progress=lambda _part: None
        )
        self.library.get_intact_path(video_id)  # it may have been replaced while it was read
        return found
