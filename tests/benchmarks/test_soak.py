"""The parts of `make soak`, on servers whose answers are known."""

import asyncio
import random
from collections import Counter

import pytest

from benchmarks.open_loop import (
    LOST,
    Request,
    Sample,
    find_knee,
    in_turn,
    offer,
    p99,
    recovered_after,
    sustained,
)
from benchmarks.soak import Soak, verdict
from benchmarks.soak_memory import growth
from benchmarks.soak_requests import Mix, Shelf

ANYTHING = Request("anything", b"")
SHELF = Shelf((1, 2), 10**6, ("/scenes/1/keyframe.jpg",), (b"jpeg",))


def sample(seconds: float = 0.1, status: int = 200, due_s: float = 0.0) -> Sample:
    return Sample("anything", due_s, seconds, status)


def test_a_server_that_stands_still_is_late_for_all_that_came_meanwhile() -> None:
    """It answers at once, but one at a time, and not in the first half second."""

    async def work() -> list[Sample]:
        loop = asyncio.get_running_loop()
        awake_s, one_at_a_time = loop.time() + 0.5, asyncio.Lock()

        async def ask(_data: bytes) -> int:
            async with one_at_a_time:
                await asyncio.sleep(max(0.0, awake_s - loop.time()))
            return 200

        return await offer(ask, lambda: ANYTHING, 100, 1.0, random.Random(3))

    samples = asyncio.run(work())
    early = [each for each in samples if each.due_s < 0.4]
    assert len(early) > 20
    assert all(0.5 - each.due_s <= each.seconds < 0.5 - each.due_s + 0.3 for each in early)
    assert all(each.seconds < 0.3 for each in samples if each.due_s > 0.5)


def test_as_much_is_offered_as_was_asked_for() -> None:
    async def ask(_data: bytes) -> int:
        return 200

    samples = asyncio.run(offer(ask, lambda: ANYTHING, 200, 1.0, random.Random(3)))
    assert 150 < len(samples) < 250


def test_one_client_waits_for_each_answer() -> None:
    at_once, most = 0, 0

    async def ask(_data: bytes) -> int:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return 206

    samples = asyncio.run(in_turn(ask, [ANYTHING] * 5))
    assert (most, [each.status for each in samples]) == (1, [206] * 5)


@pytest.mark.parametrize("bears", [3.0, 8.0, 37.0, 500.0])
def test_the_knee_is_found_from_below(bears: float) -> None:
    async def is_carried(rate: float) -> bool:
        return rate <= bears

    knee = asyncio.run(find_knee(is_carried, 8.0))
    assert bears / 1.15 <= knee <= bears


def test_a_server_that_bears_nothing_has_no_knee() -> None:
    async def is_carried(_rate: float) -> bool:
        return False

    assert asyncio.run(find_knee(is_carried, 8.0)) == 0


def test_a_load_is_carried_if_99_of_100_are_in_time_and_none_is_refused() -> None:
    assert sustained([sample()] * 199 + [sample(5)], 1.0)
    assert not sustained([sample()] * 190 + [sample(5)] * 10, 1.0)
    assert not sustained([sample()] * 199 + [sample(0.01, 503)], 1.0)
    assert not sustained([sample()] * 199 + [sample(0.01, LOST)], 1.0)
    assert p99([sample(n / 1000) for n in range(1000)]) == pytest.approx(0.99, abs=0.002)


def test_a_server_has_recovered_when_a_load_is_carried_again() -> None:
    late = [sample(due_s=0.5, seconds=3), sample(due_s=6, status=429)]
    fine = [sample(due_s=n / 10) for n in range(300)]
    assert recovered_after([*late, *fine], 1.0) == 10
    assert recovered_after(fine, 1.0) == 0
    assert recovered_after([*fine, sample(3, due_s=21)], 1.0) == 0, "one of many"
    assert recovered_after([*fine, *[sample(3, due_s=21)] * 9], 1.0) == 25
    assert recovered_after([*fine, sample(due_s=29, status=503)], 1.0) == float("inf")


def test_memory_that_grows_is_told_from_memory_that_was_taken_at_the_start() -> None:
    assert growth([100, 300, 300, 300]) == 1
    assert growth([100, 100, 100, 120]) == pytest.approx(1.2)
    assert growth([1]) == float("inf")


def test_the_mix_is_as_it_says_and_not_all_of_it_is_cached() -> None:
    drawn = [Mix(SHELF, 1).draw()]
    mix = Mix(SHELF, 2)
    drawn = [mix.draw() for _ in range(4000)]
    shares = Counter(request.kind for request in drawn)
    searches = shares["search, new"] + shares["search, again"]
    media = shares["film"] + shares["still"] + shares["sprites"]
    assert searches / 4000 == pytest.approx(0.7, abs=0.03)
    assert media / 4000 == pytest.approx(0.2, abs=0.03)
    new = [request.data for request in drawn if request.kind == "search, new"]
    assert len(set(new)) == len(new)


def run(**changed: object) -> Soak:
    """A soak in which everything held, but for what is changed."""
    fine = {
        "idle": [sample(0.1)] * 100,
        "knee": 40.0,
        "steady": [sample(0.2)] * 100,
        "memory": [100] * 8,
        "overload": [sample(), sample(status=429), sample(status=503)],
        "recovery": [sample(due_s=1)],
        "health": [sample(0.01)] * 10,
        "media": [sample(0.02)] * 10,
        "is_alive": True,
    }
    return Soak(**{**fine, **changed})  # type: ignore[arg-type]


def test_a_soak_in_which_everything_held_says_so() -> None:
    assert all(held for *_rest, held in verdict(run()))


@pytest.mark.parametrize(
    "changed",
    [
        {"knee": 0.0},
        {"steady": [sample(0.31)] * 100},
        {"steady": [sample(0.2)] * 99 + [sample(0.2, 500)]},
        {"steady": [sample(0.2)] * 99 + [sample(0.2, 503)]},
        {"steady": [sample(0.2)] * 99 + [sample(0.2, LOST)]},
        {"memory": [100] * 6 + [106] * 2},
        {"overload": [sample(status=500)]},
        {"overload": [sample(status=LOST)]},
        {"recovery": [sample(3, due_s=31), sample(due_s=40)]},
        {"health": [sample(0.06)] * 10},
        {"media": [sample(0.2)] * 10},
        {"tracebacks": 1},
        {"is_alive": False},
    ],
)
def test_what_did_not_hold_is_one_line_of_the_table(changed: dict[str, object]) -> None:
    assert [held for *_rest, held in verdict(run(**changed))].count(False) == 1
