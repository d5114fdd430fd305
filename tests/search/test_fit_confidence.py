"""Queries of one to twenty words: those about what is not there are not confident, those about
what is there are."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from embeddings.loaded import Encoders
from search.fit_confidence import CLASSES, MOST_ABSENT, Judged, fitted, table
from search.multi_modal_search import MultiModalSearchEngine
from search.ranking.confidence import WEAK, Confidence
from tests.helpers.fixtures import Ingested

QUERIES = json.loads(Path(__file__).with_name("confidence_queries.json").read_text("utf-8"))
PER_CLASS = 8


@pytest.fixture(scope="module")
def engine(ingested: Ingested, encoders: Encoders) -> MultiModalSearchEngine:
    return MultiModalSearchEngine(ingested.database, encoders)


def by_length(queries: list[str]) -> list[str]:
    """The same number of every class of length."""
    lengths = (0, *CLASSES.values())
    return [
        query
        for less, most in pairwise(lengths)
        for query in [q for q in queries if less < len(q.split()) <= most][:PER_CLASS]
    ]


def confident(engine: MultiModalSearchEngine, queries: list[str], mode: str) -> list[str]:
    return [query for query in queries if engine.search(query, mode=mode).confident]


@pytest.mark.parametrize("mode", ["auto", "balanced"])
def test_of_thirty_queries_about_what_is_not_there_one_at_most_is_confident(
    engine: MultiModalSearchEngine, mode: str
) -> None:
    absent = by_length(QUERIES["absent"]["held_out"])
    assert len(absent) >= 30
    assert len(confident(engine, absent, mode)) <= 1
    assert not engine.search("the bride and groom cut the wedding cake on the beach").confident


@pytest.mark.parametrize("mode", ["auto", "balanced"])
def test_nine_of_ten_queries_about_what_is_there_are_confident(
    engine: MultiModalSearchEngine, mode: str
) -> None:
    present = QUERIES["answered_by_sample"]["held_out"]
    assert len(confident(engine, present, mode)) >= 0.9 * len(present)


def test_what_is_asked_in_scripts_without_spaces_is_no_more_confident(
    engine: MultiModalSearchEngine,
) -> None:
    absent = [q for half in QUERIES["absent_in_other_languages"].values() for q in half]
    assert not confident(engine, absent, "auto")


def test_no_query_is_asked_twice() -> None:
    halves = [
        halves for kind, halves in QUERIES.items() if kind.startswith("a") and kind != "about"
    ]
    every = [query for half in halves for queries in half.values() for query in queries]
    absent = [query for half in QUERIES["absent"].values() for query in half]
    assert len(absent) == len(set(absent)) >= 200
    assert not set(absent) & (set(every) - set(absent))


def judged(*, answered: bool, vision: float) -> Judged:
    sure = Confidence(5.0, -2.2, vision, 0.0, 5.0, whole=False, luck=4.0)
    return Judged("made", "fit", "a zebra", answered, sure)


def test_the_fit_finds_what_tells_and_calls_as_few_as_said_confident() -> None:
    drawn = np.random.default_rng(1).normal(size=1000)
    made = [judged(answered=n % 2 == 0, vision=v + 3 * (n % 2 == 0)) for n, v in enumerate(drawn)]
    constant, (text, vision, coverage, words) = fitted(made)
    assert vision > 1
    assert (text, coverage, words) == pytest.approx((0, 0, 0), abs=0.01)
    absent = np.array([one.confidence.vision for one in made if not one.answered])
    over = 1 / (1 + np.exp(-constant - vision * absent)) > WEAK
    assert over.mean() == pytest.approx(MOST_ABSENT, abs=0.005)


def test_the_table_counts_by_library_half_and_length() -> None:
    made = [judged(answered=True, vision=8.0), judged(answered=False, vision=-3.0)]
    lines = list(table(made))
    assert lines[2] == "| made | fit | 1–2 | 0% of 1 | 100% of 1 | 1.00 |"
    assert lines[-1] == "| made | fit | all | 0% of 1 | 100% of 1 | 1.00 |"
