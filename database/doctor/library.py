"""The database, its extensions and its clock, and the models that its library needs."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from database.doctor.findings import Finding, fault, note, ok
from database.doctor.weights import judge_weights
from database.errors import DatabaseError
from database.migrate import head_revision
from database.opening import open_database
from database.server.embedded import data_dir, start_embedded
from database.server.pgvector import INSTALL, NEEDED, find_remedy
from database.server.sqlstates import translated_errors
from database.server.urls import NoUrl, described, read_url
from database.settings import DatabaseSettings
from database.spaces.indexing import BITS_FROM
from database.videos.descriptions import NUM_DESCRIBED

MOST_SECONDS_APART = 60
_YEARS = range(2025, 2100)
_CONNECT_TIMEOUT_S = 3
_UPGRADE = "python -m database upgrade"
_LIKE_THIS = "write postgresql://user:password@host:5432/database, with %40 for @ in a password"


class Looks:
    """The checks that need the database; `database` comes first, and finds out whether it is
    there. Each uses a connection of its own, and none changes anything."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._url: str | None = None
        """Of the database, once it has answered."""
        self._description = f"embedded PostgreSQL in {data_dir(settings.home)}"
        self._embedded = settings.database_url is None
        self._is_new = False

    def database(self) -> Finding:
        """Which one it is, whether it answers, and its schema."""
        if self._embedded and not (data_dir(self._settings.home) / "PG_VERSION").exists():
            self._is_new = True
            return ok(f"no library yet: the first ingest makes an {self._description}")
        try:
            url = self._find_url()
        except (NoUrl, ValueError):
            return fault("DATABASE_URL is not the URL of a PostgreSQL database", _LIKE_THIS)
        except DatabaseError as error:
            return fault(str(error), f"{data_dir(self._settings.home) / 'log'} says more")
        try:
            with self._connected(url) as connection:
                version = connection.info.server_version // 10_000
                revision = _find_revision(connection)
        except DatabaseError as error:
            # Its message ends with what to do.
            found, _, remedy = str(error).rpartition("): ")
            return fault(f"{found})", remedy) if found else fault(str(error))
        self._url = url
        return self._judge_schema(revision, f"{self._description}, version {version}")

    def standbys(self) -> Finding:
        """Which of DATABASE_READ_URLS are read."""
        if not self._settings.read_urls:
            return ok("none: all is read from the database itself")
        if self._url is None:
            return self._not_known()
        try:
            with closing(open_database(self._settings, require_schema=False)) as database:
                standings = database.standings()
        except DatabaseError as error:
            return fault(str(error))
        lacking = [f"{each.description} {each.reason}" for each in standings if each.reason]
        if not lacking:
            return ok(f"{len(standings)} are read")
        return note(
            f"{len(standings) - len(lacking)} of {len(standings)} are read: {'; '.join(lacking)}",
            "start it, let it follow the database, or take it out of DATABASE_READ_URLS",
        )

    def pgvector(self) -> Finding:
        """Its version: in this database, and the newest one of the server."""
        rows = self._read(
            "SELECT installed_version, default_version FROM pg_available_extensions "
            "WHERE name = 'vector'"
        )
        if rows is None:
            return self._not_known()
        return judge_pgvector(*rows[0]) if rows else judge_pgvector(None, None)

    def extensions(self) -> Finding:
        """pg_trgm and unaccent, which it can do without."""
        rows = self._read(
            "SELECT name FROM pg_available_extensions WHERE name IN ('pg_trgm', 'unaccent')"
        )
        if rows is None:
            return self._not_known()
        there = {name for (name,) in rows}
        unaccent = "unaccent, which nothing needs so far, is " + (
            "there, too" if "unaccent" in there else "not there"
        )
        if "pg_trgm" not in there:
            return note(
                "no pg_trgm: words are found whole, not inside of others, and lists of videos are "
                f"searched without an index; {unaccent}",
                # An embedded one without is an older one that still runs.
                "python -m database stop: the next command starts one that has it"
                if self._embedded
                else "install the contrib extensions on the server, for it",
            )
        made = self._read("SELECT to_regclass('moment'), to_regclass('moment_text_trgm_idx')")
        if made and made[0][0] is not None and made[0][1] is None:
            return note(
                f"pg_trgm is there, but came after the library, which does not use it; {unaccent}",
                _UPGRADE,
            )
        return ok(f"pg_trgm; {unaccent}")

    def clock(self) -> Finding:
        """The machine's clock, alone and against the database's."""
        year = datetime.now(UTC).year
        remedy = "set the clock of the one that is wrong: timedatectl set-ntp true"
        if year not in _YEARS:
            return fault(f"the machine's clock says that it is {year}", remedy)
        before_s = time.time()
        rows = self._read("SELECT extract(epoch FROM clock_timestamp())::float8")
        if not rows:
            return ok(f"it is {year}")
        apart_s = rows[0][0] - (before_s + time.time()) / 2
        ahead = "ahead of" if apart_s > 0 else "behind"
        if abs(apart_s) > MOST_SECONDS_APART:
            found = f"the database's clock is {abs(apart_s):,.0f} s {ahead} the machine's"
            return fault(found, remedy)
        return ok(f"it is {year}, and the database's clock is {abs(apart_s):.1f} s away")

    def weights(self) -> Finding:
        """The models of the library's spaces and of its last profile, or those that a new library
        is given."""
        spaces: Sequence[tuple[str, str]] = ()
        profile = None
        if self._url is not None and self._has_library():
            spaces = (
                self._read(
                    "SELECT key, state::text FROM space WHERE state IN ('active', 'filling') "
                    "ORDER BY key"
                )
                or ()
            )
            last = self._read("SELECT profile FROM video ORDER BY id DESC LIMIT 1")
            profile = last[0][0] if last else None
        finding = judge_weights(self._settings.runtime(), spaces, profile)
        if self._url is None and not self._is_new:
            return replace(finding, found=f"{finding.found}; what the library needs is not known")
        return finding

    def descriptions(self) -> Finding:
        """How many keyframes a model has described."""
        rows = self._read("SELECT to_regclass('moment_description_idx') IS NOT NULL")
        if rows is None:
            return self._not_known()
        if not rows[0][0]:
            return ok("not known before the schema is up to date")
        if not self._read("SELECT 1 FROM moment WHERE made_by IS NOT NULL LIMIT 1"):
            return ok("no keyframe is described by a model, and nothing needs that")
        rows = self._read(NUM_DESCRIBED)
        most, num = rows[0] if rows else (0, 0)
        told = f"{num:,} of {most:,} keyframes are described by a model"
        return note(told, "python -m ingest.backfill --descriptions") if num < most else ok(told)

    def indexes(self) -> Finding:
        """Large spaces that are indexed by half floats."""
        rows = self._read(
            "SELECT EXISTS (SELECT FROM pg_attribute "
            "WHERE attrelid = to_regclass('space') AND attname = 'bit_candidates')"
        )
        if rows is None:
            return self._not_known()
        if not rows[0][0]:
            return ok("not known before the schema is up to date")
        large = self._read(
            "SELECT key, sum(embedded) FROM space JOIN coverage ON coverage.space = key "
            "WHERE state = 'active' AND bit_candidates IS NULL "
            f"GROUP BY key HAVING sum(embedded) >= {BITS_FROM} ORDER BY key"
        )
        if not large:
            return ok(f"no space of {BITS_FROM:,} vectors is indexed by half floats")
        told = ", ".join(f"{key} ({num:,} vectors)" for key, num in large)
        return note(
            f"indexed by half floats, where bits would take two fifths of the room: {told}",
            "python -m database tune",
        )

    def _not_known(self) -> Finding:
        if self._is_new:
            return ok("not known before there is a library")
        return note("not known: the database did not answer")

    def _has_library(self) -> bool:
        rows = self._read("SELECT to_regclass('space') IS NOT NULL")
        return bool(rows and rows[0][0])

    def _judge_schema(self, revision: str | None, found: str) -> Finding:
        head = head_revision()
        if revision == head:
            return ok(f"{found}, schema {revision}")
        found += f", schema {revision or 'none'}, and this code needs {head}"
        if revision is not None and revision > head:
            remedy = (
                "upgrade sceneseek"
                if self._embedded
                else ("upgrade sceneseek, or set DATABASE_URL to another database")
            )
            return fault(found, remedy)
        if self._embedded:
            return note(f"{found}: the next command brings it up to date", _UPGRADE)
        return fault(found, _UPGRADE)

    def _find_url(self) -> str:
        """Starts the embedded server. Raises DatabaseError, and NoUrl or ValueError for a URL that
        is none."""
        text = self._settings.database_url
        if text is None:
            return start_embedded(self._settings.home)
        url = read_url(text, "DATABASE_URL")
        if "@" in (url.host or ""):
            raise ValueError  # what follows an @ in a password would be told as the host
        self._description = described(url)
        return url.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def _connected(self, url: str) -> Iterator[psycopg.Connection[Any]]:
        with (
            translated_errors(self._description),
            psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S) as connection,
        ):
            yield connection

    def _read(self, query: str) -> list[tuple[Any, ...]] | None:
        """The rows of a query; None if there is no database to ask."""
        if self._url is None:
            return None
        with self._connected(self._url) as connection:
            return connection.execute(query).fetchall()


def _find_revision(connection: psycopg.Connection[Any]) -> str | None:
    row = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def judge_pgvector(installed: str | None, newest: str | None) -> Finding:
    """By its versions in the database and on the server; None where there is none."""
    if newest is None:
        return fault("the server has none, and nothing can be stored without", INSTALL)
    if remedy := find_remedy(installed, newest):
        found = f"{installed or newest}, and before {NEEDED} HNSW indexes may be corrupted"
        return fault(found, remedy)
    if installed is None:
        return ok(f"{newest} on the server, not yet in this database")
    return ok(installed)
