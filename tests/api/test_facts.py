"""Facts of a whole library: right after every change, and counted no oftener than needed."""

import asyncio
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import Request
from fastapi.responses import HTMLResponse

from api.deps import State
from api.errors import Busy
from api.facts import Kept
from api.views.library import files_page, library_page, spaces_page
from api.views.search import search_page
from database.models import FileStatus
from database.server.connection import Database
from database.server.standbys import VERSION_SQL
from database.spaces.spaces import Spaces
from database.videos.records import FileRecord
from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from search.ranking.rank import Ranker, Ranking
from tests.helpers.records import TEXT, VISION, file, near, talk, video
from tests.helpers.services import metric
from tests.helpers.state import make_state, request_of
from tests.helpers.statements import sent_statements

SEARCHES = "similarity_search_seconds_count"
RESULTS = "similarity_search_results_sum"


@pytest.fixture
def state(database: Database, encoders: Encoders, tmp_path: Path) -> State:
    """Of a library with a recording of forty scenes that speak of drilling, and a film."""
    direction = encoders.encode_query(SPACES[TEXT], "drilling")
    sentences = [f"Drilling, part {n}." for n in range(40)]
    made = talk("drill", sentences, [near(direction, n) for n in range(40)])
    Store(database).save_video(made, file("/library/drill.mp4"))
    Store(database).save_video(video("film"), file("/library/film.mp4"))
    for space in (TEXT, VISION):
        null = {"mean": 0.0, "std": 0.2}
        Spaces(database).save_null_statistics(space, {**null, "alike": null, "count": 257})
    return make_state(database, encoders, tmp_path)


def searched(state: State, request: Request) -> bytes:
    """The page of a search."""
    return bytes(asyncio.run(search_page(state, request)).body)


def test_facts_are_read_once_for_each_version_of_the_library(
    state: State, database: Database
) -> None:
    facts = state.facts
    first = (facts.facets(), facts.summary(), facts.outcomes(), facts.refusals(), facts.filling())
    with sent_statements() as sent:
        again = (
            facts.facets(), facts.summary(), facts.outcomes(), facts.refusals(), facts.filling()
        )  # fmt: skip
    assert again == first
    assert {statement.sql for statement in sent} == {VERSION_SQL}


def test_every_change_that_a_page_may_show_is_shown_at_once(
    state: State, database: Database
) -> None:
    facts = state.facts
    assert (facts.facets().tags, facts.summary().num_videos) == ((), 2)
    assert (facts.outcomes()[FileStatus.FAILED], facts.refusals()) == (0, [])
    state.tags.put(1, ["new"])
    assert facts.facets().tags == (("new", 1),)
    failed = FileRecord("/library/torn.mp4", 1, 1, FileStatus.FAILED, reason="it is torn")
    Store(database).save_file(failed)
    assert facts.outcomes()[FileStatus.FAILED] == 1
    assert [reason.text for reason in facts.refusals()] == ["it is torn"]
    bare = tuple(replace(moment, vectors={}) for moment in video("bare").moments)
    before = facts.coverage()
    Store(database).save_video(replace(video("bare"), moments=bare), file("/library/bare.mp4"))
    assert facts.summary().num_videos == 3
    after = facts.coverage()
    assert (after.wanted - before.wanted, after.embedded) == (3, before.embedded)


def test_one_reads_while_others_wait_and_who_waits_too_long_is_told_that_it_is_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.facts.PATIENCE_S", 0.2)
    begun, go_on, reads = threading.Event(), threading.Event(), []

    def read() -> int:
        reads.append(1)
        begun.set()
        assert go_on.wait(20)
        return 42

    kept, found = Kept(lambda: "version", read), []
    first = threading.Thread(target=lambda: found.append(kept()))
    first.start()
    assert begun.wait(20)
    with pytest.raises(Busy):
        kept()
    go_on.set()
    first.join(20)
    assert (found, kept(), len(reads)) == ([42], 42, 1)


def test_fragments_count_nothing_that_they_do_not_show(
    state: State, database: Database, encoders: Encoders
) -> None:
    fragments: list[Callable[[], object]] = [
        lambda: library_page(state, request_of("q=film", fragment=True)),
        lambda: spaces_page(state, encoders, request_of("", fragment=True)),
        lambda: searched(state, request_of("q=drilling", fragment=True)),
    ]
    for number, fragment in enumerate(fragments):
        state.tags.put(1, [str(number)])  # another version: nothing is known of it
        with sent_statements() as sent:
            fragment()
        assert sent
        asked = [one.sql for one in sent if "leg_0 AS" not in one.sql]  # the search itself
        assert not [one for one in asked if "GROUP BY" in one or "FROM moment LIMIT" in one]
    whole = library_page(state, request_of("q=film"))
    assert b"1 video</p>" in bytes(whole.body)
    assert b"Library" in bytes(files_page(state, request_of("")).body)


def test_a_search_without_hits_holds_no_turn_while_its_reason_is_sought(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is one turn in all."""
    seeking, go_on = threading.Event(), threading.Event()
    is_empty = state.library.is_empty

    def slowly() -> bool:
        seeking.set()
        assert go_on.wait(60)
        return is_empty()

    async def meanwhile() -> list[HTMLResponse]:
        many = [
            asyncio.ensure_future(search_page(state, request_of("q=drilling&tags=nothing")))
            for _ in range(16)
        ]
        assert await asyncio.to_thread(seeking.wait, 60)
        async with state.lanes.searches.turn(request_of("")):
            assert state.multi_modal.search("drilling").hits
        go_on.set()
        return await asyncio.gather(*many)

    with monkeypatch.context() as patched:
        patched.setattr(state.library, "is_empty", slowly)
        found = [bytes(page.body) for page in asyncio.run(meanwhile())]
    assert len(found) == 16
    assert all("Without “Tag: nothing”".encode() in body for body in found)


def test_a_search_without_hits_counts_no_table_where_everything_was_searched(
    state: State, database: Database
) -> None:
    searched(state, request_of("q=drilling&tags=nothing"))
    with sent_statements() as sent:
        searched(state, request_of("q=drilling&tags=other"))
    count = re.compile(r"SELECT count\(\*\)( AS \w+)?\s+FROM (moment|embedding|scene|video)")
    assert sent
    assert [one.sql for one in sent if count.match(one.sql)] == []


def test_a_page_that_brings_back_many_hits_ranks_once_and_is_in_the_metrics_once(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranked: list[object] = []
    rank = Ranker.rank

    def noted(self: Ranker, *given: object, **named: object) -> Ranking:
        ranked.append(given)
        return rank(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Ranker, "rank", noted)
    before = [metric(name, kind="library") for name in (SEARCHES, RESULTS)]
    shown = searched(state, request_of("q=drilling&shown=40&limit=12"))
    after = [metric(name, kind="library") for name in (SEARCHES, RESULTS)]
    assert shown.count(b'class="hit"') == 40
    assert len(ranked) == 1
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 40]


def test_sequences_are_in_the_metrics_too(state: State) -> None:
    before = metric(SEARCHES, kind="library")
    shown = searched(state, request_of("q=drilling&then=drilling"))
    assert b'class="hits sequences"' in shown
    assert metric(SEARCHES, kind="library") - before == 1


def test_rows_of_whole_tables_are_not_counted_again_and_again(state: State) -> None:
    counted = state.facts.rows()
    state.tags.put(1, ["new"])
    with sent_statements() as sent:
        assert state.facts.rows() == counted
    assert sent == []
    assert counted["video"] == 2
