"""The outcomes of files: what was not looked at, or only in part, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Annotated, Self

import sqlalchemy as sa
from pydantic import AfterValidator, Field

from database.forms import Form, is_storable
from database.models import FileStatus
from database.server.connection import Database

MAX_REASONS = 50
FILES_OF_REASON = 5
_ALIKE = "regexp_replace(coalesce(reason, ''), '[0-9]+([.,][0-9]+)*', '…', 'g')"
"""A reason without its numbers: only 2.4 s of 5.0 s could be decoded is one reason with others."""


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("this has characters that no path and no reason has")
    return text


def _place(after: str) -> str:
    _read_place(_storable(after))
    return after


def _read_place(after: str) -> tuple[datetime, str, str]:
    seen_at, _, place = after.partition(" ")
    origin, _, path = place.partition(" ")
    try:
        moment = datetime.fromisoformat(seen_at)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None or "://" not in origin or not path:
        raise ValueError("take `next` of the page before")
    return moment, origin, path


class FileListing(Form):
    """What a list of files shows; what is left out asks for nothing."""

    status: FileStatus | None = Field(default=None, description="Only files with this outcome")
    reason: Annotated[str, Field(max_length=2000), AfterValidator(_storable)] | None = Field(
        default=None, description="Only files with this reason; … stands for any number"
    )
    missing: bool | None = Field(
        default=None, description="Only files that are missing, or only those that are not"
    )
    after: Annotated[str, Field(max_length=5000), AfterValidator(_place)] | None = Field(
        default=None, description="`next` of the page before"
    )


@dataclass(frozen=True)
class FileOutcome:
    """A file that an ingest has seen."""

    origin: str
    path: str
    """Its URI is both together (database/videos/places.py)."""
    status: FileStatus
    reason: str | None
    seen_at: datetime
    missing_since: datetime | None
    video_id: int | None

    @property
    def place(self) -> str:
        """Where it stands in a list, newest first: the `after` of what follows."""
        return f"{self.seen_at.isoformat()} {self.origin} {self.path}"


@dataclass(frozen=True)
class FilePage:
    """A page of a list of files, the newest first; `next` is None on the last."""

    files: tuple[FileOutcome, ...]
    next: str | None


@dataclass(frozen=True)
class Reason:
    """Files that have one reason in common, or that differ in its numbers only."""

    status: FileStatus
    text: str
    """Without the numbers, if they differ."""
    alike: str
    """The `reason` of a FileListing of all these files."""
    num_files: int
    newest: tuple[FileOutcome, ...]
    """The first of them."""

    @classmethod
    def of(cls, rows: list[sa.Row[tuple[object, ...]]]) -> Self:
        """The reason that these rows have in common."""
        first = rows[0]
        text = first.first_reason if first.first_reason == first.last_reason else first.alike
        newest = tuple(_outcome(row) for row in rows)
        return cls(newest[0].status, text, first.alike, first.num, newest)


class Files:
    """Reads the table `file`; each method is one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self) -> dict[FileStatus, int]:
        """The number of files with each outcome, without those that are missing."""
        statement = "SELECT status, count(*) FROM file WHERE missing_since IS NULL GROUP BY status"
        found = self._count(statement)
        return {status: found[status] for status in FileStatus}

    def missing(self) -> dict[str, int]:
        """The number of files that are missing, by the origin of each."""
        statement = (
            "SELECT origin, count(*) FROM file WHERE missing_since IS NOT NULL GROUP BY origin"
        )
        return dict(sorted(self._count(statement).items()))

    def _count(self, statement: str) -> Counter[str]:
        """The sums of what every part of the library counts, by name."""
        total: Counter[str] = Counter()
        for own in self._database.gather(lambda part: part.rows(statement)):
            total.update(dict(own))
        return total

    def videos_of_only(self, paths: Sequence[str]) -> int:
        """The number of videos that these files of this host lead to, and no others."""
        statement = sa.text(
            "SELECT count(*) FROM (SELECT FROM file WHERE video_id IN (SELECT video_id FROM file "
            "WHERE origin = :origin AND path = ANY(:paths)) GROUP BY video_id "
            "HAVING bool_and(origin = :origin AND path = ANY(:paths))) AS led"
        )
        values = {"origin": self._database.origin, "paths": list(paths)}

        def count(part: Database) -> int:
            with part.reading() as connection:
                return connection.scalar(statement, values) or 0

        return sum(self._database.gather(count))

    def of(self, paths: Sequence[str]) -> list[FileOutcome]:
        """The files of this host at these paths, in the order of the paths."""
        statement = sa.text(
            "SELECT * FROM file WHERE origin = :origin AND path = ANY(:paths) ORDER BY path"
        )
        values = {"origin": self._database.origin, "paths": list(paths)}
        found = self._read(statement, values)
        return found if len(self._database.parts) == 1 else sorted(found, key=lambda f: f.path)

    def _read(self, statement: sa.TextClause, values: Mapping[str, object]) -> list[FileOutcome]:
        """The files of every part of the library."""

        def read(part: Database) -> list[FileOutcome]:
            with part.reading() as connection:
                return [_outcome(row) for row in connection.execute(statement, values)]

        return [file for own in self._database.gather(read) for file in own]

    def page(self, listing: FileListing, *, limit: int) -> FilePage:
        """Files of a list, from the one after `listing.after`."""
        parts = ["true"]
        values: dict[str, object] = {"limit": limit + 1}
        if listing.status is not None:
            values["status"] = listing.status.value
            parts.append("status = CAST(:status AS file_status)")
        if listing.reason is not None:
            values["reason"] = listing.reason
            parts.append(f"{_ALIKE} = :reason")
        if listing.missing is not None:
            parts.append(f"missing_since IS {'NOT NULL' if listing.missing else 'NULL'}")
        if listing.after is not None:
            values["seen_at"], values["origin"], values["path"] = _read_place(listing.after)
            parts.append("(seen_at, origin, path) < (:seen_at, :origin, :path)")
        statement = sa.text(
            f"SELECT * FROM file WHERE {' AND '.join(parts)} "
            "ORDER BY seen_at DESC, origin DESC, path DESC LIMIT :limit"
        )
        found = self._read(statement, values)
        if len(self._database.parts) > 1:
            found.sort(key=lambda file: (file.seen_at, file.origin, file.path), reverse=True)
        files = tuple(found[: limit + 1])
        more = len(files) > limit
        return FilePage(files[:limit], files[limit - 1].place if more else None)

    def reasons(self) -> list[Reason]:
        """Why files were not looked at, or only in part, the newest reason first, each with its
        newest files; files that are missing are left out."""
        alike = "PARTITION BY status, alike"
        statement = sa.text(
            f"WITH told AS (SELECT *, {_ALIKE} AS alike FROM file "
            "WHERE status <> 'done' AND missing_since IS NULL), "
            f"counted AS (SELECT *, count(*) OVER ({alike}) AS num, "
            f"min(reason) OVER ({alike}) AS first_reason, "
            f"max(reason) OVER ({alike}) AS last_reason, "
            f"row_number() OVER ({alike} ORDER BY seen_at DESC, origin DESC, path DESC) AS number, "
            f"max(seen_at) OVER ({alike}) AS newest FROM told), "
            "placed AS (SELECT *, dense_rank() OVER (ORDER BY newest DESC, status, alike) AS place "
            "FROM counted) "
            "SELECT * FROM placed WHERE place <= :reasons AND number <= :files "
            "ORDER BY place, number"
        )
        values = {"reasons": MAX_REASONS, "files": FILES_OF_REASON}

        def read(part: Database) -> list[Reason]:
            with part.reading() as connection:
                rows = connection.execute(statement, values).all()
            return [Reason.of(list(own)) for _, own in groupby(rows, key=lambda row: row.place)]

        found = self._database.gather(read)
        return found[0] if len(found) == 1 else _joined(found)


def _joined(parts: Sequence[Sequence[Reason]]) -> list[Reason]:
    """The reasons of all parts of a library, each once."""
    found: dict[tuple[FileStatus, str], Reason] = {}
    for reason in (reason for own in parts for reason in own):
        known, both = found.get((reason.status, reason.alike)), reason
        if known is not None:
            files = sorted((*known.newest, *reason.newest), key=lambda f: f.seen_at, reverse=True)
            both = replace(
                reason,
                text=known.text if known.text == reason.text else reason.alike,
                num_files=known.num_files + reason.num_files,
                newest=tuple(files[:FILES_OF_REASON]),
            )
        found[reason.status, reason.alike] = both
    order = sorted(found.values(), key=lambda each: each.newest[0].seen_at, reverse=True)
    return order[:MAX_REASONS]


def _outcome(row: sa.Row[tuple[object, ...]]) -> FileOutcome:
    return FileOutcome(
        row.origin,
        row.path,
        FileStatus(row.status),
        row.reason,
        row.seen_at,
        row.missing_since,
        row.video_id,
    )
