"""The version of a library: each change makes it another one, no commit waits for another."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from database.server.connection import Database
from database.settings import DatabaseSettings
from database.tags import Tags
from database.videos.read import Library
from database.videos.stored import Store
from tests.helpers.records import file, video
from tests.helpers.sql import execute, rows

TAG = "INSERT INTO tag (video_id, name) VALUES (1, %s)"


@pytest.fixture
def library(database: Database) -> Library:
    """Of one video, whose id is 1."""
    Store(database).save_video(video("film"), file("/library/film.mp4"))
    return Library(database)


@contextmanager
def another(settings: DatabaseSettings) -> Iterator[psycopg.Connection[Any]]:
    """A connection of another program."""
    url = sa.make_url(settings.database_url or "").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET statement_timeout = '10s'")
        yield connection


def test_a_transaction_is_one_change_however_much_it_changes(
    library: Library, database: Database
) -> None:
    before = library.version()
    Tags(database).put(1, ["a", "b", "c"])
    execute(database, "UPDATE video SET title = 'x'", "UPDATE file SET reason = 'y'")
    assert library.version() == before + 2
    execute(database, "UPDATE moment SET text = text")
    assert library.version() == before + 2


def test_a_version_is_there_with_its_change_and_not_before(
    library: Library, settings: DatabaseSettings
) -> None:
    before = library.version()
    with another(settings) as connection:
        with connection.transaction():
            connection.execute(TAG, ["a"])
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            assert library.version() == before
        assert library.version() == before + 1
        with connection.transaction(force_rollback=True):
            connection.execute(TAG, ["b"])
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert library.version() == before + 1


def test_a_commit_waits_for_no_other_that_has_not_ended(
    library: Library, settings: DatabaseSettings
) -> None:
    before = library.version()
    with another(settings) as slow, another(settings) as quick, slow.transaction():
        slow.execute(TAG, ["slow"])
        slow.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for number in range(200):  # some of which fold the rows of those before
            quick.execute(TAG, [f"quick {number}"])
        assert library.version() == before + 200
    assert library.version() == before + 201


def test_rows_are_folded_and_none_is_lost_or_counted_twice(
    library: Library, database: Database, settings: DatabaseSettings
) -> None:
    before = library.version()

    def change(own: int) -> None:
        with another(settings) as connection:
            connection.execute("SELECT setseed(%s)", [own / 10])
            for number in range(150):
                connection.execute(TAG, [f"{own} {number}"])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(4)))
    assert library.version() == before + 600
    ((num_rows,),) = rows(database, "SELECT count(*) FROM library_change")
    assert isinstance(num_rows, int)
    assert num_rows < 300
