"""Timing, and a row of the table."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One target: what was measured against what, and whether the ratio meets it."""

    number: str
    what: str
    ours: float
    against: float
    unit: str
    target: float
    at_most: bool = True

    @property
    def ratio(self) -> float:
        """Ours to the peer's."""
        return self.ours / self.against

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target

    def as_markdown(self) -> str:
        """A line of docs/benchmarks.md."""
        sign = "≤" if self.at_most else "≥"
        return (
            f"| {self.number} | {self.what} | {self.ours:.2f} {self.unit} | "
            f"{self.against:.2f} {self.unit} | {self.ratio:.3g} | {sign} {self.target} | "
            f"{'met' if self.met else 'missed'} |"
        )


def seconds(work: Callable[..., object], *arguments: object) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def medians(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """The median wall time of each, taken in turns so that noise hits all alike."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for index, work in enumerate(works):
            times[index].append(seconds(work))
    return [statistics.median(taken) for taken in times]


def percentile(values: Sequence[float], part: float) -> float:
    """The value that `part` of all lie at or under."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]
