"""The library that is checked: its database, and its folders on this host."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from database.server.connection import Database

PAGE = 1000
"""Rows that are asked for at a time: what is found may be a million, and hours may pass between two
of them while they are mended."""


@dataclass(frozen=True)
class Checked:
    """Of files, only those of this host are looked at."""

    database: Database
    keyframes_dir: Path

    @property
    def work_dir(self) -> Path:
        """The folder of what is ingested just now, beside that of the keyframes."""
        return self.keyframes_dir.with_name("work")

    def rows(self, query: str, **values: object) -> Sequence[sa.Row[Any]]:
        """The rows of a query, however long it takes; `origin` is this host's."""
        with self.database.session() as session:
            session.execute(sa.text("SET LOCAL statement_timeout = 0"))  # whole tables are read
            return session.execute(sa.text(query), {"origin": self.database.origin, **values}).all()

    def pages(
        self,
        query: str,
        first: dict[str, object],
        after: Callable[[sa.Row[Any]], dict[str, object]],
        size: int = PAGE,
    ) -> Iterator[Sequence[sa.Row[Any]]]:
        """The rows of a query that takes `size` of them after a key, page by page; `after` says
        the key of a row."""
        key = first
        while page := self.rows(query, limit=size, **key):
            yield page
            key = after(page[-1])


def printable(text: str) -> str:
    """A path as it may stand on a line."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()
