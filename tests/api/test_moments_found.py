"""What a search finds in one video, for the page: searched once, and never in the video's way."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

import api.views.moments
from api.deps import State
from api.lanes import Lane, Lanes
from api.views.cards import watch_url
from api.views.form import PageForm
from api.views.moments import Found, find_moments
from api.views.why import why_here
from search.errors import InvalidQuery, SearchUnavailable
from tests.helpers.state import request_of


def found_with(num_places: int, form: PageForm, video_id: int) -> Found:
    """What a server finds over a library that has every video."""
    engine = SimpleNamespace(reader=SimpleNamespace(videos=set))
    lanes = Lanes(Lane("searches", num_places, patience_s=0.01))
    state = cast(State, SimpleNamespace(lanes=lanes, multi_modal=engine))
    return asyncio.run(find_moments(state, request_of(""), form, video_id))


def test_a_busy_server_marks_nothing_and_says_so() -> None:
    found = found_with(0, PageForm(q="drilling"), 1)
    assert "the server is busy" in (found.problem or "")
    assert why_here(found, 0, None) == ()


def test_each_step_is_searched_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def find(_state: State, form: PageForm) -> SimpleNamespace:
        asked.append((form.q, form.video_ids))
        return SimpleNamespace(hits=())

    monkeypatch.setattr(api.views.moments, "find", find)
    found = found_with(1, PageForm(q="a", then=("b", "c")), 7)
    assert asked == [("a", (7,)), ("b", (7,)), ("c", (7,))]
    assert [words for words, _hits in found.steps] == ["a", "b", "c"]
    assert found_with(0, PageForm(), 7).problem is None, "nothing is asked"


def test_what_cannot_be_asked_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(_state: State, _form: PageForm) -> SimpleNamespace:
        raise InvalidQuery("the query only excludes")

    monkeypatch.setattr(api.views.moments, "find", find)
    found = found_with(1, PageForm(q="-a"), 7)
    assert found.problem == "No moments are marked: the query only excludes."


def test_a_search_that_no_model_can_answer_leaves_the_video_to_be_watched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find(_state: State, _form: PageForm) -> SimpleNamespace:
        raise SearchUnavailable("clip-b32 failed: its weights are damaged")

    monkeypatch.setattr(api.views.moments, "find", find)
    found = found_with(1, PageForm(q="a"), 7)
    assert found.problem == "No moments are marked: clip-b32 failed: its weights are damaged."


@pytest.mark.parametrize(
    ("start_s", "end_s", "address"),
    [
        (12.5, 19.0, "/watch/1?t=12.5&end=19"),
        (100000.123, 100010.5, "/watch/1?t=100000.123&end=100010.5"),
        (0.0, None, "/watch/1?t=0"),
    ],
)
def test_addresses_of_moments_are_exact_and_short(
    start_s: float, end_s: float | None, address: str
) -> None:
    assert watch_url(1, start_s, end_s) == address
