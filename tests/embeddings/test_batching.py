"""Batches: what shares one, and that every caller gets the vectors of its own items."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.encoder import Vectors, check_vectors
from embeddings.errors import InvalidVector, ItemFailed
from embeddings.jobs import Item, Limits
from tests.helpers.models import (
    DIM,
    PATIENCE_S,
    Quick,
    Steered,
    assert_answered,
    batcher,
    error_of,
    items,
    num_waiting,
    of_sizes,
    vectors_of,
)

# What shares a batch


def test_an_item_alone_waits_for_no_others() -> None:
    model = Quick()
    with batcher(model) as made:
        started = time.monotonic()
        assert_answered(made.submit(items("a")), items("a"))
        assert time.monotonic() - started < 2
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

        def ask(request: list[Item]) -> "Future[list[Vectors]]":
            together.wait()
            return made.submit(request)

        for request, future in zip(requests, threads.map(ask, requests), strict=True):
            if request:
                assert_answered(future, request)
            else:
                assert future.result(0) == []


def test_what_one_caller_does_with_its_vectors_no_other_sees() -> None:
    model = Steered()
    with batcher(model) as made:
        one, other = made.submit(items("a")), made.submit(items("a"))
        model.let(2)
        one.result(PATIENCE_S)[0][:] = 0
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
