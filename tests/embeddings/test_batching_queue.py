"""The queue before a model: who is refused, whose turn it is, and workers that end or hang."""

import threading
import time

import pytest

from embeddings.batching import Batcher
from embeddings.encoder import Vectors
from embeddings.errors import ServiceBusy, WorkerLost
from embeddings.jobs import Item, Limits
from tests.helpers.models import (
    NAME,
    PATIENCE_S,
    WIDE,
    Quick,
    Steered,
    assert_answered,
    batcher,
    error_of,
    items,
    num_waiting,
    of_sizes,
    vectors_of,
    wait_until,
)

dies = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


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

        def is_given_up() -> bool:
            made.require_progress()  # as they do who wait, and /ready
            return hung.done()

        wait_until(is_given_up)
        assert isinstance(error_of(hung), WorkerLost)
        assert isinstance(error_of(same), WorkerLost)
        assert not made.is_stalled
        assert_answered(made.submit(items("b")), items("b"))


def test_closing_ends_the_workers_and_whoever_waits() -> None:
    model = Steered()
    made = Batcher("closed", model, WIDE, 2)
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
    let_go = threading.Event()

    def hangs(values: list[str]) -> Vectors:
        let_go.wait(PATIENCE_S)
        return vectors_of(values)

    made = Batcher(NAME, hangs, WIDE, 1, stall_s=0.1)
    hung = made.submit(items("hang"))
    started = time.monotonic()
    made.close()
    assert time.monotonic() - started < PATIENCE_S / 2
    assert isinstance(error_of(hung), WorkerLost)
    let_go.set()


@pytest.mark.parametrize("size", [20, 60, 256])
def test_a_short_text_waits_for_one_batch_of_long_ones(size: int) -> None:
    model = Steered()
    limits = Limits(batch_items=32, batch_size=256, queued_items=5000, queued_size=10**6)
    with batcher(model, limits) as made:
        long = made.submit(items(*(f"long {n}" for n in range(500)), size=size))
        model.wait_for_batch()
        short = made.submit(items("short", size=5))
        model.let(3)
        assert_answered(short, items("short", size=5))
        long.cancel()
        model.let(500)
    assert any("short" in batch for batch in model.batches[:3])
