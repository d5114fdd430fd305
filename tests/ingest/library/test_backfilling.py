"""A backfill reads each video once, and stores nothing of a file that is replaced meanwhile."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from database.errors import NotFound
from database.spaces.coverage import MissingMoment
from database.spaces.spaces import Spaces
from database.videos.read import Library
from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.space import Space
from ingest.library.backfilling import Filled, Filler
from ingest.media.child import Isolation

SPACE = SPACES["videomae-b"]
VIDEO_ID = 7


class Backfilled:
    """A library of one video that lacks clips, with what it was asked for and what it was given."""

    def __init__(self, num_missing: int, num_intact: int = 1000) -> None:
        self.num_asked: Counter[str] = Counter()
        self.num_intact = num_intact
        """How often the file is found as it was."""
        self.stored: dict[int, float] = {}
        self.missing = [
            MissingMoment(n, VIDEO_ID, float(n), n + 1.0, None, None)
            for n in range(1, num_missing + 1)
        ]

    def fill(self) -> Filled:
        """Fills the space."""
        filler = Filler(
            library=cast(Library, self),
            spaces=cast(Spaces, self),
            encoders=cast(Encoders, self),
            isolation=cast(Isolation, self),
            keyframes_dir=Path("keyframes"),
            max_pixels=1000,
        )
        return filler.fill([SPACE], lambda _space, _number: None)

    def get_intact_path(self, _video_id: int) -> Path:
        self.num_asked["path"] += 1
        if self.num_asked["path"] > self.num_intact:
            raise NotFound("the file was changed")
        return Path("film.mp4")

    def get_video(self, _video_id: int) -> Any:
        self.num_asked["video"] += 1
        return SimpleNamespace(clock=None)

    def filling(self, _key: str) -> AbstractContextManager[None]:
        return nullcontext()

    def moments_missing(self, _key: str, **asked: Any) -> list[MissingMoment]:
        return [moment for moment in self.missing if (VIDEO_ID, moment.id) > asked["after"]]

    def save_vectors(self, _key: str, vectors: dict[int, Any]) -> None:
        self.stored |= {moment: float(vector[0]) for moment, vector in vectors.items()}

    def encode_items(self, _space: Space, items: Sequence[Any]) -> Vectors:
        return np.array(items, np.float32)[:, np.newaxis]

    def stream(
        self, _function: Callable[..., Any], _footage: object, spans: Any, **_: object
    ) -> Iterator[float]:
        return iter([span.start_s for span in spans])


def test_a_video_of_many_clips_is_looked_up_once_and_its_file_once_for_a_batch() -> None:
    library = Backfilled(num_missing=40)
    assert library.fill().faults == {}
    assert library.stored == {n: float(n) for n in range(1, 41)}
    assert library.num_asked["video"] == 1
    assert library.num_asked["path"] <= 1 + 40 / 8


def test_no_clip_of_a_file_that_was_replaced_while_it_was_read_is_stored() -> None:
    library = Backfilled(num_missing=40, num_intact=3)
    assert library.fill().faults == {VIDEO_ID: "the file was changed"}
    assert library.stored == {n: float(n) for n in range(1, 17)}
