"""Target 21: the embedding service against infinity_emb and against the plain way, for MiniLM.

Each server runs alone, in a process of its own: it has both cores but for what the light load
generator (load.py) takes. The first round tries every server with every number of threads; the
further rounds, in turn, repeat what was best in it, for single texts or for many at once.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import infinity
from benchmarks.embedding_load import Figures, Load
from benchmarks.measure import Row
from benchmarks.servers import Contender, running
from embeddings.registry.pins import MINILM_L6
from embeddings.runtime import Runtime
from embeddings.weights.packages import verified_path

ROUNDS = 5
HIT_TARGET_MS = 2.0
_RATES = {
    "requests_per_s": "requests/s of 32 clients with single texts",
    "texts_per_s": "texts/s of one client with 2,000",
}
_TARGETS = {"plain": 3.0, "infinity": 1.5}


@dataclass(frozen=True)
class Entry:
    """A server with a number of threads."""

    group: str
    """Its engines and numbers of threads stand against each other; the best one counts."""
    server: Contender
    num_threads: int

    def __str__(self) -> str:
        return f"{self.server.name}, {self.num_threads} thread(s)"


Runs = dict[Entry, list[Figures]]


def measure(
    home: Path, models_dir: Path, rounds: int = ROUNDS, load: Load | None = None
) -> list[Row]:
    """Six rows, four where infinity cannot be had. Every run is told on stderr."""
    load = load or Load(Runtime(models_dir))
    servers = {"ours": [ours(home)], "plain": [plain()], "infinity": _infinity()}
    entries = [
        Entry(group, server, num_threads)
        for group, contenders in servers.items()
        for server in contenders
        for num_threads in server.thread_counts
    ]
    runs = {entry: [_run(entry, load)] for entry in entries}
    good = {entry for figure in _RATES for entry, _rate in _best(runs, figure).values()}
    for _ in range(rounds - 1):
        for entry in filter(good.__contains__, entries):
            runs[entry].append(_run(entry, load))
    return _rows({entry: runs[entry] for entry in good})


def ours(home: Path) -> Contender:
    """`python -m api.embeddings`, its vectors kept in memory; it chooses its threads itself."""
    return Contender(
        "ours",
        (sys.executable, "-m", "api.embeddings", "--host", "127.0.0.1", "--port", "{port}"),
        ready="/ready",
        thread_counts=(os.cpu_count() or 1,),
        variables={"SCENESEEK_HOME": str(home), "EMBEDDING_REDIS_URL": ""},
        tolerance=1e-5,
    )


def plain() -> Contender:
    """A lock around `SentenceTransformer.encode`."""
    folder = str(verified_path(MINILM_L6).parent)
    return Contender(
        "plain",
        (sys.executable, "-m", "benchmarks.plain_server", folder, "{port}", "{threads}"),
        ready="/health",
        variables={"OMP_NUM_THREADS": "{threads}"},
    )


def _infinity() -> list[Contender]:
    try:
        return infinity.contenders()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"infinity_emb cannot be had, its rows are left out: {error}", file=sys.stderr)
        return []


def _run(entry: Entry, load: Load) -> Figures:
    """One run of a server, alone; what it answered is checked when the clock has stopped."""
    with running(entry.server, entry.num_threads) as server:
        figures = load.run(server.port, entry.server)
    print(f"{entry}: {figures}", file=sys.stderr, flush=True)
    return figures


def _best(runs: Runs, figure: str) -> dict[str, tuple[Entry, float]]:
    """Of each group, the best entry by the median of a figure, and that median."""
    best: dict[str, tuple[Entry, float]] = {}
    for entry in runs:
        median = _median(runs[entry], figure)
        if entry.group not in best or median > best[entry.group][1]:
            best[entry.group] = (entry, median)
    return best


def _rows(runs: Runs) -> list[Row]:
    rows = []
    for figure, what in _RATES.items():
        best = _best(runs, figure)
        for group, target in _TARGETS.items():
            if group in best:
                peer, rate = best[group]
                text = f"{what}, vs {peer}"
                rows.append(Row("21", text, best["ours"][1], rate, "/s", target, at_most=False))
    own = runs[_best(runs, "requests_per_s")["ours"][0]]
    p50, p99, hit = (_median(own, name) for name in ("p50_ms", "p99_ms", "hit_ms"))
    return [
        *rows,
        Row("21", "p99 of 32 clients with single texts, vs their p50", p99, p50, "ms", 5),
        Row("21", "cache hit, median, vs 2 ms", hit, HIT_TARGET_MS, "ms", 1),
    ]


def _median(figures: Sequence[Figures], name: str) -> float:
    return statistics.median(float(getattr(one, name)) for one in figures)
