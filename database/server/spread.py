"""A library that is spread over several PostgreSQL, its shards: whoever knows of them asks all at
once, each with its whole statement; whoever does not is refused, and never answered by one alone.

Each shard gives ids that no other gives, STRIDE apart; a row keeps its id wherever it moves.
"""

import copy
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, NoReturn

import sqlalchemy as sa

from database.errors import DatabaseUnsuitable, NotForShards
from database.server.connection import Answer, Database, Row

STRIDE = 1024
"""Between two ids that a sequence of a shard gives: so many shards there may be."""
_THREADS_PER_SHARD = 16
_MASK = 2**64 - 1
_HELD: ContextVar["tuple[SpreadDatabase, list[_Held]] | None"] = ContextVar("held", default=None)
"""The connections, one for each shard, of the block that reads."""


def shard_of(content_hash: str, num_shards: int) -> int:
    """The number of the shard, from 0, to which a content belongs: of one more, it is the new one
    or the same (Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014)."""
    key = int(content_hash[-16:], 16)
    found, following = 0, 0
    while following < num_shards:
        found = following
        key = (key * 2862933555777941757 + 1) & _MASK
        following = int((found + 1) * (2**31 / ((key >> 33) + 1)))
    return found


@dataclass(frozen=True)
class SpreadDatabase(Database):
    """The shards of a library as one database, of which threads may ask; the first one is its home,
    where jobs, keys, locks, and files without a video are."""

    shards: tuple[Database, ...] = ()
    _threads: ThreadPoolExecutor = field(init=False, repr=False, compare=False)
    _departures: list[int] = field(default_factory=list, repr=False, compare=False)
    """How many videos had left each shard when it was last asked."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "locks", self.shards[0].locks)
        most = _THREADS_PER_SHARD * len(self.shards)
        object.__setattr__(self, "_threads", ThreadPoolExecutor(most, "shard"))

    @classmethod
    def of(cls, shards: Sequence[Database]) -> "SpreadDatabase":
        """The library of these shards, in the order of their numbers."""
        home = shards[0]
        return cls(
            engine=home.engine,
            description=" + ".join(shard.description for shard in shards),
            embedded=False,
            origin=home.origin,
            shared=home.shared,
            has_trigrams=all(shard.has_trigrams for shard in shards),
            shards=tuple(shards),
        )

    def of_origin(self, origin: str) -> Database:
        """The same shards, for files of another origin."""
        other = copy.copy(self)  # with its locks and threads
        object.__setattr__(other, "origin", origin)
        object.__setattr__(other, "shards", tuple(each.of_origin(origin) for each in self.shards))
        return other

    @property
    def parts(self) -> tuple[Database, ...]:
        """The shards, by number."""
        return self.shards

    @property
    def home(self) -> Database:
        """The first shard."""
        return self.shards[0]

    def gather(self, ask: Callable[..., Answer], *each: Sequence[Any]) -> list[Answer]:
        """What every shard answers, by number, asked at once. Raises what one of them raises."""
        held = _HELD.get()
        runs: list[Callable[..., Answer]]
        if held is not None and held[0] is self:
            runs = [connection.run for connection in held[1]]
        else:
            runs = [copy_context().run for _ in self.shards]
        calls = [(run, ask, *own) for run, *own in zip(runs, self.shards, *each, strict=True)]
        others: list[Future[Answer]] = [self._threads.submit(*call) for call in calls[1:]]
        try:
            (run, *first), *_ = calls
            answer = run(*first)
        finally:
            wait(others)
        return [answer, *(other.result() for other in others)]

    def gather_steadily(self, ask: Callable[[Database], Answer]) -> list[Answer]:
        """As `steady`, but each shard is asked of departures at once after its own answer: a video
        that it had no more by then was at its new place before."""
        while True:
            known = self._known_departures()
            told = self.gather(lambda shard: (ask(shard), self._num_departures(shard)))
            now = [departures for _, departures in told]
            if known == now:
                return [answer for answer, _ in told]
            self._departures[:] = now

    def steady(self, read: Callable[[], Answer]) -> Answer:
        """What `read` finds: once more if a video has left a shard since, which it may have missed
        there and where it went. A video is at its new place before it leaves the old one."""
        while True:
            known = self._known_departures()
            answer = read()
            now = self.gather(self._num_departures)
            if known == now:
                return answer
            self._departures[:] = now

    def found(
        self, ids: Collection[int], ask: Callable[[Database, list[int]], list[Row]]
    ) -> list[Row]:
        """What the shards answer of these ids; asked once more of those that none had, which may
        have moved meanwhile."""
        if not ids:
            return []
        rows = _by_id(self.gather(ask, [sorted(ids)] * len(self.shards)))
        if lacking := sorted(each for each in ids if each not in rows):
            self._require_all(*self.home.rows("SELECT num_shards FROM shard"))
            rows |= _by_id(self.gather(ask, [lacking] * len(self.shards)))
        return [row for own in rows.values() for row in own]

    def holding(self, table: str, row_id: int) -> Database:
        """The shard that has the row; the home if none has."""
        statement = f"SELECT :id FROM {table} WHERE id = :id"

        def ask(shard: Database, ids: list[int]) -> list[Row]:
            rows = shard.rows(statement, {"id": ids[0]})
            return [(row_id, shard) for _ in rows]

        return next((shard for _, shard in self.found([row_id], ask)), self.home)

    def at(self, content_hash: str) -> Database:
        """The shard that has a content, or that its hash names."""
        has_it = "EXISTS (SELECT FROM video WHERE content_hash = :content)"
        statement = f"SELECT num_shards, {has_it} FROM shard"
        found = self.gather(lambda shard: shard.rows(statement, {"content": content_hash})[0])
        self._require_all(*found)
        there = [shard for shard, row in zip(self.shards, found, strict=True) if row[1]]
        if there:
            return there[0]
        return self.shards[shard_of(content_hash, len(self.shards))]

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One connection to each shard for all that is gathered in the block, opened when that is
        asked; itself it is none."""
        held = _HELD.get()
        if held is not None and held[0] is self:
            yield _NoConnection(self)  # type: ignore[misc]
            return
        with ExitStack() as stack:
            connections = [stack.enter_context(_Held(shard)) for shard in self.shards]
            token = _HELD.set((self, connections))
            try:
                yield _NoConnection(self)  # type: ignore[misc]
            finally:
                _HELD.reset(token)

    def rows(
        self,
        sql: str,  # noqa: ARG002
        values: Any = None,  # noqa: ARG002
        *,
        planned_once: bool = False,  # noqa: ARG002
    ) -> list[Row]:
        """Raises NotForShards."""
        self._refuse()

    def session(self) -> Any:
        """Raises NotForShards."""
        self._refuse()

    def connection(self) -> Any:
        """Raises NotForShards."""
        self._refuse()

    def lock_connection(self) -> Any:
        """Raises NotForShards."""
        self._refuse()

    def close(self) -> None:
        """Closes the connections to all shards; the next use opens new ones."""
        for shard in self.shards:
            shard.close()

    def _known_departures(self) -> list[int]:
        """How many videos had left each shard when it was last asked, if it was, or else by now."""
        if not self._departures:
            self._departures[:] = self.gather(self._num_departures)
        return list(self._departures)

    def _num_departures(self, shard: Database) -> int:
        ((num_shards, departures),) = shard.rows("SELECT num_shards, departures FROM shard")
        self._require_all((num_shards,))
        return int(departures)

    def _require_all(self, *told: Row) -> None:
        """Raises DatabaseUnsuitable if the library has got more shards meanwhile, as one of them
        tells first."""
        for num_shards, *_ in told:
            if num_shards != len(self.shards):
                raise DatabaseUnsuitable(
                    f"the library is spread over {num_shards} databases by now, and "
                    f"DATABASE_SHARD_URLS names {len(self.shards)}: name all, and start again"
                )

    def _refuse(self) -> NoReturn:
        raise NotForShards(
            f"this is not there yet for a library that is spread over {len(self.shards)} databases "
            "(docs/shards.md says what is)"
        )


class _Held:
    """A connection to a shard from the first call to the end of the block, for all calls: in their
    own context, since each comes from another thread. Who holds one may wait for that to another
    shard: a pool has one for each thread that may read so."""

    def __init__(self, shard: Database) -> None:
        self._shard = shard
        self._context = copy_context()
        self._opened = ExitStack()
        self._is_open = False

    def run(self, ask: Callable[..., Answer], *arguments: Any) -> Answer:
        """What `ask` answers with the connection at hand."""
        return self._context.run(self._ask, ask, *arguments)

    def _ask(self, ask: Callable[..., Answer], *arguments: Any) -> Answer:
        if not self._is_open:
            self._opened.enter_context(self._shard.reading())
            self._is_open = True
        return ask(*arguments)

    def __enter__(self) -> "_Held":
        return self

    def __exit__(self, *raised: Any) -> bool | None:
        return self._context.run(self._opened.__exit__, *raised)


class _NoConnection:
    """What is not asked part by part is refused."""

    def __init__(self, database: SpreadDatabase) -> None:
        self._database = database

    def __getattr__(self, _name: str) -> NoReturn:
        self._database._refuse()


def _by_id(answers: Sequence[list[Row]]) -> dict[int, list[Row]]:
    """The rows of each id, of one shard alone: while a video moves, two have it."""
    found: dict[int, list[Row]] = {}
    for answer in answers:
        own: dict[int, list[Row]] = defaultdict(list)
        for row in answer:
            own[row[0]].append(row)
        found = own | found
    return found
