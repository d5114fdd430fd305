"""Videos that go where their hash says, after a shard was added, while searches go on.

A video is copied under its own ids, and only then leaves its old shard: in between it is in both,
and found once by those ids. Who searches meanwhile sees that videos have left, and searches again
(`SpreadDatabase.steady`). A move that was cut off is made anew by the next.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psycopg

from database.server.connection import Database
from database.server.spread import SpreadDatabase, shard_of
from database.videos.stored import Store

_AT_ONCE = 16
"""Videos that leave a shard in one transaction: each one that ends has searches begin anew."""
_PAGE = 5000
_TABLES = {
    "video": "id",
    "scene": "video_id",
    "moment": "video_id",
    "embedding": "video_id",
    "file": "video_id",
    "subtitle_track": "video_id",
    "tag": "video_id",
    "coverage": "video_id",
}
"""The tables that have rows of a video, in the order of their references, and its column."""
_JUDGED = "content_hash IN (SELECT content_hash FROM video WHERE id = ANY(%s))"
"""What people have said of hits goes with the content, and refers to no row."""
_LOCKED = {table: _TABLES[table] for table in ("video", "scene", "moment")}
"""Those that others refer to: nobody adds anything to a video that is about to leave."""
_SAME_FILES = """
    unnest(%s::text[], %s::text[], %s::timestamptz[]) AS own (origin, path, seen_at)
    WHERE (file.origin, file.path) = (own.origin, own.path)"""
_COLUMNS = """
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"""


@dataclass
class Moved:
    """What a run has done."""

    moved: int = 0
    busy: int = 0
    """Videos that are where they were, since somebody works on them."""


class _Busy(Exception):
    """Somebody is working on a content just now."""


def spread(database: SpreadDatabase) -> Moved:
    """Moves every video that is not where its hash says. Raises DatabaseError; what was moved by
    then stays so."""
    done = Moved()
    for source in database.shards:
        for target, videos in _astray(database, source):
            _move(database, source, target, videos, done)
    Store(database).analyse()
    return done


def _astray(
    database: SpreadDatabase, source: Database
) -> Iterator[tuple[Database, list[tuple[int, str]]]]:
    """(id, content hash) of the videos of a shard that belong to another, and which, some at a
    time."""
    after = 0
    statement = "SELECT id, content_hash FROM video WHERE id > :after ORDER BY id LIMIT :page"
    while page := source.rows(statement, {"after": after, "page": _PAGE}):
        after = page[-1][0]
        for target in database.shards:
            own = [
                (video_id, content)
                for video_id, content in page
                if database.shards[shard_of(content, len(database.shards))] is target
            ]
            for first in range(0, 0 if target is source else len(own), _AT_ONCE):
                yield target, own[first : first + _AT_ONCE]


def _move(
    database: SpreadDatabase,
    source: Database,
    target: Database,
    videos: Sequence[tuple[int, str]],
    done: Moved,
) -> None:
    """Moves some videos under their claims, without those that somebody else has claimed."""

    def give_up() -> None:
        raise _Busy

    store, ids = Store(database), list[int]()
    with ExitStack() as claims:
        for video_id, content in videos:
            try:
                claims.enter_context(store.claim(content, give_up))
                ids.append(video_id)
            except _Busy:
                done.busy += 1
        with source.connection() as leaving:
            for table, column in _LOCKED.items():
                locked = f"SELECT FROM {table} WHERE {column} = ANY(%s) ORDER BY id FOR UPDATE"
                leaving.execute(locked, (ids,))
            with target.connection() as coming:
                copy_videos(leaving, coming, ids)
            leaving.execute(f"DELETE FROM judgement WHERE {_JUDGED}", (ids,))
            gone = leaving.execute("DELETE FROM video WHERE id = ANY(%s)", (ids,)).rowcount
            leaving.execute("UPDATE shard SET departures = departures + %s", (gone,))
        done.moved += gone


def copy_videos(
    leaving: psycopg.Connection[Any], coming: psycopg.Connection[Any], ids: Sequence[int]
) -> None:
    """All rows of videos, by their ids, instead of those that a move which was cut off has left."""
    coming.execute(f"DELETE FROM judgement WHERE {_JUDGED}", (list(ids),))
    coming.execute("DELETE FROM video WHERE id = ANY(%s)", (list(ids),))
    _keep_newest_files(leaving, coming, ids)
    listed = f"'{{{','.join(map(str, ids))}}}'"
    conditions = {table: f"{column} = ANY({listed})" for table, column in _TABLES.items()}
    conditions["judgement"] = _JUDGED.replace("%s", listed)
    for table, condition in conditions.items():
        row = leaving.execute(_COLUMNS, (table,)).fetchone()
        assert row is not None
        chosen = f"SELECT {row[0]} FROM {table} WHERE {condition}"
        with (
            leaving.cursor().copy(f"COPY ({chosen}) TO STDOUT (FORMAT BINARY)") as rows,
            coming.cursor().copy(f"COPY {table} ({row[0]}) FROM STDIN (FORMAT BINARY)") as copy,
        ):
            for part in rows:
                copy.write(part)


def _keep_newest_files(
    leaving: psycopg.Connection[Any], coming: psycopg.Connection[Any], ids: Sequence[int]
) -> None:
    """Of paths that both have, removes what was found earlier: an ingest that stores another video
    for a path removes what another shard has of it only then, and may have been cut off."""
    files = "SELECT origin, path, seen_at FROM file WHERE video_id = ANY(%s)"
    rows = leaving.execute(files, (list(ids),)).fetchall()
    own = [[row[column] for row in rows] for column in range(3)]
    older = f"DELETE FROM file USING {_SAME_FILES} AND file.seen_at < own.seen_at"
    coming.execute(older, own)
    for path in coming.execute(f"SELECT file.origin, file.path FROM file, {_SAME_FILES}", own):
        leaving.execute("DELETE FROM file WHERE (origin, path) = (%s, %s)", path)
