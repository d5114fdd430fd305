"""Missing videos, which no leg of a search finds, however it looks."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import database.queries.filters
from database.opening import open_database
from database.queries.filters import Conditions, Filters, Scan, choose_scan
from database.queries.forms import Phrase
from database.queries.statement import VectorLeg, search_legs
from database.queries.terms import NO_WORDS, WordReader
from database.server.connection import Database
from database.settings import DatabaseSettings
from database.videos.stored import Store
from embeddings.space import Input
from tests.helpers.fixtures import NewSettings
from tests.helpers.records import file, talk, unit_vector
from tests.helpers.sql import execute, rows
from tests.helpers.statements import plan_of_search

TEXT = "minilm-l6"
QUERY = unit_vector(1)
SCENES, FILMS = 20, 60
DEPTH = 60


@pytest.fixture(scope="module")
def settings_of_module(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DatabaseSettings]:
    with new_settings(tmp_path_factory.mktemp("missing") / "home") as settings:
        yield settings


@pytest.fixture(scope="module")
def library(settings_of_module: DatabaseSettings) -> Iterator[Database]:
    """Films whose scenes are the nearer to the query, the lower the film's id."""
    database = open_database(settings_of_module)
    index = f"embedding_{TEXT.replace('-', '_')}_hnsw"
    ((definition,),) = rows(database, f"SELECT pg_get_indexdef('{index}'::regclass)")
    execute(database, f"DROP INDEX {index}")
    for film in range(1, FILMS + 1):
        vectors = [_near(film, number) for number in range(SCENES)]
        said = [f"The lighthouse of film{film:02} stands." for _ in vectors]
        Store(database).save_video(talk(f"film {film}", said, vectors), file(f"/v/{film}.mp4"))
    execute(database, str(definition), "ANALYZE")
    yield replace(database, has_trigrams=True)
    database.close()


def _near(film: int, number: int) -> Any:
    vector = QUERY + (0.5 + film / FILMS) * unit_vector(10 + SCENES * film + number)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.fixture(autouse=True)
def _all_there(library: Database) -> Iterator[None]:
    yield
    execute(library, "UPDATE video SET missing_since = NULL")


def lose(database: Database, films: str) -> None:
    execute(database, f"UPDATE video SET missing_since = now() WHERE {films}")


def found(
    database: Database, filters: Filters | None = None, *, words: str = "", required: str = ""
) -> tuple[list[int], Scan]:
    """The video of each scene of a search by a vector, or else by words; how it was found."""
    conditions = Conditions(filters or Filters(), (Phrase(required),) if required else ())
    scan = choose_scan(database, conditions)
    vectors = [] if words else [VectorLeg(TEXT, QUERY, Input.TEXT)]
    leg = WordReader(database).leg(words) if words else NO_WORDS
    matches, scan = search_legs(database, vectors, leg, conditions, scan, DEPTH)
    return [match.video_id for match in matches if match.raw > 0], scan


def test_a_missing_video_is_not_found_by_vectors_or_words_or_parts_of_words(
    library: Database,
) -> None:
    for words in ("", "lighthouse film01", "ilm01"):
        videos, _ = found(library, words=words)
        assert 1 in videos, words
    lose(library, "id = 1")
    for words in ("", "lighthouse film01", "ilm01"):
        videos, _ = found(library, words=words)
        assert 1 not in videos, words


@pytest.mark.parametrize(
    ("filters", "required"),
    [
        (Filters(video_ids=(1, 2, 3)), ""),
        (Filters(from_s=5.0), ""),
        (Filters(language="en", to_s=100.0), ""),
        (Filters(), "'film' <-> ('03' | '01')"),
    ],
)
@pytest.mark.parametrize("most", [0, 100_000])
def test_a_missing_video_passes_no_filter(
    library: Database,
    filters: Filters,
    required: str,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database.queries.filters, "EXACT_SCENES", most)
    monkeypatch.setattr(database.queries.filters, "EXACT_SCENES_OF_VIDEOS", most)
    for words in ("", "lighthouse"):
        videos, _ = found(library, filters, words=words, required=required)
        assert {1, 3} <= set(videos), words
    lose(library, "id = 1")
    for words in ("", "lighthouse"):
        videos, _ = found(library, filters, words=words, required=required)
        assert 3 in videos, words
        assert 1 not in videos, words


def test_pages_are_full_with_half_of_the_library_missing(library: Database) -> None:
    lose(library, f"id <= {FILMS // 2}")  # all that is nearest
    for words in ("", "lighthouse"):
        videos, scan = found(library, words=words)
        assert len(videos) == DEPTH, words
        assert min(videos) == FILMS // 2 + 1, words
        assert scan is Scan.INDEX, words


def test_what_is_left_of_a_library_is_compared_where_the_walk_ends_without_it(
    library: Database,
) -> None:
    lose(library, f"id <= {FILMS - 2}")
    videos, scan = found(library)
    assert (len(videos), set(videos), scan) == (2 * SCENES, {FILMS - 1, FILMS}, Scan.EXACT)


def walks_its_index(database: Database, filters: Filters, scan: Scan, *settings: str) -> bool:
    """Whether the plan of a search by a vector uses the HNSW index, under settings."""

    def search() -> None:
        search_legs(
            database,
            [VectorLeg(TEXT, QUERY, Input.TEXT)],
            NO_WORDS,
            Conditions(filters),
            scan,
            DEPTH,
        )

    plan = plan_of_search(database, search, *settings)
    return "Index Scan using embedding_minilm_l6_hnsw" in plan


def test_missing_videos_do_not_keep_a_search_from_its_index(library: Database) -> None:
    lose(library, "id <= 30")
    assert walks_its_index(library, Filters(), Scan.INDEX)
    assert walks_its_index(library, Filters(min_duration_s=1.0), Scan.FILTERED_INDEX)


@pytest.mark.parametrize("filters", [Filters(video_ids=(1, 2)), Filters(to_s=20.0)])
def test_what_is_to_be_compared_whole_is_not_searched_along_an_index(
    library: Database, filters: Filters
) -> None:
    """Whatever the planner thinks of sorting: of tables without statistics it thinks as much."""
    assert not walks_its_index(library, filters, Scan.EXACT, "enable_sort = off")
