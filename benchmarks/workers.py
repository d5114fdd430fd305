"""Many workers on one library: what one and two take for the same films, and, from that, how fast
up to 32 would be.

Measured are processor seconds a film, of the workers and of PostgreSQL, with one worker and with
two at once: what two take more than one for the same films is what they cost each other. Simulated
is the rest: workers on cores of their own, each of which takes a film, works for as long as films
were measured to take, and then waits for its turn at the database. All that PostgreSQL does for a
film is counted as one turn, which a core of its machine takes: with one core nothing of it is done
side by side, which is the worst that it could make of it.
"""

import contextlib
import heapq
import json
import math
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Row
from benchmarks.media import beginning
from benchmarks.processor import ProcessorTime
from database.jobs.jobs import Jobs
from database.models import JobState
from database.server.connection import Database
from database.server.embedded import data_dir
from ingest.settings import IngestSettings
from tests.helpers.crew import wait_for

FILMS, FILM_S = 4, 12.0
"""Of a job that is measured; of a longer film PostgreSQL's part is smaller."""
SIMULATED = (2, 4, 8, 16, 32)
DATABASE_CORES = (1, 4)
FILMS_EACH = 100
"""For each simulated worker: the last of them wait for nobody, which is part of the truth."""
SPREAD = 0.5
"""Standard deviation of the logarithm of how long films take: a library's are not alike."""
PATIENCE_S = 600.0


@dataclass(frozen=True)
class Measured:
    """Processor seconds a film."""

    worker_s: float
    postgres_s: float


def measure(folder: Path, settings: IngestSettings, database: Database) -> list[Row]:
    """Two rows measured, and one for each number of workers simulated."""
    one, two = (_measured(folder, settings, database, count) for count in (1, 2))
    rates = [3600 / (each.worker_s + each.postgres_s) for each in (two, one)]
    what = "films a processor hour, PostgreSQL's included: 2 workers, against 1"
    share = "processor time a film: of PostgreSQL, against the worker's"
    rows = [
        Row("workers", what, rates[0], rates[1], "/h", 0.92, at_most=False),
        Row("workers", share, two.postgres_s, two.worker_s, "s", 0.1),
    ]
    alone = simulated_rate(1, one, 1)
    for cores in DATABASE_CORES:
        for count in SIMULATED:
            rate = simulated_rate(count, two, cores)
            beside = f"PostgreSQL on {cores} core{'s' if cores > 1 else ''}"
            what = f"simulated, {beside}: {count} workers, against {count} times one"
            rows.append(Row("workers", what, rate, alone * count, "/h", 0.92, at_most=False))
    return rows


def simulated_rate(
    num_workers: int, measured: Measured, database_cores: int, seed: int = 1
) -> float:
    """Films an hour of so many workers on cores of their own, and one PostgreSQL, each of whose
    cores serves one after the other, in the order in which they come."""
    works = _works(num_workers, measured.worker_s, random.Random(seed))
    coming = [next(works) for _ in range(num_workers)]
    heapq.heapify(coming)
    free_at = [0.0] * database_cores
    for _ in range(num_workers * FILMS_EACH):
        served = max(heapq.heappop(coming), free_at[0]) + measured.postgres_s
        heapq.heapreplace(free_at, served)
        heapq.heappush(coming, served + next(works, math.inf))
    return 3600 * num_workers * FILMS_EACH / max(free_at)


def _works(num_workers: int, mean_s: float, rng: random.Random) -> Iterator[float]:
    """How long each film takes, in seconds: log-normal, and for every worker as much in all."""
    normal = statistics.NormalDist(0.0, SPREAD)
    alike = [math.exp(normal.inv_cdf((n + 0.5) / FILMS_EACH)) for n in range(FILMS_EACH)]
    films = [mean_s * each / statistics.mean(alike) for each in alike] * num_workers
    rng.shuffle(films)
    yield from films


def _measured(
    folder: Path, settings: IngestSettings, database: Database, num_workers: int
) -> Measured:
    """Of workers that have loaded their models before."""
    server = int((data_dir(settings.home) / "postmaster.pid").read_text().split()[0])
    with _workers(settings, num_workers) as pids:
        _do(_films(folder / f"before-{num_workers}", num_workers), settings, database)
        films = _films(folder / f"measured-{num_workers}", FILMS)
        with ProcessorTime(pids) as worker, ProcessorTime([server]) as postgres:
            _do(films, settings, database)
        return Measured(worker.seconds / FILMS, postgres.seconds / FILMS)


def _films(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        beginning(folder / f"{folder.name} {number}.mp4", FILM_S)
    return folder


@contextlib.contextmanager
def _workers(settings: IngestSettings, count: int) -> Iterator[list[int]]:
    command = [sys.executable, "-m", "ingest.worker", "--jobs", "1"]
    running = [
        subprocess.Popen(command, env=_environment(settings), stderr=subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        yield [each.pid for each in running]
    finally:
        for each in running:
            each.terminate()
        for each in running:
            each.wait()


def _do(films: Path, settings: IngestSettings, database: Database) -> None:
    """A job, from the command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "ingest", str(films), "--detach", "--json"],
        env=_environment(settings),
        check=True,
        capture_output=True,
        text=True,
    )
    job = json.loads(done.stdout)["job"]
    if not wait_for(lambda: Jobs(database).get(job).state is JobState.DONE, PATIENCE_S):
        raise TimeoutError(f"job {job} was not done within {PATIENCE_S:.0f} s")


def _environment(settings: IngestSettings) -> dict[str, str]:
    return {**os.environ, "SCENESEEK_HOME": str(settings.home)}
