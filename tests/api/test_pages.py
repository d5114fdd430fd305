"""Pages over HTTP, on a library made for them: they join, whatever comes between them."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from database.videos.stored import Store
from embeddings.loaded import Encoders
from embeddings.registry.spaces import SPACES
from tests.helpers.drilling import NUM_HITS, QUERY, Made, pages, places
from tests.helpers.http import answered, assert_problem, search
from tests.helpers.records import TEXT, file, near, speech, talk


@hypothesis_settings(deadline=None, max_examples=30)
@given(
    st.integers(1, 25),
    st.sampled_from(["relevance", "date", "time"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["evidence", "sum", "rrf"]),
)
def test_pages_of_any_size_join_into_the_one_answer(
    made: Made, limit: int, sort: str, fold: bool, by_video: bool, fusion: str
) -> None:
    body = {"sort": sort, "fold": fold, "by_video": by_video, "fusion": fusion}
    whole = search(made.client, QUERY, limit=100, **body)
    assert (whole["next"], whole["total"]) == (None, len(whole["results"]))
    joined = []
    for page in pages(made.client, limit, **body):
        assert page["total"] == whole["total"]
        assert page["confident"] == whole["confident"]
        joined += page["results"]
    assert [hit["scene"] for hit in joined] == [hit["scene"] for hit in whole["results"]]
    assert [hit["score"] for hit in joined] == [hit["score"] for hit in whole["results"]]


def test_the_same_question_gets_the_same_answer_again(made: Made) -> None:
    for body in ({"explain": True}, {"fold": True, "limit": 3}, {"mode": "auto", "explain": True}):
        first, again = (search(made.client, QUERY, **body) for _ in range(2))
        assert {**again, "took_ms": 0} == {**first, "took_ms": 0}


def test_hits_go_on_counting_on_the_next_page(made: Made) -> None:
    ranks = [hit["rank"] for page in pages(made.client, 9) for hit in page["results"]]
    assert ranks == list(range(1, NUM_HITS + 1))


def test_every_search_has_pages(made: Made) -> None:
    for path, params in (
        ("/search/quick", {"q": QUERY}),
        ("/search/multimodal/quick", {"q": QUERY, "fold": "true"}),
        ("/scenes/1/similar", {"by": "words"}),
    ):
        first = answered(made.client.get(path, params={**params, "limit": "4"}))
        more = {**params, "limit": "100", "cursor": first["next"]}
        rest = answered(made.client.get(path, params=more))
        whole = answered(made.client.get(path, params={**params, "limit": "100"}))
        assert places(first) + places(rest) == places(whole)
        assert len(places(whole)) > 4


def test_the_order_is_by_date_or_by_time_when_asked(made: Made) -> None:
    by_date = places(search(made.client, QUERY, sort="date", limit=100))
    by_time = places(search(made.client, QUERY, sort="time", limit=100))
    own_times = [10.0 * n for n in range(6)]
    assert by_date == [
        *(("evening", t) for t in own_times[:4]), *(("morning", t) for t in own_times),
        *(("deutsch", t) for t in own_times[:3]),
    ]  # fmt: skip
    assert by_time == [
        *(("morning", t) for t in own_times), *(("evening", t) for t in own_times[:4]),
        *(("deutsch", t) for t in own_times[:3]),
    ]  # fmt: skip


@pytest.mark.parametrize("change", [
    {"query": "granite"}, {"sort": "date"}, {"fold": True}, {"by_video": True}, {"mode": "auto"},
    {"min_score": 0.1}, {"filters": {"from_s": 1}}, {"use_vision": False}, {"like": [1]},
    {"fusion": "sum"}, {"spaces": [TEXT]},
])  # fmt: skip
def test_a_cursor_of_another_query_is_422(made: Made, change: dict[str, object]) -> None:
    cursor = search(made.client, QUERY, limit=2)["next"]
    body = {"query": QUERY, "cursor": cursor, **change}
    detail = assert_problem(made.client.post("/search/multimodal", json=body), 422)
    assert "another query" in detail


@hypothesis_settings(deadline=None, max_examples=40)
@given(st.text(max_size=30) | st.binary(max_size=60).map(
    lambda data: base64.urlsafe_b64encode(data).decode()
) | st.lists(st.floats() | st.text(max_size=16) | st.integers(), max_size=5).map(
    lambda place: base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
))  # fmt: skip
def test_a_forged_cursor_is_422(made: Made, cursor: str) -> None:
    for path, params in (("/search/quick", {"q": QUERY}), ("/scenes/1/similar", {})):
        answer = made.client.get(path, params={**params, "cursor": cursor})
        assert_problem(answer, 422)


@pytest.mark.parametrize("sort", ["relevance", "date", "time"])
def test_a_video_that_comes_between_two_pages_shifts_nothing(
    own: Made, encoders: Encoders, sort: str
) -> None:
    whole = places(search(own.client, QUERY, sort=sort, limit=100))
    first = search(own.client, QUERY, sort=sort, limit=5)
    exact = encoders.encode_query(SPACES[TEXT], QUERY)
    # Some of it belongs before the cursor, and some behind it.
    vectors = [exact, near(exact, 104), near(exact, 149, 3.0)]
    late = talk("late", ["Drilling anew."] * 3, vectors)
    Store(own.database).save_video(late, file("/library/late.mp4"))
    body = {"sort": sort, "limit": 100, "cursor": first["next"]}
    rest = [place for place in places(search(own.client, QUERY, **body)) if place[0] != "late"]
    assert places(first) + rest == whole


@pytest.mark.parametrize(
    ("query", "more"), [("drilling granite", {}), ("drilling", {"min_score": 0.3})]
)
def test_a_much_better_video_with_a_rare_word_shifts_nothing_either(
    own: Made, encoders: Encoders, query: str, more: dict[str, object]
) -> None:
    body = {"filters": {"kinds": ["speech"]}, **more}
    whole = search(own.client, query, limit=100, **body)
    assert whole["total"] > 5
    first = search(own.client, query, limit=5, **body)
    exact = encoders.encode_query(SPACES[TEXT], query)
    late = talk("late", ["Drilling granite."] * 3, [exact] * 3)
    Store(own.database).save_video(late, file("/library/late.mp4"))
    rest = search(own.client, query, limit=100, cursor=first["next"], **body)
    assert places(first) + [place for place in places(rest) if place[0] != "late"] == places(whole)


def test_pages_of_a_library_that_is_deeper_than_they_look_are_the_beginning_of_the_whole(
    own: Made, encoders: Encoders
) -> None:
    direction = encoders.encode_query(SPACES[TEXT], QUERY)
    crowd = speech("crowd", direction, 120, 1000)
    Store(own.database).save_video(crowd, file("/library/crowd.mp4"))
    whole = places(search(own.client, QUERY, limit=100))
    joined = [place for page in pages(own.client, 10) for place in places(page)]
    assert joined[:60] == whole[:60]
    assert len(set(joined)) == len(joined)
    assert len(joined) >= 60
