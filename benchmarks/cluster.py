"""Bulk on Ray against the local pool, on one machine with the same processors."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Row
from benchmarks.media import beginning
from benchmarks.processor import ProcessorTime
from database.server.embedded import data_dir
from ingest.settings import IngestSettings

FILM_S = 12.0
EACH = 8
"""Films for each processor in a run of many; in one of few there is one, so that every actor of Ray
has loaded its models. What many take more than few is the rate, without what it takes to begin."""
FEW = os.cpu_count() or 1
MANY = EACH * FEW
_SIDES = {
    "local": ("ingest", "--jobs", str(os.cpu_count() or 1)),
    "ray": ("ingest.cluster",),
}


@dataclass(frozen=True)
class _Taken:
    processor_s: float
    wall_s: float


def measure(folder: Path, settings: IngestSettings) -> list[Row]:
    """Films a processor hour and an hour, of both; and what Ray takes to begin, in processor
    seconds."""
    taken: dict[tuple[str, int], _Taken] = {}
    for count in (FEW, MANY):
        for side in _SIDES:
            taken[side, count] = _run(folder, settings, side, count)

    def an_hour(side: str, of: str) -> float:
        more = getattr(taken[side, MANY], of) - getattr(taken[side, FEW], of)
        return 3600 * (MANY - FEW) / float(more)

    def begin_s(side: str) -> float:
        few, many = taken[side, FEW].processor_s, taken[side, MANY].processor_s
        return few - FEW * (many - few) / (MANY - FEW)

    what = f"films of {FILM_S:.0f} s, {MANY} less {FEW}"
    by_processor = f"{what}, a processor hour: on Ray, against the local pool"
    by_clock = f"{what}, an hour of {FEW} processors: on Ray, against the local pool"
    rates = {of: (an_hour("ray", of), an_hour("local", of)) for of in ("processor_s", "wall_s")}
    begin = "processor time to begin with: of Ray, against the local pool"
    return [
        Row("ray", by_processor, *rates["processor_s"], "/h", 0.9, at_most=False),
        Row("ray", by_clock, *rates["wall_s"], "/h", 0.9, at_most=False),
        Row("ray", begin, begin_s("ray"), begin_s("local"), "s", 5.0),
    ]


def _run(folder: Path, settings: IngestSettings, side: str, count: int) -> _Taken:
    """What a command takes for new films, PostgreSQL included."""
    films = folder / f"{side}-{count}"
    films.mkdir()
    for number in range(count):
        beginning(films / f"{side} {count} {number}.mp4", FILM_S)
    package, *options = _SIDES[side]
    command = [sys.executable, "-m", package, str(films), "--quiet", *options]
    environment = {**os.environ, "SCENESEEK_HOME": str(settings.home)}
    server = int((data_dir(settings.home) / "postmaster.pid").read_text().split()[0])
    started = time.perf_counter()
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    with ProcessorTime([running.pid, server]) as processor:
        if running.wait() != 0:
            raise RuntimeError(f"{' '.join(command)}: exit {running.returncode}")
    return _Taken(processor.seconds, time.perf_counter() - started)
