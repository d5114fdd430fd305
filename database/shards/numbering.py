"""How databases become the shards of one library: each has its number for good, and gives ids that
no other gives."""

from collections.abc import Sequence
from contextlib import ExitStack, closing

import sqlalchemy as sa

from database.errors import DatabaseUnsuitable
from database.migrate import upgrade_schema
from database.models import StoredSpace
from database.opening import open_alone
from database.server.connection import Database, Row
from database.server.spread import STRIDE
from database.settings import DatabaseSettings
from database.spaces.partitions import create_index, create_partition, drop_space

_SEQUENCES = ("video_id_seq", "scene_id_seq", "moment_id_seq")
_START = "SELECT seqstart FROM pg_sequence WHERE seqrelid = 'video_id_seq'::regclass"

_WHICH = "SELECT system_identifier, current_database() FROM pg_control_system()"


def make_shards(settings: DatabaseSettings) -> list[str]:
    """Brings the databases of DATABASE_SHARD_URLS to this schema, and makes those into shards that
    are none yet: the first may have a library, the others are empty. Returns their descriptions.

    Raises DatabaseUnsuitable for another order than they were made in, one left out, or one that
    is named twice.
    """
    with ExitStack() as opened:
        databases = [
            opened.enter_context(closing(open_alone(each, require_schema=False, as_shard=True)))
            for each in settings.of_shards()
        ]
        for database in databases:
            upgrade_schema(database)
        _require_different(databases)
        known = [_known(database) for database in databases]
        _require_order(databases, known)
        for number, database in enumerate(databases):
            if known[number] is None:
                _number(database, number, databases[0])
        for database in databases:
            with database.session() as session:
                session.execute(sa.text("UPDATE shard SET num_shards = :n"), {"n": len(databases)})
        return [database.description for database in databases]


def _require_different(databases: Sequence[Database]) -> None:
    """Raises DatabaseUnsuitable if two are the same one, however they are named."""
    named: dict[Row, str] = {}
    for database in databases:
        (which,) = database.rows(_WHICH)
        if which in named:
            raise DatabaseUnsuitable(
                f"DATABASE_SHARD_URLS names one database twice, as {named[which]} and as "
                f"{database.description}: each shard is a database of its own"
            )
        named[which] = database.description


def _known(database: Database) -> tuple[int, int] | None:
    """The number of a shard, and how many it knows of; None of what is none."""
    rows = database.rows("SELECT number, num_shards FROM shard")
    return (rows[0][0], rows[0][1]) if rows else None


def _require_order(databases: Sequence[Database], known: Sequence[tuple[int, int] | None]) -> None:
    for number, (database, shard) in enumerate(zip(databases, known, strict=True)):
        name = database.description
        if shard is None and number and database.rows("SELECT FROM video LIMIT 1"):
            raise DatabaseUnsuitable(
                f"{name} has a library of its own: only the first of DATABASE_SHARD_URLS may, the "
                "others are empty databases"
            )
        if shard is None and number < max((own[1] for own in known if own), default=0):
            raise DatabaseUnsuitable(
                f"{name} is no shard of this library: new ones come last in DATABASE_SHARD_URLS"
            )
        if shard is not None and shard[0] != number:
            raise DatabaseUnsuitable(
                f"{name} is shard {shard[0]}, and DATABASE_SHARD_URLS names it as {number} (from "
                "0): keep the order in which they were added"
            )
        if shard is not None and shard[1] > len(databases):
            raise DatabaseUnsuitable(
                f"the library is spread over {shard[1]} databases: name all of them in "
                "DATABASE_SHARD_URLS"
            )


def _number(database: Database, number: int, home: Database) -> None:
    """Gives a database its number: its ids are those above all that there were when the library
    became one of shards, with this remainder."""
    if database is home:
        last = (database.rows(f"SELECT last_value FROM {name}")[0][0] for name in _SEQUENCES)
        start = (max(last) // STRIDE + 1) * STRIDE
    else:
        start = home.rows(_START)[0][0] + number
    with database.engine.begin() as connection:
        for name in _SEQUENCES:
            connection.execute(
                sa.text(
                    f"ALTER SEQUENCE {name} INCREMENT BY {STRIDE} START WITH {start} "
                    f"RESTART WITH {start}"
                )
            )
        if database is not home:
            _copy_spaces(home, connection)
        statement = sa.text("INSERT INTO shard (number, num_shards) VALUES (:number, :num)")
        connection.execute(statement, {"number": number, "num": number + 1})


def _copy_spaces(home: Database, connection: sa.Connection) -> None:
    """The spaces of the library, in their states, instead of those that a new database has."""
    for key in connection.scalars(sa.select(StoredSpace.key)).all():
        drop_space(connection, key)
    with home.reading() as reading:
        spaces = reading.execute(sa.select(StoredSpace.__table__)).mappings().all()
    for space in spaces:
        connection.execute(sa.insert(StoredSpace).values(**space))
        create_partition(connection, space["key"], space["dim"])
        bits = space["bit_candidates"] is not None
        create_index(connection, space["key"], space["dim"], bits=bits)
