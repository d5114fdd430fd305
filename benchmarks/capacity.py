"""python -m benchmarks capacity --videos N --hours H: what a library to be will take.

Nothing is measured here: figures that were, each with where it stands, are multiplied. What has
not been measured is not in the table; docs/scale.md says what that is.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured number, and where it stands."""

    value: float
    source: str


INGEST_RATE = Figure(2.5, "docs/benchmarks.md, row 7a: 84 s of video in 16.57 s of two cores")
"""Video hours a core hour, of the profile `bundled`."""
ROW_BYTES = Figure(655, "docs/benchmarks.md, row 12: 4,263 B a scene of 1.6 moments, less vectors")
"""Of a moment with its part of scenes, videos and the indexes of words, without its vector."""
VECTOR_BYTES = Figure(839, "20,000 MiniLM vectors in PostgreSQL 18: halfvec(384) with its keys")
HALF_INDEX_BYTES = Figure(1170, "the same vectors: HNSW of half floats, m = 16, recall@10 0.999")
BIT_INDEX_BYTES = Figure(455, "a million of them: HNSW of three bits a number, recall@10 0.997")
HALF_BUILD = Figure(740, "the same vectors: CREATE INDEX by one process, of half floats")
BIT_BUILD = Figure(1_020, "the same vectors: CREATE INDEX by one process, of bits")
"""Rows a second."""
COPY_RATE = Figure(6_399, "docs/benchmarks.md, row 8: vectors into a space without its index")
MOMENTS_AN_HOUR = Figure(2_200, "sample/tour.mp4: 26 moments in 42 s; a tenth where nobody cuts")
FRAMES_AN_HOUR = Figure(1_030, "sample/tour.mp4: 12 keyframes in 42 s")
VECTORS = Figure(18 / 26, "sample/tour.mp4: 18 vectors of 26 moments, profile bundled")
"""Of a moment: what names and spans say is found by words alone, or by other profiles."""
FRAME_BYTES = Figure(69_000, "the 12 keyframes of sample/tour.mp4, 1280 × 720")
CORE_HOUR = Figure(0.04, "usual price of a rented core, dollars an hour")
SEARCH_MACHINE = Figure(2246, "VectorChord's report on a billion vectors: 24 vCPU, 192 GB, a month")
"""Dollars."""
SEARCH_MEMORY = 192e9
WARM = 0.8
"""The part of a machine's memory that rows and indexes may fill."""
BITS_FROM = 1_000_000
"""Moments from which the table counts an index of bits."""


@dataclass(frozen=True)
class Plan:
    """A library to be."""

    videos: int
    hours: float
    """Of all videos together."""
    days: float
    """That its ingest may take."""
    moments_an_hour: float
    frames_an_hour: float
    cores: int
    """Of a machine that ingests."""

    @property
    def moments(self) -> float:
        """How many there will be."""
        return self.hours * self.moments_an_hour

    @property
    def vectors(self) -> float:
        """How many of 384 dimensions."""
        return self.moments * VECTORS.value

    @property
    def core_hours(self) -> float:
        """Of the ingest."""
        return self.hours / INGEST_RATE.value

    @property
    def index(self) -> Figure:
        """What a vector takes in its index."""
        return BIT_INDEX_BYTES if self.moments >= BITS_FROM else HALF_INDEX_BYTES

    @property
    def build(self) -> Figure:
        """How fast one process builds it."""
        return BIT_BUILD if self.index is BIT_INDEX_BYTES else HALF_BUILD

    @property
    def warm_bytes(self) -> float:
        """Vectors and their index, which are to be in memory."""
        return self.vectors * (VECTOR_BYTES.value + self.index.value)

    @property
    def search_machines(self) -> int:
        """That hold what is to be in memory."""
        return math.ceil(self.warm_bytes / (SEARCH_MEMORY * WARM))


def lines(plan: Plan) -> list[tuple[str, str, str]]:
    """What, how much, and from which figures."""
    machines = math.ceil(plan.core_hours / (24 * plan.days) / plan.cores)
    rows = plan.moments * ROW_BYTES.value
    build_s = plan.vectors / plan.build.value
    return [
        ("moments", f"{plan.moments:,.0f}", f"{plan.moments_an_hour:,.0f} an hour"),
        ("vectors of 384 halves", f"{plan.vectors:,.0f}", VECTORS.source),
        ("ingest", f"{plan.core_hours:,.0f} core hours", INGEST_RATE.source),
        (
            f"ingest within {plan.days:g} days",
            f"{machines:,} × {plan.cores} cores",
            "workers side by side: python -m benchmarks workers",
        ),
        ("ingest, once", f"${plan.core_hours * CORE_HOUR.value:,.0f}", CORE_HOUR.source),
        (
            "keyframes",
            _bytes(plan.hours * plan.frames_an_hour * FRAME_BYTES.value),
            FRAME_BYTES.source,
        ),
        ("rows and words", _bytes(rows), ROW_BYTES.source),
        ("vectors", _bytes(plan.vectors * VECTOR_BYTES.value), VECTOR_BYTES.source),
        ("index", _bytes(plan.vectors * plan.index.value), plan.index.source),
        ("vectors loaded, by one", _hours(plan.vectors / COPY_RATE.value), COPY_RATE.source),
        ("index built, processor time", _hours(build_s), plan.build.source),
        ("in memory", _bytes(plan.warm_bytes), "vectors and index, all of them"),
        (
            "machines that search",
            f"{plan.search_machines:,}",
            f"192 GB each, {WARM:.0%} of it filled",
        ),
        (
            "search, a month",
            f"${plan.search_machines * SEARCH_MACHINE.value:,.0f}",
            SEARCH_MACHINE.source,
        ),
    ]


def main(arguments: Sequence[str]) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser("python -m benchmarks capacity", description=__doc__)
    parser.add_argument("--videos", type=int, required=True)
    parser.add_argument("--hours", type=float, required=True, help="of all videos together")
    parser.add_argument("--days", type=float, default=30.0, help="that the ingest may take")
    parser.add_argument("--moments-an-hour", type=float, default=MOMENTS_AN_HOUR.value)
    parser.add_argument("--frames-an-hour", type=float, default=FRAMES_AN_HOUR.value)
    parser.add_argument("--cores", type=int, default=16, help="of a machine that ingests")
    plan = Plan(**vars(parser.parse_args(arguments)))
    print(f"{plan.videos:,} videos, {plan.hours:,.0f} hours\n\n| what | | from |\n|---|---|---|")
    for line in lines(plan):
        print("| " + " | ".join(line) + " |")


def _bytes(number: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number / 1e6:,.0f} MB"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h" if seconds >= 3600 else f"{seconds / 60:,.1f} min"
