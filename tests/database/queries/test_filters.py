"""Filters and words in libraries that are larger than what is compared at once."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import database.queries.filters
from database.opening import open_database
from database.queries.filters import Conditions, Filters, Scan, choose_scan
from database.queries.statement import VectorLeg, search_legs
from database.queries.terms import NO_WORDS, WordReader
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.videos.stored import Store
from embeddings.space import Input
from tests.helpers.fixtures import NewSettings
from tests.helpers.records import file, talk, unit_vector
from tests.helpers.sql import execute, rows

TEXT = "minilm-l6"
NEAR, FAR = 2500, 80
QUERY = unit_vector(1)


@pytest.fixture(scope="module")
def settings_of_module(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DatabaseSettings]:
    with new_settings(tmp_path_factory.mktemp("filters") / "home") as settings:
        yield settings


@pytest.fixture(scope="module")
def crowded(settings_of_module: DatabaseSettings) -> Iterator[Database]:
    """A crowd of scenes near the query, and some on the other side of everything."""
    database = open_database(settings_of_module)
    index = "embedding_minilm_l6_hnsw"  # built at once, a quarter of the time of row by row
    ((definition,),) = rows(database, f"SELECT pg_get_indexdef('{index}'::regclass)")
    execute(database, f"DROP INDEX {index}")
    crowd = [near(number) for number in range(NEAR)]
    far = [-near(NEAR + number) for number in range(FAR)]
    for name, vectors in (("crowd", crowd), ("far", far)):
        sentences = [f"{name} speaks of wordplay{number}" for number in range(len(vectors))]
        Store(database).save_video(talk(name, sentences, vectors), file(f"/library/{name}.mp4"))
    execute(database, str(definition))
    yield database
    database.close()


def near(number: int) -> np.ndarray:
    vector = QUERY + 0.3 * unit_vector(10 + number)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def scenes(database: Database, filters: Filters, depth: int = 60) -> tuple[set[int], Scan]:
    """The scenes of a search by one vector, and how they were found."""
    conditions = Conditions(filters)
    scan = choose_scan(database, conditions)
    legs = [VectorLeg(TEXT, QUERY, Input.TEXT)]
    matches, scan = search_legs(database, legs, NO_WORDS, conditions, scan, depth)
    return {match.scene_id for match in matches}, scan


def test_a_filter_that_few_pass_is_searched_exactly(crowded: Database) -> None:
    found, scan = scenes(crowded, Filters(video_ids=(2,)))
    assert scan is Scan.EXACT
    assert len(found) == 60
    assert min(found) > NEAR


def test_a_filter_that_many_pass_walks_the_index(
    crowded: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database.queries.filters, "EXACT_SCENES_OF_VIDEOS", 2000)
    found, scan = scenes(crowded, Filters(video_ids=(1,)))
    assert scan is Scan.FILTERED_INDEX
    assert len(found) == 60
    assert max(found) <= NEAR


def test_what_the_index_does_not_reach_is_compared_after_all(
    crowded: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database.queries.filters, "EXACT_SCENES_OF_VIDEOS", 10)
    found, scan = scenes(crowded, Filters(video_ids=(2,)), depth=100)
    assert scan is Scan.EXACT, "the leg has fewer moments than were asked for"
    assert found == set(range(NEAR + 1, NEAR + FAR + 1))


def test_both_ways_find_the_same(crowded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    filters = Filters(video_ids=(1,), to_s=24_000.0)
    walked, scan = scenes(crowded, filters)
    monkeypatch.setattr(database.queries.filters, "EXACT_SCENES", 10_000)
    exact, other = scenes(crowded, filters)
    assert (scan, other) == (Scan.FILTERED_INDEX, Scan.EXACT)
    assert len(walked & exact) >= 0.95 * len(exact)


def test_part_of_a_word_is_found_where_the_server_has_trigrams(crowded: Database) -> None:
    def matching(has_trigrams: bool) -> list[float]:
        with_or_without = replace(crowded, has_trigrams=has_trigrams)
        leg = WordReader(with_or_without).leg("ordpla")
        found, _ = search_legs(with_or_without, [], leg, Conditions(), Scan.INDEX, 10)
        return [match.raw for match in found if match.raw > 0]

    assert matching(has_trigrams=False) == []
    assert matching(has_trigrams=True) == pytest.approx([0.75] * 10)
