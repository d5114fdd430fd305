"""Batches: what shares one, whose turn it is, and that every item has its own end."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from embeddings.batching import Batcher, Item, Limits
from embeddings.encoder import Vectors, check_vectors
from embeddings.errors import InvalidVector, ItemFailed, ServiceBusy, WorkerLost
from tests.helpers.models import (
    DIM,
    PATIENCE_S,
    Quick,
    Steered,
    items,
    of_sizes,
    vectors_of,
)

WIDE = Limits(batch_items=8, batch_size=10_000, queued_items=100_000, queued_size=10_000_000)
NAME = "a-model"
dies = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@contextmanager
def batcher(
    compute: Callable[[list[Any]], Vectors],
    limits: Limits = WIDE,
    num_workers: int = 1,
    stall_s: float = 60.0,
) -> Iterator[Batcher]:
    made = Batcher(NAME, DIM, compute, limits, num_workers, stall_s)
    try:
        yield made
    finally:
        made.close()


def assert_answered(future: "Future[Vectors]", asked: Sequence[Item]) -> None:
    """It has exactly the vectors of the items, in their order."""
    expected = vectors_of([item.value for item in asked])
    np.testing.assert_array_equal(future.result(PATIENCE_S), expected, strict=True)


def error_of(future: "Future[Vectors]") -> BaseException:
    error = future.exception(PATIENCE_S)
    assert error is not None
    return error


def num_waiting() -> float:
    """What Prometheus is told of the queue."""
    return REGISTRY.get_sample_value("embedding_queue_items", {"model": NAME}) or 0.0


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.002)


# What shares a batch


def test_an_item_alone_waits_for_no_others() -> None:
    model = Quick()
    with batcher(model) as made:
        started = time.monotonic()
        assert_answered(made.submit(items("a")), items("a"))
        assert time.monotonic() - started < 0.5
    assert model.batches == [["a"]]


def test_a_batch_forms_while_the_one_before_is_computed() -> None:
    model = Steered()
    with batcher(model) as made:
        first = made.submit(items("a"))
        model.wait_for_batch()
        later = [made.submit(items(value)) for value in "bcd"]
        assert num_waiting() == 3
        model.let(2)
        assert_answered(first, items("a"))
        for value, future in zip("bcd", later, strict=True):
            assert_answered(future, items(value))
        assert num_waiting() == 0
    assert model.batches == [["a"], ["b", "c", "d"]]


def batches_of(waiting: Sequence[Item], limits: Limits) -> list[list[str]]:
    """How items are put together that have come one by one while a batch was computed."""
    model = Steered()
    with batcher(model, limits) as made:
        made.submit(items("before"))
        model.wait_for_batch()
        futures = [made.submit([item]) for item in waiting]
        model.let(1 + len(waiting))
        for item, future in zip(waiting, futures, strict=True):
            assert_answered(future, [item])
    return model.batches[1:]


def test_items_of_like_size_share_a_batch() -> None:
    limits = Limits(3, 10_000, 100, 10_000)
    found = batches_of(of_sizes(10, 500, 11, 490, 12, 480), limits)
    assert found == [["10", "11", "12"], ["500", "490", "480"]]


def test_a_batch_is_bound_by_its_size_once_all_are_padded_to_the_longest() -> None:
    limits = Limits(8, 100, 100, 10_000)
    assert batches_of(of_sizes(31, 32, 33, 30), limits) == [["31", "32", "30"], ["33"]]
    assert batches_of(of_sizes(10, 11, 60), limits) == [["10", "11"], ["60"]]


def test_an_item_larger_than_a_whole_batch_goes_alone_and_stalls_nothing() -> None:
    limits = Limits(8, 100, 100, 10_000)
    assert batches_of(of_sizes(10, 101, 12, 5000, 11), limits) == [
        ["10", "11", "12"],
        ["101"],
        ["5000"],
    ]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 150), unique=True, min_size=1, max_size=40), st.integers(1, 9))
def test_no_batch_is_larger_than_its_limits_unless_it_is_one_item(
    sizes: list[int], batch_items: int
) -> None:
    found = batches_of(of_sizes(*sizes), Limits(batch_items, 120, 100, 100_000))
    assert sorted(int(name) for batch in found for name in batch) == sorted(sizes)
    for batch in found:
        assert len(batch) <= batch_items
        assert len(batch) == 1 or len(batch) * max(map(int, batch)) <= 120


# Each caller gets the vectors of its own items


REQUESTS = st.lists(
    st.lists(st.tuples(st.sampled_from("abcdefghij"), st.integers(1, 60)), max_size=12),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=60)
@given(REQUESTS, st.integers(1, 3))
def test_callers_at_once_get_exactly_the_vectors_of_their_items(
    asked: list[list[tuple[str, int]]], num_workers: int
) -> None:
    requests = [[Item(f"{v}{size}", f"{v}{size}", size) for v, size in each] for each in asked]
    limits = Limits(4, 100, 1000, 100_000)
    with (
        batcher(Quick(), limits, num_workers) as made,
        ThreadPoolExecutor(len(requests)) as threads,
    ):
        together = threading.Barrier(len(requests))

        def ask(request: list[Item]) -> "Future[Vectors]":
            together.wait()
            return made.submit(request)

        for request, future in zip(requests, threads.map(ask, requests), strict=True):
            if request:
                assert_answered(future, request)
            else:
                assert future.result(0).shape == (0, DIM)


def test_what_one_caller_does_with_its_vectors_no_other_sees() -> None:
    model = Steered()
    with batcher(model) as made:
        one, other = made.submit(items("a")), made.submit(items("a"))
        model.let(2)
        one.result(PATIENCE_S)[:] = 0
        assert_answered(other, items("a"))


def test_equal_items_that_wait_or_are_computed_are_computed_once() -> None:
    model = Steered()
    with batcher(model) as made:
        asked = [items("a", "b", "a"), items("b", "a"), items("a")]
        futures = [made.submit(asked[0])]
        model.wait_for_batch()  # and now of some that are being computed
        futures += [made.submit(request) for request in asked[1:]]
        model.let(1)
        for request, future in zip(asked, futures, strict=True):
            assert_answered(future, request)
    assert sorted(value for batch in model.batches for value in batch) == ["a", "b"]


# Items that cannot be computed


class Poisoned:
    """A model that fails as soon as there is something bad in a batch."""

    def __call__(self, values: list[str]) -> Vectors:
        if "raises" in values:
            raise RuntimeError("/srv/models: out of bounds")
        vectors = vectors_of(values)
        vectors[[value == "nan" for value in values]] = np.nan
        return check_vectors(vectors, DIM)


@pytest.mark.parametrize("poison", ["raises", "nan"])
def test_a_poisonous_item_fails_alone_and_is_named_by_its_place(poison: str) -> None:
    asked = [items("a", "b", poison, "c"), items("d"), items("e", "f", "g")]
    with batcher(Poisoned()) as made:
        futures = [made.submit(request) for request in asked]
        error = error_of(futures[0])
        assert isinstance(error, ItemFailed)
        assert error.position == 2
        assert "/srv" not in str(error)
        for request, future in zip(asked[1:], futures[1:], strict=True):
            assert_answered(future, request)
        assert_answered(made.submit(items("a", "c")), items("a", "c"))


def test_a_vector_that_is_no_number_is_named_as_such() -> None:
    with batcher(Poisoned()) as made:
        error = error_of(made.submit(items("nan")))
        assert isinstance(error.__cause__, InvalidVector)
        assert "not finite" in str(error)


def test_each_who_waits_for_a_poisonous_item_is_told_its_own_place() -> None:
    model = Steered()

    def fails(values: list[str]) -> Vectors:
        model(values)
        return Poisoned()(values)

    with batcher(fails) as made:
        before = made.submit(items("before"))
        model.wait_for_batch()
        futures = [made.submit(items("a", "raises")), made.submit(items("raises", "b", "c"))]
        model.let(20)
        assert [getattr(error_of(each), "position", None) for each in futures] == [1, 0]
        assert_answered(before, items("before"))


# Those who give up, and those who are refused


def test_what_only_a_caller_who_has_given_up_waits_for_is_not_computed() -> None:
    model = Steered()
    with batcher(model) as made:
        made.submit(items("a"))
        model.wait_for_batch()
        gone, stays = made.submit(items("b", "c", "d")), made.submit(items("c"))
        assert gone.cancel()
        model.let(2)
        assert_answered(stays, items("c"))
        wait_until(lambda: num_waiting() == 0)
    assert model.batches == [["a"], ["c"]]


def test_the_queue_is_empty_when_all_have_given_up() -> None:
    model = Steered()
    with batcher(model) as made:
        made.submit(items("a"))
        model.wait_for_batch()
        gone = made.submit(items(*map(str, range(100))))
        assert num_waiting() == 100
        gone.cancel()
        model.let(1)
        wait_until(lambda: num_waiting() == 0)
        again = made.submit(items("7"))
        model.let(1)
        assert_answered(again, items("7"))
    assert model.batches == [["a"], ["7"]]


@pytest.mark.parametrize(
    "limits", [Limits(8, 100, 3, 10_000), Limits(8, 100, 100, 30)], ids=["items", "size"]
)
def test_a_full_queue_refuses_and_says_when_to_come_again(limits: Limits) -> None:
    model = Steered()
    with batcher(model, limits) as made:
        made.submit(items("a"))
        model.wait_for_batch()
        waiting = made.submit(items("b", "c", "d"))
        with pytest.raises(ServiceBusy) as refused:
            made.submit(items("e"))
        assert 1 <= refused.value.retry_after_s <= 60
        shared = made.submit(items("b"))  # takes no room
        model.let(2)
        assert_answered(waiting, items("b", "c", "d"))
        assert_answered(shared, items("b"))
        again = made.submit(items("e"))
        model.let(1)
        assert_answered(again, items("e"))


def test_what_callers_who_have_gone_had_in_the_queue_is_room_again() -> None:
    model = Steered()
    with batcher(model, Limits(8, 100, 3, 10_000)) as made:
        made.submit(items("a"))
        model.wait_for_batch()
        made.submit(items("b", "c", "d")).cancel()
        model.let(1)
        wait_until(lambda: num_waiting() == 0)
        again = made.submit(items("e", "f"))
        model.let(1)
        assert_answered(again, items("e", "f"))


def test_an_empty_queue_takes_a_request_of_any_size() -> None:
    asked = of_sizes(*range(1, 50))
    with batcher(Quick(), Limits(8, 100, 3, 30)) as made:
        assert_answered(made.submit(asked), asked)


# Turns


def place_of(item: Item, batches: list[list[str]]) -> int:
    """Which batch an item was in."""
    return next(place for place, batch in enumerate(batches) if item.value in batch)


def test_a_single_text_does_not_wait_for_thousands_and_does_not_starve_them() -> None:
    model = Quick(batch_s=0.001)
    many = [Item(f"many {i}", f"many {i}", 20 + i % 30) for i in range(2000)]
    waited, number = [], 0
    with batcher(model, num_workers=1) as made:
        all_of_many = made.submit(many)
        while not all_of_many.done():
            single = Item(f"single {number}", f"single {number}", 5)
            answer = made.submit([single])
            begun = len(model.batches)
            assert_answered(answer, [single])
            waited.append(place_of(single, model.batches) - begun)
            number += 1
            assert number < 2000, "single texts keep the others from being computed"
        assert_answered(all_of_many, many)
    assert number > 50
    assert max(waited) <= 1  # behind the batch that was being computed, and one of many


def test_a_caller_of_thousands_does_not_wait_for_another_who_came_before() -> None:
    model = Quick(batch_s=0.001)
    with batcher(model) as made:
        first = made.submit(items(*(f"first {i}" for i in range(2000))))
        second = made.submit(items(*(f"second {i}" for i in range(80))))
        second.result(PATIENCE_S)
        assert not first.done()
        assert len(model.batches) <= 30  # ten of each, and no more than that again


# Workers that end or hang


class Deadly:
    """A model that takes its worker with it."""

    def __call__(self, values: list[str]) -> Vectors:
        if "deadly" in values:
            raise SystemExit
        return vectors_of(values)


@dies
def test_a_worker_that_dies_leaves_nobody_waiting_and_another_takes_its_place() -> None:
    limits = Limits(1, 100, 100, 10_000)
    with batcher(Deadly(), limits) as made:
        futures = [made.submit(items(value)) for value in ("a", "deadly", "b", "c")]
        assert isinstance(error_of(futures[1]), WorkerLost)
        for value, future in zip("abc", [futures[0], *futures[2:]], strict=True):
            assert_answered(future, items(value))
        for number in range(3):
            assert isinstance(error_of(made.submit(items("deadly"))), WorkerLost)
            assert_answered(made.submit(items(str(number))), items(str(number)))
        made.require_progress()


def hangs_of_hang(values: list[str]) -> Vectors:
    if "hang" in values:
        time.sleep(0.8)
    return vectors_of(values)


def test_a_model_that_hangs_is_told_of_and_takes_no_more() -> None:
    with batcher(hangs_of_hang, stall_s=0.2) as made:
        hung = made.submit(items("hang"))
        made.require_progress()
        wait_until(lambda: made.is_stalled)
        with pytest.raises(WorkerLost, match="no progress"):
            made.require_progress()
        assert isinstance(error_of(hung), WorkerLost)
        with pytest.raises(WorkerLost):
            made.submit(items("a"))
        wait_until(lambda: not made.is_stalled)  # it was slow, not lost
        assert_answered(made.submit(items("a")), items("a"))


def test_who_waits_for_a_batch_that_hangs_is_told_though_other_workers_go_on() -> None:
    with batcher(hangs_of_hang, Limits(1, 100, 100, 10_000), 2, stall_s=0.2) as made:
        hung, same = made.submit(items("hang")), made.submit(items("hang"))
        assert_answered(made.submit(items("a")), items("a"))
        wait_until(lambda: hung.done() or made.require_progress() is not None)
        assert isinstance(error_of(hung), WorkerLost)
        assert isinstance(error_of(same), WorkerLost)
        assert not made.is_stalled
        assert_answered(made.submit(items("b")), items("b"))


def test_closing_ends_the_workers_and_whoever_waits() -> None:
    model = Steered()
    made = Batcher("closed", DIM, model, WIDE, 2)
    computed = made.submit(items("a"))
    model.wait_for_batch()
    made.submit(items("b"))
    model.wait_for_batch()
    waits = made.submit(items("c"))
    closing = threading.Thread(target=made.close)
    closing.start()
    assert isinstance(error_of(waits), WorkerLost)
    model.let(2)
    closing.join(PATIENCE_S)
    assert not closing.is_alive()
    assert_answered(computed, items("a"))
    with pytest.raises(WorkerLost):
        made.submit(items("c"))
    assert not [each.name for each in threading.enumerate() if "closed" in each.name]


def test_closing_does_not_wait_for_a_model_that_hangs() -> None:
    made = Batcher(NAME, DIM, hangs_of_hang, WIDE, 1, stall_s=0.1)
    hung = made.submit(items("hang"))
    started = time.monotonic()
    made.close()
    assert time.monotonic() - started < 1
    assert isinstance(error_of(hung), WorkerLost)
