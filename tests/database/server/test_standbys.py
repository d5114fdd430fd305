"""Reads go to a standby that has all that was written, and nobody can tell; one that has not, or is
gone, is left out and asked again later."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from database.doctor.findings import Level
from database.doctor.library import Looks
from database.migrate import upgrade_schema
from database.opening import open_database
from database.queries.listing import Listing, VideoLists
from database.server import standbys
from database.server.connection import Database
from database.server.standbys import Use
from database.settings import DatabaseSettings
from database.tags import Tags
from database.videos.read import Library
from database.videos.stored import Store
from embeddings.loaded import Encoders
from search.multi_modal_search import MultiModalSearchEngine
from tests.helpers.records import file, talk, unit_vector
from tests.helpers.replicated import Server, new_server, standby_of
from tests.helpers.sql import execute
from tests.helpers.waiting import wait_until

IN_RECOVERY = "SELECT pg_is_in_recovery()"


@pytest.fixture(scope="module")
def primary(home: Path) -> Iterator[Server]:
    """A library of one video, on a server of its own."""
    with new_server(home) as server:
        settings = DatabaseSettings(database_url=server.url)
        with closing(open_database(settings, require_schema=False)) as made:
            upgrade_schema(made)
            Store(made).save_video(talk("film", ["It is late."], [unit_vector(1)]), file("/film"))
        yield server


@pytest.fixture(scope="module")
def standby(primary: Server) -> Iterator[Server]:
    """One of it, which follows."""
    with standby_of(primary) as server:
        yield server


@pytest.fixture
def settings(primary: Server, standby: Server, tmp_path: Path) -> DatabaseSettings:
    return DatabaseSettings(
        sceneseek_home=tmp_path, database_url=primary.url, database_read_urls=standby.url
    )


@pytest.fixture
def database(
    settings: DatabaseSettings, standby: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    monkeypatch.setattr(standbys, "AGAIN_S", 0.1)
    with closing(open_database(settings)) as opened:
        wait_until(lambda: uses(opened) == [Use.READ])
        yield opened
        standby.rows("SELECT pg_wal_replay_resume()")


def uses(database: Database) -> list[Use]:
    return [standing.use for standing in database.standings()]


def is_read_from_a_standby(database: Database) -> bool:
    with database.from_anywhere().reading() as connection:
        return bool(connection.scalar(sa.text(IN_RECOVERY)))


def tags(database: Database) -> tuple[str, ...]:
    return Library(database.from_anywhere()).get_video(1).tags


def test_lists_are_read_from_a_standby_and_all_else_from_the_primary(database: Database) -> None:
    assert is_read_from_a_standby(database)
    with database.reading() as connection:
        assert not connection.scalar(sa.text(IN_RECOVERY))
    reader = database.from_anywhere()
    with reader.reading_session() as session:
        assert session.scalar(sa.text(IN_RECOVERY))
    with reader.session() as session:
        assert not session.scalar(sa.text(IN_RECOVERY))
    with reader.reading(), reader.connection() as connection:
        assert connection.execute(IN_RECOVERY).fetchone() == (False,)


def test_who_has_written_sees_it_at_once_each_time(database: Database) -> None:
    for number in range(50):
        Tags(database).put(1, [f"tag {number}"])
        assert tags(database) == (f"tag {number}",)
    wait_until(lambda: is_read_from_a_standby(database))


def test_a_standby_that_is_behind_is_not_read_and_is_again_once_it_has_all(
    database: Database, standby: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    standby.rows("SELECT pg_wal_replay_pause()")
    wait_until(lambda: standby.rows("SELECT pg_get_wal_replay_pause_state()") == [("paused",)])
    Tags(database).put(1, ["newest"])
    assert not is_read_from_a_standby(database)
    assert tags(database) == ("newest",)
    assert uses(database) == [Use.READ], "for a moment, that is usual"
    monkeypatch.setattr(standbys, "TOO_FAR_S", 0.0)
    (standing,) = database.standings()
    assert standing.use is Use.BEHIND
    assert "has been behind for" in standing.reason
    standby.rows("SELECT pg_wal_replay_resume()")
    wait_until(lambda: uses(database) == [Use.READ])
    assert is_read_from_a_standby(database)
    assert tags(database) == ("newest",)


def test_a_standby_that_is_gone_is_told_and_read_again_when_it_is_back(
    database: Database, standby: Server, settings: DatabaseSettings
) -> None:
    assert is_read_from_a_standby(database)
    standby.stop()
    assert not is_read_from_a_standby(database)
    (standing,) = database.standings()
    assert (standing.use, "does not answer" in standing.reason) == (Use.GONE, True)
    looks = Looks(settings)
    looks.database()
    finding = looks.standbys()
    assert finding.level is Level.NOTE
    assert "0 of 1 are read" in finding.found
    standby.start("fsync=off")
    wait_until(lambda: uses(database) == [Use.READ])
    assert is_read_from_a_standby(database)


def test_nobody_waits_while_another_asks_a_standby_that_was_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, answers = threading.Event(), threading.Event()

    class Silent:
        """A host that says nothing for long."""

        def connect(self) -> None:
            asked.set()
            assert answers.wait(60)
            raise sa.exc.TimeoutError("nothing came")

    standby = standbys.Standby(Silent(), "silent")  # type: ignore[arg-type]
    monkeypatch.setattr(standbys, "AGAIN_S", 0.0)
    standby.leave_out("gone")
    monkeypatch.setattr(standbys, "AGAIN_S", 600.0)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(standby.connect, None)
        try:
            assert asked.wait(60)
            asked.clear()
            assert standby.connect(None) is None
            assert not asked.is_set()
        finally:
            answers.set()
        assert first.result() is None


def test_a_search_goes_on_where_its_standby_fails_in_the_middle(
    database: Database, standby: Server
) -> None:
    seen: list[bool] = []

    def read() -> int:
        with reader.reading() as connection:
            seen.append(bool(connection.scalar(sa.text(IN_RECOVERY))))
        if seen[-1]:
            standby.rows(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        return len(reader.rows("SELECT id FROM video"))

    reader = database.from_anywhere()
    assert reader.read(read) == 1
    assert seen == [True, False]


def test_of_a_primary_that_is_away_searches_tell_that_changes_may_be_missing(
    database: Database, primary: Server, encoders: Encoders
) -> None:
    execute(database, "UPDATE space SET null_statistics = NULL")  # no matter which reasons else
    Tags(database).put(1, ["last"])
    engine = MultiModalSearchEngine(database, encoders)
    wait_until(lambda: is_read_from_a_standby(database))
    assert "It is late." in str(engine.search("late").hits)
    primary.stop()
    try:
        answer = engine.search("late")
        assert "It is late." in str(answer.hits)
        assert any("from a standby" in reason for reason in answer.ranking.encoded.reasons)
        assert tags(database) == ("last",)
        page = VideoLists(database.from_anywhere()).page(Listing(), limit=10)
        assert [listed.video.id for listed in page.videos] == [1]
    finally:
        primary.start("fsync=off")
    answer = engine.search("late")
    assert not any("from a standby" in reason for reason in answer.ranking.encoded.reasons)


def test_what_is_no_standby_of_this_database_is_never_read(
    primary: Server, server: str, template: str, home: Path
) -> None:
    strange = sa.make_url(server).set(database=template).render_as_string(hide_password=False)
    settings = DatabaseSettings(
        sceneseek_home=home,
        database_url=primary.url,
        database_read_urls=f"{strange}, {primary.url}",
    )
    with closing(open_database(settings)) as opened:
        assert uses(opened) == [Use.FOREIGN, Use.FOREIGN]
        assert not is_read_from_a_standby(opened)
