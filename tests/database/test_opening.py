"""Which database is in use is always told; one that does not serve is a sentence, no fallback."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
import sqlalchemy as sa

from database.errors import DatabaseUnreachable, SchemaMismatch
from database.opening import open_database
from database.queries.filters import Conditions, Filters
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.videos.read import Library
from database.videos.stored import Store
from tests.helpers.commands import run_command
from tests.helpers.records import file, talk, unit_vector
from tests.helpers.sql import execute


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_an_unreachable_server_is_named_without_its_password(closed_port: int) -> None:
    url = f"postgresql://me:hunter2@127.0.0.1:{closed_port}/films"
    with pytest.raises(DatabaseUnreachable) as raised:
        open_database(DatabaseSettings(database_url=url))
    message = str(raised.value)
    assert f"127.0.0.1:{closed_port}/films does not answer" in message
    assert "start it, or correct DATABASE_URL" in message
    assert "hunter2" not in message
    assert "\n" not in message


@pytest.mark.parametrize("url", ["films", "postgresql://me:hunter2@host:port/films", "://"])
def test_what_is_no_url_is_refused_with_an_example_and_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="postgresql://user:password@host") as raised:
        open_database(DatabaseSettings(database_url=url))
    assert "hunter2" not in str(raised.value)


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(DatabaseUnreachable, match="names sqlite; sceneseek needs PostgreSQL"):
        open_database(DatabaseSettings(database_url="sqlite:///films.db"))


def test_a_database_that_does_not_exist_is_named(settings: DatabaseSettings) -> None:
    assert settings.database_url is not None
    url = sa.make_url(settings.database_url).set(database="nowhere")
    with pytest.raises(DatabaseUnreachable, match='"nowhere" does not exist'):
        open_database(DatabaseSettings(database_url=url.render_as_string(hide_password=False)))


def test_a_database_without_a_schema_is_refused_with_the_command_to_run(server: str) -> None:
    with pytest.raises(SchemaMismatch, match=r"has schema none.*python -m database upgrade"):
        open_database(DatabaseSettings(database_url=server))


def test_dates_and_times_of_day_are_in_utc_whatever_the_time_zone_of_the_database(
    settings: DatabaseSettings, database: Database
) -> None:
    at = datetime(2026, 11, 26, 20, 0, tzinfo=UTC)
    film = replace(talk("late", ["It is late."], [unit_vector(1)]), recorded_at=at)
    Store(database).save_video(film, file("/library/late.mp4"))
    name = sa.make_url(settings.database_url or "").database
    execute(database, f"ALTER DATABASE \"{name}\" SET timezone = 'Asia/Tokyo'")
    with contextlib.closing(open_database(settings)) as reopened:
        recorded_at = Library(reopened).get_video(1).recorded_at
        assert recorded_at is not None
        assert recorded_at.isoformat() == at.isoformat()
        for hours, passes in (((19, 20), True), ((4, 5), False)):
            filters = Filters(clock_from=time(hours[0], 30), clock_to=time(hours[1], 30))
            condition, values = Conditions(filters).of_videos()
            with reopened.reading() as connection:
                found = connection.scalar(sa.text(f"SELECT {condition} FROM video"), values)
            assert found is passes


def test_a_database_of_a_newer_version_is_refused(
    settings: DatabaseSettings, database: Database
) -> None:
    with database.session() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatch, match=r"schema 9999.*upgrade sceneseek"):
        open_database(settings)
    done = run_command("database", "upgrade", settings=settings)
    assert done.returncode == 1
    assert "upgrade sceneseek" in done.stderr


@pytest.fixture
def by_network(settings: DatabaseSettings) -> Iterator[str]:
    """The URL of the tests' database, which listens on a Unix socket, by a port that leads there
    for one connection."""
    assert settings.database_url is not None
    url = sa.make_url(settings.database_url)
    folder = url.query.get("host", url.host)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as there:
        there.connect(f"{folder}/.s.PGSQL.{url.port or url.query.get('port', 5432)}")

        def lead() -> None:
            here, _address = listener.accept()
            with here:
                back = threading.Thread(target=_copy, args=(there, here))
                back.start()
                _copy(here, there)
                back.join()

        leading = threading.Thread(target=lead)
        leading.start()
        port = listener.getsockname()[1]
        found = url.set(host="127.0.0.1", port=port, query={})
        yield found.render_as_string(hide_password=False)
        leading.join(20)


def _copy(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(65536):
        target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def test_a_host_that_vanishes_is_not_waited_for(by_network: str) -> None:
    """What the system is told, which then ends the connection."""
    database = open_database(DatabaseSettings(database_url=by_network), require_schema=False)
    with contextlib.closing(database), database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        with socket.fromfd(driver.fileno(), socket.AF_INET, socket.SOCK_STREAM) as held:
            told = [
                held.getsockopt(socket.IPPROTO_TCP, option)
                for option in (
                    socket.TCP_KEEPIDLE,
                    socket.TCP_KEEPINTVL,
                    socket.TCP_KEEPCNT,
                    socket.TCP_USER_TIMEOUT,
                )
            ]
    assert told == [5, 2, 3, 10_000]
