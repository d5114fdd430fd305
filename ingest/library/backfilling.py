"""Filling a space: what it lacks is found by a query, made from stored keyframes, texts and the
videos themselves, and stored batch by batch. A run that is cut off goes on where it was."""

import contextlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from database.errors import NotFound
from database.spaces.coverage import MissingMoment
from database.spaces.spaces import Spaces
from database.videos.read import Library
from embeddings.encoder import Image
from embeddings.loaded import Encoders
from embeddings.space import Space
from ingest.errors import VideoUnreadable
from ingest.library.embed import ITEMS_AT_ONCE, Placed, Source, by_input, encode, read_image
from ingest.media.child import Isolation, Result
from ingest.media.clips import read_clips, write_keyframe

_PAGE = 1000
Report = Callable[[Space, int], None]
"""Told a space and how many vectors were stored in it; what it raises ends the run."""


@dataclass
class Filled:
    """What a run has come to."""

    num_embedded: Counter[str] = field(default_factory=Counter)
    """By space."""
    faults: dict[int, str] = field(default_factory=dict)
    """By the id of a video of which something could not be embedded: why."""


@dataclass(frozen=True)
class Filler:
    """What a run works with."""

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
        video_id: int | None = None,
    ) -> Filled:
        """Embeds what the wanted spaces lack, at most `limit` moments in each.

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
                    for batch in self._batches(space, left, video_id):
                        self._fill_batch(batch, group[number:], filled, report)
        return filled

    def _batches(
        self, space: Space, left: int | None, video_id: int | None
    ) -> Iterator[list[MissingMoment]]:
        """What a space lacks, at most `left`, in batches of moments of one video."""
        after_id = 0
        while left is None or left > 0:
            page = self.spaces.moments_missing(
                space.key,
                limit=_PAGE if left is None else min(_PAGE, left),
                after_id=after_id,
                video_id=video_id,
            )
            if not page:
                return
            after_id = page[-1].id
            left = None if left is None else left - len(page)
            by_video: dict[int, list[MissingMoment]] = defaultdict(list)
            for moment in page:
                by_video[moment.video_id].append(moment)
            size = ITEMS_AT_ONCE[space.input]
            for moments in by_video.values():
                for start in range(0, len(moments), size):
                    yield moments[start : start + size]

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

    def _keyframe(self, video_id: int, moment: Placed) -> Image:
        """A keyframe; one that is gone or damaged is made again from the video."""
        path = self.keyframes_dir / (moment.image_path or "")
        with contextlib.suppress(FileNotFoundError):
            return read_image(path)
        partial = path.with_name(f"{path.name}.{os.getpid()}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._read(write_keyframe, video_id, moment.start_s, partial)
        partial.rename(path)
        return read_image(path)

    def _read(self, function: Callable[..., Result], video_id: int, *arguments: object) -> Result:
        """What a function of ingest/media/clips.py reads from a video. Raises NotFound,
        VideoUnreadable."""
        path = self.library.get_intact_path(video_id)
        found = self.isolation.run(
            function, path, *arguments, self.max_pixels, on_progress=lambda _part: None
        )
        self.library.get_intact_path(video_id)  # it may have been replaced while it was read
        return found
