"""make soak: a library's server under open-loop load, as crowds bring it, beside an ingest.

`python -m benchmarks.soak [MINUTES] [SEED]`, 15 minutes by default. First the server is alone, then
an ingest at nice 19 runs beside it. The knee is the highest rate at which 99 of 100 requests are
answered within a second; half of it is offered for MINUTES, then three times as much, and then it
is seen how soon the server recovers. Last, 200 searches wait. Prints what was measured, what was
wanted and whether it held; exits 1 if something did not.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.beside import ingest_beside
from benchmarks.load import get
from benchmarks.measure import percentile
from benchmarks.open_loop import (
    LOST,
    REFUSALS,
    Pool,
    Request,
    Sample,
    every,
    find_knee,
    in_turn,
    offer,
    p99,
    recovered_after,
    sustained,
)
from benchmarks.sample_library import sample_library
from benchmarks.servers import Running, running
from benchmarks.soak_memory import GROWTH, growth, watch_memory
from benchmarks.soak_requests import Mix, Shelf, piece, shelf_of
from embeddings.cli import read_settings
from ingest.settings import IngestSettings

MINUTES = 15.0
_KNEE_S = 1.0
_FIRST_RATE = 8.0
_STEP_S, _PAUSE_S = 12.0, 3.0
_NUM_IDLE = 400
_OVERLOAD_S, _RECOVERY_S = 90.0, 60.0
_CROWD, _CROWD_S = 200, 20.0
_TIMES_IDLE, _TIMES_KNEE = 3.0, 3.0
_MAX_RECOVERY_S, _MAX_HEALTH_S, _MAX_MEDIA_S = 30.0, 0.05, 0.1


@dataclass
class Soak:
    """What has been measured so far."""

    idle: list[Sample] = field(default_factory=list)
    knee: float = 0.0
    steady: list[Sample] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    overload: list[Sample] = field(default_factory=list)
    recovery: list[Sample] = field(default_factory=list)
    crowd: list[Sample] = field(default_factory=list)
    health: list[Sample] = field(default_factory=list)
    media: list[Sample] = field(default_factory=list)
    """Both while the crowd waits."""
    is_alive: bool = False
    tracebacks: int = 0


class Load:
    """The phases, over one server."""

    def __init__(self, server: Running, shelf: Shelf, seed: int) -> None:
        self._server, self._shelf = server, shelf
        self._mix, self._rng = Mix(shelf, seed), random.Random(seed)
        self._pool = Pool(server.port)

    async def alone(self, run: Soak) -> None:
        """One client on a server that is idle."""
        requests = [self._mix.draw() for _ in range(_NUM_IDLE + _NUM_IDLE // 10)]
        samples = await in_turn(self._pool.ask, requests)
        run.idle = samples[_NUM_IDLE // 10 :]  # after the first ones, which find nothing loaded
        _tell("alone", run.idle)

    async def beside(self, run: Soak, minutes: float) -> None:
        """What is offered while an ingest is at work."""
        run.knee = await find_knee(self._is_carried, _FIRST_RATE)
        print(f"knee: {run.knee:.1f} requests a second\n", flush=True)
        rate = max(run.knee, 1.0)
        until = time.monotonic() + minutes * 60
        watching = watch_memory(self._server.process.pid, run.memory, until)
        run.steady, _ = await asyncio.gather(self._offer(rate / 2, minutes * 60), watching)
        _tell(f"half the knee, {rate / 2:.1f}/s", run.steady)
        run.overload, run.recovery = await self._overload(rate)
        _tell(f"three times the knee, {_TIMES_KNEE * rate:.1f}/s", run.overload)
        _tell("afterwards, at half the knee", run.recovery)

    async def crowd(self, run: Soak) -> None:
        """Searches that wait, and what others have meanwhile."""
        until = time.monotonic() + _CROWD_S

        async def client() -> None:
            while time.monotonic() < until:
                run.crowd += await in_turn(self._pool.ask, [self._mix.new_search()])

        film = Request("film", piece(f"/videos/{self._shelf.videos[0]}/stream", 0))
        probes = [
            asyncio.ensure_future(
                every(self._pool.ask, Request("health", get("/health")), 0.1, run.health)
            ),
            asyncio.ensure_future(every(self._pool.ask, film, 0.1, run.media)),
        ]
        await asyncio.gather(*(client() for _ in range(_CROWD)))
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes)
        _tell(f"{_CROWD} searches wait", run.crowd)
        _tell("/health meanwhile", run.health)
        _tell("256 KiB of a film meanwhile", run.media)

    def close(self) -> None:
        """Its connections."""
        self._pool.close()

    async def _is_carried(self, rate: float) -> bool:
        samples = await self._offer(rate, _STEP_S)
        carried = sustained(samples, _KNEE_S)
        _tell(f"{rate:.1f}/s {'is carried' if carried else 'is too much'}", samples)
        await asyncio.sleep(_PAUSE_S)
        return carried

    async def _overload(self, knee: float) -> tuple[list[Sample], list[Sample]]:
        """The answers to too much, and those to half the knee right after it: while what was
        begun is still answered."""
        flood = asyncio.ensure_future(self._offer(_TIMES_KNEE * knee, _OVERLOAD_S))
        await asyncio.sleep(_OVERLOAD_S)
        after = await self._offer(knee / 2, _RECOVERY_S)
        return await flood, after

    async def _offer(self, rate: float, seconds: float) -> list[Sample]:
        return await offer(self._pool.ask, self._mix.draw, rate, seconds, self._rng)


def _tell(what: str, samples: Sequence[Sample]) -> None:
    """A line of a phase, and one for each kind of request."""
    print(f"{what}: {_statuses(samples)}")
    for kind in sorted({sample.kind for sample in samples}):
        took = [s.seconds * 1000 for s in samples if s.kind == kind and s.is_good]
        if took:
            p50, high = percentile(took, 0.5), percentile(took, 0.99)
            print(f"  {kind:14} {len(took):7,} p50 {p50:8.1f} ms  p99 {high:8.1f} ms")
    print(flush=True)


def _statuses(samples: Sequence[Sample]) -> str:
    counts = Counter(sample.status for sample in samples)
    return ", ".join(
        f"{count:,} × {'lost' if status == LOST else status}"
        for status, count in sorted(counts.items())
    )


Line = tuple[str, object, str, bool]
"""What was measured, how much it was, what was wanted, whether it held."""


def verdict(run: Soak) -> list[Line]:
    """The lines of the table."""
    idle, steady = p99(run.idle), p99(run.steady)
    faults = [s for s in run.steady if s.status >= 500 or s.status == LOST]
    others = [s for s in run.overload if not s.is_good and s.status not in REFUSALS]
    grown, recovered = growth(run.memory), recovered_after(run.recovery, _KNEE_S)
    health, media = p99(run.health), p99(run.media)
    return [
        ("knee, requests a second", round(run.knee, 1), "> 0", run.knee > 0),
        ("half the knee: 5xx and lost", len(faults), "0", not faults),
        (
            "half the knee: p99 to that of idle",
            f"{steady * 1000:.0f}/{idle * 1000:.0f} ms = {steady / idle:.2f}",
            f"≤ {_TIMES_IDLE:g}",
            steady <= _TIMES_IDLE * idle,
        ),
        ("memory, last quarter to second", round(grown, 3), f"≤ {GROWTH}", grown <= GROWTH),
        ("3 × the knee: other than 429, 503", len(others), "0", not others),
        (
            "recovered after, s",
            round(recovered, 1),
            f"≤ {_MAX_RECOVERY_S:g}",
            recovered <= _MAX_RECOVERY_S,
        ),
        _limit(f"/health, {_CROWD} searches wait: p99, ms", health, _MAX_HEALTH_S),
        _limit("256 KiB of a film, the same: p99, ms", media, _MAX_MEDIA_S),
        ("tracebacks in the log", run.tracebacks, "0", not run.tracebacks),
        ("server alive at the end", run.is_alive, "True", run.is_alive),
    ]


def _limit(what: str, seconds: float, limit_s: float) -> Line:
    return (what, round(seconds * 1000, 1), f"≤ {limit_s * 1000:g}", seconds <= limit_s)


def report(lines: Sequence[Line]) -> bool:
    """Prints the table; whether everything held."""
    for what, measured, wanted, held in lines:
        print(f"{what:44} {measured!s:>20}  {wanted:8} {'held' if held else 'missed'}")
    return all(held for *_rest, held in lines)


@contextmanager
def _served(folder: Path, models: Path) -> Iterator[Running]:
    """A server over a library of the sample and fourteen long recordings, made by code."""
    with sample_library(folder / "home", models) as library:
        library.add_many(folder)
        with running(library.server, 2) as server:
            yield server


async def _all_phases(load: Load, run: Soak, folder: Path, minutes: float) -> None:
    await load.alone(run)
    with ingest_beside(folder / "home", folder / "beside"):
        await load.beside(run, minutes)
    await load.crowd(run)
    load.close()


def main(minutes: float = MINUTES, seed: int = 1) -> bool:
    """Runs it in folders of its own; whether everything held."""
    models = read_settings(IngestSettings).models_dir
    with tempfile.TemporaryDirectory(prefix="sceneseek-soak-") as name:
        folder, run = Path(name), Soak()
        with _served(folder, models) as server:
            load = Load(server, shelf_of(server.port), seed)
            asyncio.run(_all_phases(load, run, folder, minutes))
            run.is_alive, said = server.is_alive, server.said()
        run.tracebacks = said.count("Traceback")
        if run.tracebacks:
            print(said[said.index("Traceback") - 500 :][:12_000])
        return report(verdict(run))


if __name__ == "__main__":
    given = sys.argv[1:]
    held = main(float(given[0]) if given else MINUTES, int(given[1]) if len(given) > 1 else 1)
    sys.exit(not held)
