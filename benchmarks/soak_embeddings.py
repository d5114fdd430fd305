"""make soak-embeddings: the embedding service under mixed load for minutes, every answer checked.

`python -m benchmarks.soak_embeddings [MINUTES] [SEED]`, 10 minutes by default. Clients send texts,
tokens and pictures, good and bad, and hang up; the Redis comes and goes. Prints what happened, what
was wanted of it and whether it held; exits 1 if something did not.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.embedding_service import ours
from benchmarks.load import Answer, Connection, get
from benchmarks.servers import Contender, Running, running
from benchmarks.soak_cases import Case, Wrong, bad_case, good_case
from benchmarks.soak_known import Stock, make_stock
from benchmarks.soak_memory import GROWTH, growth, watch_memory
from benchmarks.soak_redis import come_and_go
from embeddings.cli import read_settings
from embeddings.settings import EmbeddingSettings
from tests.helpers.redis import RedisServer

MINUTES = 10.0
NUM_CLIENTS = 16
DEADLINE_S = 30.0
"""Of a request; what takes longer hangs."""
CACHE_TTL_S = 5
"""Short, so that vectors are computed again and again."""
PHASE_S = 15.0
_METRICS = (
    *("embedding_generation_seconds", "embedding_cache_hits_total", "embedding_cache_misses_total"),
    *("embedding_queue_items", "embedding_batch_items", "embedding_batch_tokens"),
)
_SHOWN = 20


@dataclass
class Soak:
    """What has happened so far."""

    stock: Stock
    server: Running
    until: float
    sent: "Counter[str]" = field(default_factory=Counter)
    """Requests by kind."""
    redis: "Counter[str]" = field(default_factory=Counter)
    """Phases of the Redis."""
    wrong: list[str] = field(default_factory=list)
    """Answers that were not as they should be."""
    refused_wrongly: list[str] = field(default_factory=list)
    """Errors of another shape, or with another status."""
    lost: list[str] = field(default_factory=list)
    """Requests without an answer, by the deadline or at all."""
    unhealthy: list[str] = field(default_factory=list)
    """Answers of /health, /ready and /metrics that were not as they should be."""
    slowest_s: float = 0.0
    memory: list[int] = field(default_factory=list)
    """Bytes resident, each second."""


async def soak(run: Soak, redis: RedisServer, seed: int, minutes: float) -> None:
    """All of it at once, until it is over."""
    phase_s = min(PHASE_S, minutes * 60 / 16)
    trouble = asyncio.create_task(come_and_go(redis, phase_s, run.redis))
    clients = [_client(run, random.Random(f"{seed} {n}")) for n in range(NUM_CLIENTS)]
    watching = watch_memory(run.server.process.pid, run.memory, run.until)
    await asyncio.gather(*clients, watching, _watch_health(run))
    failed = trouble.done()
    trouble.cancel()
    with suppress(asyncio.CancelledError):
        await trouble
    assert not failed, "the Redis did not come and go to the end"


async def _client(run: Soak, rng: random.Random) -> None:
    """One client: sends one thing after the other, and hangs up now and then."""
    connection: Connection | None = None
    while time.monotonic() < run.until:
        good = rng.random() < 0.7
        case = good_case(run.stock, rng) if good else bad_case(run.stock, rng)
        try:
            connection = connection or await Connection.open(run.server.port)
            if rng.random() < 0.08:
                await _hang_up(connection, case, rng)
                run.sent["hang-ups"] += 1
                connection = None
                continue
            answer = await asyncio.wait_for(connection.exchange(case.request), DEADLINE_S)
        except (OSError, EOFError, TimeoutError) as error:
            run.lost.append(f"{case.name}: {type(error).__name__} {error}")
            connection = None
            await asyncio.sleep(0.1)
            continue
        run.sent[case.name] += 1
        run.slowest_s = max(run.slowest_s, answer.seconds)
        _judge(case, answer, run.wrong if good else run.refused_wrongly)
        if case.is_partial or b"connection: close" in answer.head.lower():
            connection.close()
            connection = None


async def _hang_up(connection: Connection, case: Case, rng: random.Random) -> None:
    """Sends all of a request or a part of it, waits a moment or not, and goes."""
    size = len(case.request) if rng.random() < 0.7 else rng.randrange(len(case.request))
    await connection.send(case.request[:size])
    await asyncio.sleep(rng.choice((0, 0.001, 0.02, 0.1)))
    connection.close()


def _judge(case: Case, answer: Answer, faults: list[str]) -> None:
    try:
        case.check(answer)
    except (Wrong, ValueError, KeyError, TypeError) as error:
        faults.append(f"{case.name}: {error!r}"[:400])


async def _watch_health(run: Soak) -> None:
    """Each second one of /health, /ready and /metrics."""
    second = 0
    while time.monotonic() < run.until:
        path = ("/health", "/ready", "/metrics")[second % 3]
        second += 1
        try:
            answer = await _fetch(run.server.port, path)
        except (OSError, EOFError, TimeoutError) as error:
            run.unhealthy.append(f"{path}: {type(error).__name__} {error}")
            continue
        run.sent[path] += 1
        missing = [name for name in _METRICS if name.encode() not in answer.body]
        if answer.status != 200 or (path == "/metrics" and missing):
            run.unhealthy.append(f"{path}: status {answer.status}, lacks {missing}")
        await asyncio.sleep(1)


async def _fetch(port: int, path: str) -> Answer:
    connection = await asyncio.wait_for(Connection.open(port), DEADLINE_S)
    try:
        return await asyncio.wait_for(connection.exchange(get(path)), DEADLINE_S)
    finally:
        connection.close()


def report(run: Soak) -> bool:
    """Prints what happened; whether everything held."""
    print("\n".join(f"{count:8,} {name}" for name, count in sorted(run.sent.items())))
    phases = ", ".join(f"{name} {count}" for name, count in run.redis.items())
    print(f"\nRedis: {phases}\n")
    tracebacks = run.server.said().count("Traceback")
    grown = growth(run.memory)
    lines = [
        ("answers wrong or mixed", len(run.wrong), "0", not run.wrong),
        (
            "errors of another shape or status",
            len(run.refused_wrongly),
            "0",
            not run.refused_wrongly,
        ),
        ("requests without an answer", len(run.lost), "0", not run.lost),
        (
            "slowest answer, s",
            round(run.slowest_s, 2),
            f"≤ {DEADLINE_S:g}",
            run.slowest_s <= DEADLINE_S,
        ),
        ("health, readiness, metrics", len(run.unhealthy), "0", not run.unhealthy),
        ("memory, last quarter to second", round(grown, 3), f"≤ {GROWTH}", grown <= GROWTH),
        ("tracebacks in the log", tracebacks, "0", not tracebacks),
        ("server alive at the end", run.server.is_alive, "True", run.server.is_alive),
    ]
    for what, measured, wanted, held in lines:
        print(f"{what:36} {measured!s:>8}  {wanted:8} {'held' if held else 'missed'}")
    _print_some([*run.wrong, *run.refused_wrongly, *run.lost, *run.unhealthy])
    if tracebacks:
        said = run.server.said()
        print("\n" + said[said.index("Traceback") :][:4000])
    return all(held for *_rest, held in lines)


def _print_some(faults: Sequence[str]) -> None:
    """Of every kind of fault one, the most frequent kinds first."""
    kinds = Counter(fault.partition(":")[0] for fault in faults)
    for kind, count in kinds.most_common(_SHOWN):
        example = next(fault for fault in faults if fault.startswith(kind))
        print(f"  {count} × {example}")


def _contender(home: Path, redis_url: str) -> Contender:
    plain = ours(home)
    variables = {"EMBEDDING_REDIS_URL": redis_url, "EMBEDDING_CACHE_TTL": str(CACHE_TTL_S)}
    return Contender("ours", plain.command, plain.ready, variables={**plain.variables, **variables})


def main(minutes: float = MINUTES, seed: int = 1) -> bool:
    """Runs it in folders of its own; whether everything held."""
    models = read_settings(EmbeddingSettings).models_dir
    with tempfile.TemporaryDirectory(prefix="sceneseek-soak-") as name:
        folder = Path(name)
        if models.is_dir():
            (folder / "models").symlink_to(models)
        stock = make_stock(folder / "models")
        redis = RedisServer(folder)
        redis.start()
        try:
            with running(_contender(folder, redis.url), 1) as server:
                run = Soak(stock, server, time.monotonic() + minutes * 60)
                asyncio.run(soak(run, redis, seed, minutes))
                return report(run)
        finally:
            redis.stop()


if __name__ == "__main__":
    given = sys.argv[1:]
    held = main(float(given[0]) if given else MINUTES, int(given[1]) if len(given) > 1 else 1)
    sys.exit(not held)
