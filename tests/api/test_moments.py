"""All that a query finds in one video, in order of time."""

from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from database.videos.read import Library
from tests.helpers.drilling import QUERY, Made
from tests.helpers.http import Answer, answered, assert_problem, search
from tests.helpers.openapi import assert_documented


def id_of(made: Made, title: str) -> int:
    return next(v.id for v in Library(made.database).list_videos(limit=10) if v.title == title)


def moments(client: httpx.Client, video_id: object, **parameters: object) -> httpx.Response:
    return client.get(f"/videos/{video_id}/moments", params={"q": QUERY, **parameters})  # type: ignore[dict-item]


@pytest.mark.parametrize("title", ["morning", "clips"])
@pytest.mark.parametrize("mode", ["text_heavy", "auto"])
def test_they_are_the_hits_of_a_search_of_this_video_by_time(
    made: Made, title: str, mode: str
) -> None:
    video_id = id_of(made, title)
    answer = answered(moments(made.client, video_id, mode=mode))
    document = made.client.get("/openapi.json").json()
    assert_documented(answer, "get", "/videos/{video_id}/moments", document)
    found = search(made.client, QUERY, mode=mode, limit=100, filters={"video_ids": [video_id]})
    assert (answer["query"], answer["mode"]) == (QUERY, mode)
    assert answer["confident"] == found["confident"]
    assert answer["moments"] == sorted(map(as_moment, found["results"]), key=place)
    assert len(answer["moments"]) == 6


def as_moment(hit: Answer) -> Answer:
    evidence = hit["evidence"][0]
    keyframe = f"/scenes/{hit['scene']['id']}/keyframe.jpg?at_s={evidence['start_s']}"
    return {
        **{name: hit[name] for name in ("start_s", "end_s", "score", "weak")},
        "scene_id": hit["scene"]["id"],
        "kind": evidence["kind"],
        "text": evidence["text"],
        "track": evidence["track"],
        "made_by": evidence["made_by"],
        "keyframe_url": hit["keyframe_url"] and keyframe,
    }


def place(moment: Answer) -> tuple[float, float]:
    return moment["start_s"], moment["end_s"]


@pytest.mark.parametrize(
    ("video_id", "parameters", "status", "why"),
    [
        (99, {}, 404, "there is no video 99"),
        (1, {"q": ""}, 422, "q: "),
        (1, {"q": "  "}, 422, "the query is empty"),
        (1, {"q": "-only"}, 422, "only excludes"),
        (1, {"q": "x" * 1001}, 422, "q: "),
        (1, {"q": "a\0b"}, 422, "null character"),
        (1, {"mode": "loud"}, 422, "mode: "),
        (1, {"limit": 3}, 422, "no parameter 'limit'"),
        (0, {}, 422, "video_id: "),
        ("x", {}, 422, "video_id: "),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    made: Made, video_id: object, parameters: dict[str, object], status: int, why: str
) -> None:
    assert why in assert_problem(moments(made.client, video_id, **parameters), status)


@given(video_id=st.integers() | st.floats() | st.text(min_size=1), q=st.text())
@hypothesis(max_examples=60, deadline=None)
def test_no_request_is_a_fault_of_the_server(made: Made, video_id: object, q: str) -> None:
    path = f"/videos/{quote(str(video_id), safe='')}/moments"
    answer = made.client.get(path, params={"q": q})
    assert answer.status_code in (200, 307, 404, 422)
