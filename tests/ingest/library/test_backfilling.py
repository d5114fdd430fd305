"""A backfill reads each video once, stores nothing of a file that is replaced meanwhile, and goes
on after what one moment does to a model or to the database."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest

from database.errors import DatabaseUnreachable, DiskFull, NotFound, ValueRefused
from database.spaces.coverage import MissingMoment
from database.spaces.spaces import Spaces
from database.videos.read import Library
from embeddings.encoder import Vectors
from embeddings.errors import InvalidVector, ModelFailed, WeightsCorrupt
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.space import Space
from ingest.errors import Interrupted
from ingest.files.fetched import Fetched
from ingest.library.backfilling import Filled, Filler
from ingest.media.child import Isolation

SPACE = SPACES["videomae-b"]
VIDEO_ID = 7


class Backfilled:
    """A library of one video that lacks clips, with what it was asked for and what it was given."""

    def __init__(self, num_missing: int, num_intact: int = 1000, num_videos: int = 1) -> None:
        self.shared = None
        self.poison: dict[float, Exception] = {}
        """What the encoder raises, by the time of a clip."""
        self.refused: dict[int, Exception] = {}
        """What the database raises, by the id of a moment."""
        self.broken: Exception | None = None
        """What the encoder raises for anything."""
        self.num_asked: Counter[str] = Counter()
        self.num_intact = num_intact
        """How often the file is found as it was."""
        self.stored: dict[int, float] = {}
        self.missing = [
            MissingMoment(n, VIDEO_ID + video, float(n), n + 1.0, None, None)
            for video in range(num_videos)
            for n in range(video * num_missing + 1, (video + 1) * num_missing + 1)
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
            fetched=cast(Fetched, self),
        )
        return filler.fill([SPACE], lambda _space, _number: None)

    def film(self, _library: Library, _video_id: int) -> Path:
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
        missing = self.missing
        return [
            moment for moment in missing if (moment.video_id, moment.id) > asked["within"].after
        ]

    def save_vectors(self, _key: str, vectors: dict[int, Any]) -> None:
        for error in (self.refused[n] for n in vectors if n in self.refused):
            raise error
        self.stored |= {moment: float(vector[0]) for moment, vector in vectors.items()}

    def encode_items(self, _space: Space, items: Sequence[Any]) -> Vectors:
        self.num_asked["vectors"] += 1
        if self.broken is not None:
            raise self.broken
        times = [item if isinstance(item, float) else 0.0 for item in items]
        for error in (self.poison[time_s] for time_s in times if time_s in self.poison):
            raise error
        return np.array(times, np.float32)[:, np.newaxis]

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


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("a kernel failed\nat 0x7f"), "RuntimeError: a kernel failed)"),
        (cv2.error("no picture"), "error: no picture)"),
        (InvalidVector("a model gave a vector that is not finite"), "is not finite"),
        (ModelFailed("the model failed (RuntimeError)"), "the model failed (RuntimeError)"),
        (ValueRefused("the database cannot hold a value"), "cannot hold a value"),
    ],
)
def test_one_poisonous_moment_is_a_fault_of_its_video_and_all_others_are_stored(
    error: Exception, reason: str
) -> None:
    for where in ("encoder", "database"):
        library = Backfilled(num_missing=20, num_videos=2)
        if where == "encoder":
            library.poison = {3.0: error}
        else:
            library.refused = {3: error}
        (fault,) = library.fill().faults.items()
        assert fault[0] == VIDEO_ID
        assert fault[1].endswith(reason)
        assert library.stored.keys() == set(range(1, 41)) - {3}


def test_a_model_that_computes_nothing_ends_the_run_with_its_error_and_soon() -> None:
    library = Backfilled(num_missing=40, num_videos=20)
    library.broken = RuntimeError("no kernel image is available")
    with pytest.raises(RuntimeError, match="no kernel image"):
        library.fill()
    assert library.num_asked["vectors"] <= 2


def test_what_fails_for_one_video_after_the_other_is_the_fault_of_none() -> None:
    library = Backfilled(num_missing=8, num_videos=20)
    library.refused = {moment.id: RuntimeError("no such column") for moment in library.missing}
    with pytest.raises(RuntimeError, match="no such column"):
        library.fill()
    assert library.num_asked["video"] <= 8


def test_files_that_cannot_be_read_are_named_however_many_there_are() -> None:
    library = Backfilled(num_missing=8, num_intact=0, num_videos=20)
    assert len(library.fill().faults) == 20


@pytest.mark.parametrize("error", [DatabaseUnreachable("gone"), Interrupted(), DiskFull("it")])
def test_what_concerns_the_run_ends_it_at_once(error: Exception) -> None:
    library = Backfilled(num_missing=40)
    library.refused = {9: error}
    with pytest.raises(type(error)):
        library.fill()
    assert library.stored.keys() == set(range(1, 9))


def test_models_whose_weights_are_damaged_end_the_run_at_once() -> None:
    library = Backfilled(num_missing=40)
    library.broken = WeightsCorrupt("not the pinned file")
    with pytest.raises(WeightsCorrupt):
        library.fill()
    assert library.num_asked["vectors"] == 1
