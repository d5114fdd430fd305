"""Statistics are due with the first vectors of a space, and as a library grows."""

from collections.abc import Sequence

import pytest

from database.server.connection import Database
from database.spaces.spaces import Spaces
from database.videos.records import VideoRecord
from database.videos.stored import Store
from embeddings.encoder import Vectors
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from embeddings.space import Space
from ingest.library.null_statistics import Growth, refresh_null_statistics
from tests.helpers.records import TEXT, VISION, file, film, talk, unit_vector

FILLED = (SPACES[TEXT], SPACES[VISION])


class Run:
    """An ingest that stores what it is given, and renews statistics when they are due."""

    def __init__(self, database: Database, encoders: Encoders) -> None:
        self.spaces = Spaces(database)
        self._store, self._encoders = Store(database), encoders
        self._growth = Growth(self.spaces)

    def store(self, record: VideoRecord) -> bool:
        """Whether statistics were renewed."""
        self._store.save_video(record, file(f"/{record.title}.mp4"))
        due = self._growth.is_due(len(record.moments), FILLED)
        if due:
            refresh_null_statistics(self.spaces, FILLED, self._encoders)
        return due

    def searched(self) -> set[str]:
        """The spaces that have statistics."""
        return {key for key, info in self.spaces.all().items() if info.null_statistics}


@pytest.fixture
def run(database: Database, encoders: Encoders) -> Run:
    """An ingest of an empty library."""
    return Run(database, encoders)


def spoken(name: str) -> VideoRecord:
    """A recording of one sentence."""
    return talk(name, ["A train leaves."], [unit_vector(1)])


def test_a_space_is_searched_as_soon_as_it_has_a_vector(run: Run) -> None:
    assert run.store(film("silent", 4, 5))
    assert run.searched() == {VISION}
    assert not run.store(film("another", 1, 1))
    assert run.store(spoken("words"))
    assert run.searched() == {VISION, TEXT}


def test_statistics_are_renewed_a_few_times_however_many_files_there_are(run: Run) -> None:
    renewed = [run.store(spoken(str(number))) for number in range(20)]
    assert [number for number, due in enumerate(renewed) if due] == [0, 2, 6, 14]


def test_a_library_that_grows_a_little_keeps_its_statistics(
    run: Run, database: Database, encoders: Encoders
) -> None:
    for number in range(4):
        run.store(spoken(str(number)))
    refresh_null_statistics(run.spaces, FILLED, encoders)
    next_run = Run(database, encoders)
    assert not next_run.store(spoken("one more"))


def test_the_background_queries_are_encoded_once_for_spaces_that_share_their_texts(
    run: Run, encoders: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    encode = encoders.encode_queries

    def noting(space: Space, queries: Sequence[str]) -> Vectors:
        encoded.append(space.key)
        return encode(space, queries)

    monkeypatch.setattr(encoders, "encode_queries", noting)
    run.store(film("silent", 1, 1))
    run.store(spoken("words"))
    encoded.clear()
    run.store(film("another", 4, 4))
    assert run.searched() == {VISION, TEXT}
    assert encoded == [TEXT]


def test_a_moment_that_is_in_two_spaces_counts_once(
    run: Run, database: Database, encoders: Encoders
) -> None:
    run.store(spoken("first"))
    for key in (TEXT, VISION):
        run.spaces.save_null_statistics(key, {"count": 4})
    next_run = Run(database, encoders)
    renewed = [next_run.store(spoken(str(number))) for number in range(5)]
    assert renewed == [False, False, False, False, True]
