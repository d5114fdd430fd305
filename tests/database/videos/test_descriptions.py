"""Descriptions are stored once, whoever else works on their video meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
import sqlalchemy as sa

from database import opening
from database.check import find_faults
from database.checking.faults import Kind
from database.doctor.findings import Level
from database.doctor.library import Looks
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.videos.descriptions import DescriptionStore, Still, description_of
from database.videos.stored import Store
from tests.helpers import records
from tests.helpers.sql import execute, rows

LOST = Kind.KEYFRAME_LOST
ALIKE = "A station at night."
NUM_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


@pytest.fixture
def still(store: Store, database: Database) -> Still:
    """The one keyframe of a film."""
    store.save_video(records.video("a"), records.file("/v/a.mp4"))
    (found,) = DescriptionStore(database).missing(limit=10)
    return found


def save(database: Database, still: Still, by: str = "llava@1") -> int:
    """Stores a description of a keyframe, without vectors; how many that are."""
    moment = description_of(still, ALIKE, by)
    return DescriptionStore(database).save(still.video_id, [still], [moment], [])


@contextmanager
def at_once(*tasks: Callable[[], int]) -> Iterator[list[int | Exception]]:
    """What each of the tasks has answered, or raised, by the end of the block."""
    answers: list[int | Exception] = []

    def work(task: Callable[[], int]) -> None:
        try:
            answers.append(task())
        except Exception as error:
            answers.append(error)

    threads = [threading.Thread(target=work, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        for thread in threads:
            thread.join(30)


def wait_for(database: Database, num: int) -> None:
    """Until so many wait for a lock."""
    until = time.monotonic() + 10
    while rows(database, NUM_WAITING) != [(num,)]:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_two_that_describe_one_keyframe_at_once_leave_one_description(
    still: Still, database: Database
) -> None:
    tasks = [lambda by=by: save(database, still, by) for by in ("llava@1", "minicpm-v@2")]
    with database.engine.begin() as other:
        other.execute(sa.text("SELECT FROM video FOR UPDATE"))
        with at_once(*tasks) as answers:
            wait_for(database, 2)
            other.rollback()
    assert sorted(map(str, answers)) == ["0", "1"]
    assert rows(database, "SELECT count(*) FROM moment WHERE made_by IS NOT NULL") == [(1,)]


def test_a_film_that_is_made_anew_while_it_is_described_is_stored(
    still: Still, database: Database
) -> None:
    with database.engine.begin() as other:
        # What storing a film anew does first.
        other.execute(sa.text("UPDATE video SET content_hash = content_hash"))
        with at_once(lambda: save(database, still)) as answers:
            wait_for(database, 1)
            other.execute(sa.text("DELETE FROM scene"))
            other.commit()
    assert answers == [0]


def test_a_film_that_is_made_anew_while_its_descriptions_are_dropped_is_stored(
    still: Still, database: Database
) -> None:
    save(database, still)
    with database.engine.begin() as other:
        other.execute(sa.text("UPDATE video SET content_hash = content_hash"))
        with at_once(DescriptionStore(database).drop) as answers:
            wait_for(database, 1)
            other.execute(sa.text("DELETE FROM scene"))
            other.commit()
    assert answers == [0]


def test_what_is_left_to_describe_is_found_however_long_that_takes(
    still: Still,
    database: Database,
    settings: DatabaseSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "STATEMENT_TIMEOUT_S", 1)
    with (
        closing(opening.open_database(settings)) as hasty,
        database.engine.begin() as other,
        ThreadPoolExecutor() as pool,
    ):
        other.execute(sa.text("LOCK TABLE moment"))
        store = DescriptionStore(hasty)
        tasks = pool.submit(store.missing, limit=10), pool.submit(store.count)
        time.sleep(1.5)
        other.rollback()
        assert (tasks[0].result(), tasks[1].result().missing) == ([still], 1)


def test_a_lost_picture_counts_once_though_its_description_names_it_too(
    still: Still, database: Database, settings: DatabaseSettings
) -> None:
    save(database, still)
    keyframe = records.put_keyframe(settings.keyframes_dir, "a")
    keyframe.unlink()
    lost = [each for each in find_faults(database, settings.keyframes_dir) if each.kind is LOST]
    assert [each.number for each in lost] == [1]


def test_the_doctor_counts_what_the_command_would_describe(
    still: Still, database: Database, store: Store, settings: DatabaseSettings
) -> None:
    looks = Looks(settings)
    looks.database()
    assert looks.descriptions().level is Level.OK  # none is described
    save(database, still)
    assert looks.descriptions().found.startswith("1 of 1 keyframes")
    store.save_video(records.video("b"), records.file("/v/b.mp4"))
    assert looks.descriptions().level is Level.NOTE
    execute(database, "UPDATE video SET missing_since = now() WHERE title = 'b'")
    assert looks.descriptions().level is Level.OK
