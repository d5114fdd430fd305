"""What is simulated and multiplied from measured figures, where the answer is known."""

import pytest

from benchmarks import capacity
from benchmarks.capacity import Plan, lines
from benchmarks.workers import Measured, simulated_rate


def test_workers_that_share_nothing_are_as_many_times_as_fast() -> None:
    alone = simulated_rate(1, Measured(worker_s=10.0, postgres_s=0.0), 1)
    assert alone == pytest.approx(360)
    many = simulated_rate(32, Measured(worker_s=10.0, postgres_s=0.0), 1)
    assert 0.95 < many / alone / 32 < 1  # the last of them wait for nobody


def test_workers_are_no_faster_than_a_database_that_serves_one_after_the_other() -> None:
    rate = simulated_rate(32, Measured(worker_s=10.0, postgres_s=1.0), 1)
    assert rate == pytest.approx(3600, rel=0.02)
    twice = simulated_rate(32, Measured(worker_s=10.0, postgres_s=1.0), 2)
    assert twice == pytest.approx(7200, rel=0.05)


def plan(hours: float, **changes: float) -> Plan:
    values = {"days": 30.0, "moments_an_hour": 2200.0, "frames_an_hour": 1030.0, "cores": 16}
    return Plan(videos=1, hours=hours, **{**values, **changes})  # type: ignore[arg-type]


def test_a_large_library_is_counted_with_bits_and_a_small_one_without() -> None:
    assert plan(10).index is capacity.HALF_INDEX_BYTES
    assert plan(1000).index is capacity.BIT_INDEX_BYTES


def test_twice_the_hours_take_twice_of_everything_that_is_not_a_machine() -> None:
    one, two = plan(450_000), plan(900_000)
    assert two.moments == 2 * one.moments == 1_980_000_000
    assert two.core_hours == 2 * one.core_hours == 360_000
    assert two.warm_bytes == pytest.approx(2 * one.warm_bytes)


def test_every_line_names_what_it_is_from() -> None:
    table = lines(plan(45_000))
    assert all(source for *_, source in table)
    assert ("ingest", "18,000 core hours", capacity.INGEST_RATE.source) in table
    within = {what: much for what, much, _ in table}["ingest within 30 days"]
    assert within == "2 × 16 cores"


def test_a_table_is_printed_for_a_library_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    capacity.main(["--videos", "200000", "--hours", "45000"])
    printed = capsys.readouterr().out
    assert printed.startswith("200,000 videos, 45,000 hours\n\n| what | | from |\n")
    assert "| moments | 99,000,000 |" in printed
