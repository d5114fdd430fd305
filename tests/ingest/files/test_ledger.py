"""Outcomes are read in the order in which files were found, whenever they ended."""

import json
import tracemalloc
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.files.ledger import Ledger
from ingest.files.outcome import Outcome, OutcomeStatus

outcomes = st.builds(
    Outcome,
    path=st.text(),
    status=st.sampled_from(OutcomeStatus),
    reason=st.none() | st.text(),
    scenes=st.integers(0, 1000),
    seconds=st.floats(0, 1e6),
    notes=st.lists(st.text(), max_size=2),
)


def ended(status: OutcomeStatus, path: str = "a.mp4") -> Outcome:
    return Outcome(path, status)


@settings(deadline=None, max_examples=100)
@given(st.lists(outcomes, max_size=20), st.randoms(use_true_random=False))
def test_what_is_entered_in_any_order_is_read_in_the_order_of_discovery(
    found: list[Outcome], order: Random
) -> None:
    numbered = list(enumerate(found))
    order.shuffle(numbered)
    with Ledger() as ledger:
        for number, outcome in numbered:
            ledger.enter(number, outcome)
        assert list(ledger) == found
        documents = [json.loads(document) for document in ledger.documents()]
    assert [document["path"] for document in documents] == [outcome.path for outcome in found]


def test_outcomes_of_many_files_take_little_memory() -> None:
    paths = (f"{number:0100}" for number in range(50_000))
    tracemalloc.start()
    with Ledger() as ledger:
        for number, path in enumerate(paths):
            ledger.enter(number, ended(OutcomeStatus.DONE, path))
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert used < 2 * 2**20
        assert [int(outcome.path) for outcome in ledger] == list(range(50_000))


def test_half_of_a_character_is_no_fault_of_the_run() -> None:
    with Ledger() as ledger:
        ledger.enter(0, Outcome("a.mp4", OutcomeStatus.PARTIAL, "caf\udce9"))
        (document,) = ledger.documents()
    assert document.encode().decode() == document
    assert json.loads(document)["reason"] == "caf\udce9"


def test_statuses_are_counted_and_faults_are_known() -> None:
    with Ledger() as ledger:
        for number, status in enumerate((OutcomeStatus.DONE, OutcomeStatus.SKIPPED)):
            ledger.enter(number, ended(status))
        assert not ledger.has_faults
        ledger.enter(2, ended(OutcomeStatus.PARTIAL))
    assert ledger.has_faults
    assert ledger.counts == {"done": 1, "skipped": 1, "partial": 1}
