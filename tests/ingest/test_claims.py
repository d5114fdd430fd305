"""Two ingests get to one content because the database was away: one stores it, and the other finds
it known; neither undoes what the other does."""

import dataclasses
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from database.check import find_faults
from database.objects.address import Address
from database.opening import open_database
from database.server.connection import Database
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from ingest.files.discover import discover
from ingest.files.identity import content_hash
from ingest.files.outcome import Outcome
from ingest.pipeline import Ingest, make_ingest
from ingest.settings import IngestSettings
from tests.helpers.media import drawn, make_video
from tests.helpers.sql import cut_locks, rows

WAIT_S = 30


class Process:
    """An ingest with a connection for its locks of its own, that stops at a stage to see what
    becomes of it."""

    def __init__(self, database: Database, settings: IngestSettings, encoders: Encoders) -> None:
        ingest = make_ingest(database, settings, PROFILES["bundled"])
        self.ingest: Ingest = dataclasses.replace(ingest, encoders=encoders)
        self.stages: list[str] = []

    def run(self, path: Path, stage: str = "", act: Callable[[], object] = lambda: None) -> Outcome:
        """The outcome of a file; `act()` is called when it first comes to `stage`."""
        (file,) = discover([str(path)])

        def report(_path: Path | Address, now: str, _part: float | None) -> None:
            is_first = now not in self.stages
            self.stages.append(now)
            if now == stage and is_first:
                act()

        return self.ingest.ingest_file(file, report)


@pytest.fixture
def first(database: Database, settings: IngestSettings, encoders: Encoders) -> Process:
    return Process(database, settings, encoders)


@pytest.fixture
def second(settings: IngestSettings, encoders: Encoders) -> Iterator[Process]:
    with closing(open_database(settings)) as database:
        yield Process(database, settings, encoders)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return make_video(tmp_path / "film.mp4", [drawn(1), drawn(2)])


@pytest.fixture(autouse=True)
def _library_is_sound_with_one_film(settings: IngestSettings, database: Database) -> Iterator[None]:
    yield
    assert rows(database, "SELECT count(*) FROM video") == [(1,)]
    assert find_faults(database, settings.keyframes_dir) == []


@pytest.mark.parametrize("stage", ["decode", "embed"])
def test_a_content_that_another_ingest_has_stored_meanwhile_is_known(
    stage: str, film: Path, first: Process, second: Process, database: Database
) -> None:
    copy = Path(shutil.copy(film, film.with_name("copy.mp4")))

    def overtake() -> None:
        cut_locks(database)
        assert second.run(copy).status.value == "done"

    outcome = first.run(film, stage, overtake)
    assert (outcome.status.value, outcome.reason) == ("done", f"same content as {copy}")
    (paths,) = rows(database, "SELECT array_agg(path ORDER BY path) FROM file")
    assert paths == ([str(copy), str(film)],)


def test_a_content_that_another_ingest_is_at_work_on_is_waited_for(
    film: Path, first: Process, second: Process, database: Database
) -> None:
    claimed, waits = threading.Event(), threading.Event()
    store = second.ingest.store

    def hold() -> None:
        with store.claim(content_hash(film)):
            claimed.set()
            assert waits.wait(WAIT_S)

    holder = threading.Thread(target=hold)

    def overtake() -> None:
        cut_locks(database)
        holder.start()
        assert claimed.wait(WAIT_S)

    outcomes: list[Outcome] = []
    running = threading.Thread(target=lambda: outcomes.append(first.run(film, "embed", overtake)))
    with ExitStack() as ends:
        ends.callback(holder.join, WAIT_S)
        ends.callback(waits.set)
        running.start()
        assert claimed.wait(WAIT_S)
        while first.stages[-1] != "hash":
            assert running.is_alive()
            time.sleep(0.02)
        waits.set()
        running.join(WAIT_S)
    assert [outcome.status.value for outcome in outcomes] == ["done"]
    assert "decode" not in first.stages[first.stages.index("embed") :]  # it goes on where it was


def test_an_ingest_goes_on_with_its_content_when_the_database_was_away(
    film: Path, first: Process, database: Database
) -> None:
    outcome = first.run(film, "decode", lambda: cut_locks(database))
    assert outcome.status.value == "done"
    assert "hash" not in first.stages[first.stages.index("decode") :]
