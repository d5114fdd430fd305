"""A search whose words are rare is planned once for whatever is asked; one with filters or with
common words is planned for them, and both find the same."""

from dataclasses import replace

import pytest

from database.models import MomentKind
from database.queries.filters import Conditions, Filters, Scan
from database.queries.statement import LegMatch, VectorLeg, search_legs
from database.queries.terms import WordLeg, WordReader
from database.server.connection import Database
from database.videos.records import MomentRecord
from database.videos.stored import Store
from embeddings.space import Input
from tests.helpers import records

NUM_MOMENTS = 50
EVERYWHERE = Conditions(Filters(from_s=0))


@pytest.fixture(autouse=True)
def library(store: Store) -> None:
    moments = tuple(
        MomentRecord(
            number % 2,
            MomentKind.SPEECH,
            0.0,
            1.0,
            f"a lathe {number}",
            "en",
            vectors={"minilm-l6": records.unit_vector(number)},
        )
        for number in range(NUM_MOMENTS)
    )
    store.save_video(replace(records.video("a"), moments=moments), records.file("/v/a.mp4"))


def search(
    database: Database, words: WordLeg, number: int, conditions: Conditions | None = None
) -> list[LegMatch]:
    leg = VectorLeg("minilm-l6", records.unit_vector(number), Input.TEXT)
    found, _ = search_legs(database, [leg], words, conditions or Conditions(), Scan.INDEX, 10)
    return sorted(found)


def plans(database: Database, words: WordLeg, conditions: Conditions | None = None) -> int:
    """How many plans for all values three searches of one connection use."""
    with database.reading():
        before = _used(database)
        for number in range(3):
            search(database, words, number, conditions)
        return _used(database) - before


def _used(database: Database) -> int:
    ((used,),) = database.rows(
        "SELECT coalesce(sum(generic_plans), 0)::int FROM pg_prepared_statements"
    )
    return int(used)


def test_rare_words_are_planned_once(database: Database) -> None:
    assert plans(database, WordReader(database).leg("lathe 7")) == 3


def test_a_search_with_filters_is_planned_for_them(database: Database) -> None:
    assert plans(database, WordReader(database).leg("lathe 7"), EVERYWHERE) == 0


@pytest.mark.parametrize("change", [{"num_texts": 20_001.0}, {"near": "'lathe'"}])
def test_common_words_and_those_that_are_nearly_meant_are_planned_for(
    database: Database, change: dict[str, object]
) -> None:
    terms = WordReader(database).terms("lathe 7")
    changed = WordLeg((replace(terms[0], **change), *terms[1:]))  # type: ignore[arg-type]
    assert plans(database, changed) == 0


def test_what_is_read_after_it_is_planned_for_its_values(database: Database) -> None:
    with database.reading():
        search(database, WordReader(database).leg("lathe"), 1)
        assert database.rows("SHOW plan_cache_mode") == [("force_custom_plan",)]


def test_a_plan_for_all_values_finds_what_one_for_each_finds(database: Database) -> None:
    for number, text in enumerate(("lathe", "lathe 7", "a lathe 12", "nothing")):
        words = WordReader(database).leg(text)
        for_each = WordLeg(tuple(replace(term, num_texts=1e6) for term in words.terms))
        assert search(database, words, number) == search(database, for_each, number)
