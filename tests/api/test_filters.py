"""Folds, filters, tags and feedback over HTTP, on a library made for them."""

import itertools
from dataclasses import replace
from typing import Any

import httpx
import pytest

from database.judgements import Judgements
from database.videos.stored import Store
from tests.helpers.drilling import NUM_HITS, QUERY, Made, pages, places, titles
from tests.helpers.http import answered, assert_problem, search
from tests.helpers.records import VISION, file, film, near, unit_vector

SPOKEN = {"morning", "evening", "deutsch"}
SILENT = {"clips", "more"}
ALL = SPOKEN | SILENT
JSON = {"Content-Type": "application/json"}


def video_ids(client: httpx.Client) -> dict[str, int]:
    return {video["title"]: video["id"] for video in client.get("/videos").json()["videos"]}


def tag(client: httpx.Client, title: str, *names: str) -> list[str]:
    """Gives a video tags; returns those it has now."""
    body = {"tags": list(names)}
    address = f"/videos/{video_ids(client)[title]}"
    given = answered(client.put(f"{address}/tags", json=body))["tags"]
    assert client.get(address).json()["tags"] == given
    return list(given)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"recorded_from": "2024-01-01T00:00:00Z"}, {"morning", "evening", "more"}),
        ({"recorded_to": "2024-01-01T00:00:00Z"}, {"clips"}),
        ({"recorded_from": "2024-05-17T09:30:00Z", "recorded_to": "2024-05-18T22:30:00Z"},
         {"morning"}),
        ({"recorded_from": "2024-05-17T11:30:01+02:00"}, {"evening"}),
        ({"recorded_from": "0001-01-01T00:00:00-14:00"}, {"morning", "evening", "clips", "more"}),
        ({"clock_from": "09:00", "clock_to": "10:00"}, {"morning", "clips"}),
        ({"clock_from": "09:30"}, {"morning", "evening", "clips"}),
        ({"clock_to": "09:30"}, {"more"}),
        ({"clock_from": "22:00", "clock_to": "06:00"}, {"evening", "more"}),
        ({"clock_from": "22:31", "clock_to": "01:30"}, set()),
        ({"min_duration_s": 60}, {"morning", "clips"}),
        ({"max_duration_s": 30}, {"deutsch", "more"}),
        ({"min_duration_s": 30, "max_duration_s": 40}, {"deutsch", "evening", "more"}),
        ({"kinds": ["speech"]}, SPOKEN),
        ({"kinds": ["keyframe"]}, SILENT),
        ({"kinds": ["keyframe", "speech"]}, set()),
        ({"kinds": ["ocr"]}, set()),
        ({"language": "de"}, {"deutsch"}),
        ({"language": "fr"}, set()),
        ({"language": "de", "min_duration_s": 31}, set()),
        ({"tags": ["no such tag"]}, set()),
        ({"tags": []}, ALL),
    ],
)  # fmt: skip
def test_a_filter_leaves_the_videos_that_satisfy_it(
    made: Made, filters: dict[str, Any], expected: set[str]
) -> None:
    answer = search(made.client, QUERY, filters=filters, limit=100)
    assert titles(answer) == expected
    whole = search(made.client, QUERY, limit=100)["results"]
    kept = {hit["scene"]["id"] for hit in whole if hit["video"]["title"] in expected}
    assert {hit["scene"]["id"] for hit in answer["results"]} == kept


@pytest.mark.parametrize(
    "filters",
    [
        '{"recorded_from": "yesterday"}',
        '{"recorded_from": 1747474200}',
        '{"recorded_from": "2024-05-17T09:30:00"}',
        '{"recorded_from": "0001-01-01T00:00:00+14:00"}',
        '{"recorded_to": "9999-12-31T23:59:59-14:00"}',
        '{"recorded_from": "2024-05-17T09:30:00Z", "recorded_to": "2024-05-17T09:30:00Z"}',
        '{"clock_from": "25:00"}',
        '{"clock_from": "09:00+02:00"}',
        '{"clock_from": "09:00", "clock_to": "09:00"}',
        '{"min_duration_s": -1}',
        '{"min_duration_s": NaN}',
        '{"min_duration_s": 5, "max_duration_s": 4}',
        '{"min_duration_s": 5, "max_duration_s": 0}',
        '{"max_duration_s": Infinity}',
        '{"kinds": ["smell"]}',
        '{"kinds": "speech"}',
        '{"kinds": ["ocr", "ocr", "ocr", "ocr", "ocr", "ocr", "ocr", "ocr", "ocr"]}',
        '{"language": "english"}',
        '{"language": "EN"}',
        '{"tags": [""]}',
        '{"tags": ["a\\u0000b"]}',
        '{"tags": ["' + "x" * 61 + '"]}',
        '{"tags": [' + ", ".join(f'"{n}"' for n in range(17)) + "]}",
        '{"tags": [5]}',
    ],
)
def test_a_filter_that_makes_no_sense_is_422(made: Made, filters: str) -> None:
    body = f'{{"query": "drilling", "filters": {filters}}}'
    assert_problem(made.client.post("/search/multimodal", content=body, headers=JSON), 422)


@pytest.mark.parametrize(
    "more",
    ['"sort": "size"', '"fusion": "magic"', '"min_score": 1', '"min_score": -0.1',
     '"min_score": NaN', '"fold": "perhaps"', '"cursor": "x y"', '"cursor": 5', '"like": [0]',
     '"like": ["one"]', '"unlike": [9223372036854775808]', '"spaces": []', '"spaces": ["none"]',
     '"explain": {}', '"by_video": null'],
)  # fmt: skip
def test_a_shape_that_cannot_be_had_is_422(made: Made, more: str) -> None:
    body = f'{{"query": "drilling", {more}}}'
    assert_problem(made.client.post("/search/multimodal", content=body, headers=JSON), 422)


def test_tags_are_given_taken_and_searched_by_at_once(own: Made) -> None:
    filters = {"tags": ["site visit"]}
    assert titles(search(own.client, QUERY, filters=filters)) == set()
    assert tag(own.client, "morning", "site visit", "crew  B ", "crew B") == [
        "crew B",
        "site visit",
    ]
    tag(own.client, "clips", "site visit")
    assert titles(search(own.client, QUERY, filters=filters)) == {"morning", "clips"}
    both = {"tags": ["crew B", "site visit"]}
    assert titles(search(own.client, QUERY, filters=both)) == {"morning"}
    assert tag(own.client, "morning") == []
    assert titles(search(own.client, QUERY, filters=filters)) == {"clips"}


def test_joiners_inside_a_tag_are_part_of_it(own: Made) -> None:
    names = ["می\u200cخواهم", "👩\u200d🚀"]
    assert tag(own.client, "morning", *names) == names
    assert titles(search(own.client, QUERY, filters={"tags": names})) == {"morning"}
    for invisible in ("\u200d", "x\u200c", "\u200dx", "a\u202eb"):
        answer = own.client.put("/videos/1/tags", json={"tags": [invisible]})
        assert "cannot be shown" in assert_problem(answer, 422)


def test_a_tag_is_found_in_capitals_or_not_and_in_either_form_of_unicode(own: Made) -> None:
    assert tag(own.client, "morning", "Cafe\u0301", "施工现场") == ["Café", "施工现场"]
    for names in (["café"], ["CAFE\u0301", "施工现场"]):
        assert titles(search(own.client, QUERY, filters={"tags": names})) == {"morning"}


def test_a_tag_is_found_as_it_was_given(own: Made) -> None:
    tag(own.client, "morning", "  site   visit ")
    filters = {"tags": ["  site   visit "]}
    assert titles(search(own.client, QUERY, filters=filters)) == {"morning"}


@pytest.mark.parametrize(
    "body",
    ['{"tags": "x"}', "{}", '{"tags": [5]}', '{"tags": [""]}', '{"tags": ["a\\u0000"]}',
     '{"tags": ["\\ud800"]}', '{"tags": ["' + "x" * 61 + '"]}', "[]", "", '{"tags": [], "x": 1}',
     '{"tags": [' + ", ".join(f'"{n}"' for n in range(17)) + "]}"],
    ids=lambda body: ascii(body)[:30],
)  # fmt: skip
def test_tags_that_cannot_be_kept_are_422(made: Made, body: str) -> None:
    assert_problem(made.client.put("/videos/1/tags", content=body, headers=JSON), 422)


def test_tags_of_a_video_that_is_not_there_are_404(made: Made) -> None:
    assert_problem(made.client.put("/videos/999/tags", json={"tags": ["x"]}), 404)


def test_near_identical_scenes_fold_into_the_best_of_them(made: Made) -> None:
    body = {"filters": {"kinds": ["keyframe"]}, "limit": 100}
    plain = search(made.client, QUERY, **body)
    folded = search(made.client, QUERY, fold=True, **body)
    assert (plain["total"], folded["total"]) == (9, 3)
    order = [hit["scene"]["id"] for hit in plain["results"]]
    clusters = [[hit["scene"]["id"], *hit["alike"]] for hit in folded["results"]]
    assert sorted(itertools.chain(*clusters)) == sorted(order)
    assert sorted(map(len, clusters)) == [1, 3, 5]
    for cluster in clusters:
        assert cluster == sorted(cluster, key=order.index), "the best of them is shown"
    assert all(hit["alike"] == [] for hit in plain["results"])


def test_each_video_is_shown_once_by_its_best_scene(made: Made) -> None:
    plain = search(made.client, QUERY, limit=100)
    grouped = search(made.client, QUERY, by_video=True, limit=100)
    best: dict[str, int] = {}
    for hit in plain["results"]:
        best.setdefault(hit["video"]["title"], hit["scene"]["id"])
    assert {h["video"]["title"]: h["scene"]["id"] for h in grouped["results"]} == best
    assert {h["video"]["title"]: h["others_in_video"] for h in grouped["results"]} == {
        "morning": 5, "evening": 3, "deutsch": 2, "clips": 5, "more": 2
    }  # fmt: skip
    assert len(list(pages(made.client, 2, by_video=True))) == 3
    assert plain["total"] == NUM_HITS


def test_what_is_like_a_right_scene_rises_and_what_is_like_a_wrong_one_falls(own: Made) -> None:
    vectors = [
        unit_vector(1),
        near(unit_vector(1), 5, 0.2),
        unit_vector(2),
        near(unit_vector(2), 6, 0.2),
    ]
    silent = film("twins", 4, 1)
    moments = [
        replace(m, vectors={VISION: v}) for m, v in zip(silent.moments, vectors, strict=True)
    ]
    Store(own.database).save_video(
        replace(silent, moments=tuple(moments)), file("/library/twins.mp4")
    )
    video = own.client.get(f"/videos/{video_ids(own.client)['twins']}").json()
    one, its_twin, other, other_twin = (scene["id"] for scene in video["scenes"])
    for right, wrong, order in (
        (one, other, [its_twin, other_twin]), (other, one, [other_twin, its_twin])
    ):  # fmt: skip
        body = {"like": [right], "unlike": [wrong], "filters": {"video_ids": [video["id"]]}}
        bent = search(own.client, QUERY, **body)
        assert [hit["scene"]["id"] for hit in bent["results"]] == order
        assert bent["results"][0]["scores"]["vision"] > 0.3 > bent["results"][1]["scores"]["vision"]


def test_judged_scenes_are_not_answered_themselves(own: Made) -> None:
    plain = search(own.client, QUERY, filters={"kinds": ["speech"]}, limit=100)
    last = plain["results"][-1]["scene"]["id"]
    first = plain["results"][0]["scene"]["id"]
    for path in ("/search/multimodal", "/search/feedback"):
        body = {"query": QUERY, "like": [last], "unlike": [first], "limit": 100}
        bent = answered(own.client.post(path, json=body))
        shown = {hit["scene"]["id"] for hit in bent["results"]}
        assert not shown & {first, last}
        assert len(shown) == NUM_HITS - 2


def test_what_is_said_of_hits_is_kept_and_may_be_taken_back(own: Made) -> None:
    def kept() -> dict[tuple[str, str, float], bool]:
        judged = Judgements(own.database).all()
        return {(j.query, j.path, j.start_s): j.relevant for j in judged}

    body = {"query": f"  {QUERY} ", "like": [1, 2], "unlike": [3]}
    answered(own.client.post("/search/feedback", json=body))
    path = "/library/morning.mp4"
    expected = {(QUERY, path, 0.0): True, (QUERY, path, 10.0): True, (QUERY, path, 20.0): False}
    assert kept() == expected
    answered(own.client.post("/search/feedback", json={"query": QUERY, "unlike": [2]}))
    assert kept() == {**expected, (QUERY, path, 10.0): False}
    for scene in (1, 2, 2):
        params = {"query": f" {QUERY}", "scene": scene}
        assert own.client.delete("/search/feedback", params=params).status_code == 204
    assert kept() == {(QUERY, path, 20.0): False}
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"query": QUERY, "scene": 999}, 404),
        ({"query": QUERY}, 422),
    ]
    for params, status in wrong:
        assert_problem(own.client.delete("/search/feedback", params=params), status)


def test_one_mark_is_kept_without_a_search(own: Made) -> None:
    for scene, relevant in ((1, True), (2, True), (1, False)):
        mark: dict[str, Any] = {"query": f" {QUERY} ", "scene": scene, "relevant": relevant}
        answer = own.client.put("/search/feedback", params=mark)
        assert answer.status_code == 204
        assert not answer.content
    judged = Judgements(own.database).all()
    assert [(j.query, j.start_s, j.relevant) for j in judged] == [
        (QUERY, 10.0, True),
        (QUERY, 0.0, False),
    ]
    wrong: tuple[tuple[dict[str, Any], int], ...] = (
        ({"scene": 999}, 404), ({"query": "  "}, 422), ({"query": "-drilling"}, 422),
        ({"query": "the\x00drill"}, 422), ({"relevant": "perhaps"}, 422), ({"limit": 1}, 422),
    )  # fmt: skip
    for changed, status in wrong:
        mark = {"query": QUERY, "scene": 1, "relevant": True, **changed}
        assert_problem(own.client.put("/search/feedback", params=mark), status)
    assert Judgements(own.database).all() == judged


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, 422),
        ({"like": [1], "unlike": [1]}, 422),
        ({"like": [1, 999]}, 404),
        ({"unlike": [2**63 - 1]}, 404),
        ({"like": [1], "query": "   "}, 422),
        ({"like": [1], "query": "-drilling"}, 422),
        ({"like": [1], "query": "the\x00drill"}, 422),
        ({"like": [4], "mode": "auto", "weights": {"text": 1, "vision": 1}}, 422),
        ({"like": [5], "cursor": "AAAA"}, 422),
        ({"like": [6], "spaces": ["none"]}, 422),
    ],
)
def test_feedback_that_is_refused_is_not_kept(
    made: Made, more: dict[str, Any], status: int
) -> None:
    before = Judgements(made.database).all()
    answer = made.client.post("/search/feedback", json={"query": QUERY, **more})
    assert_problem(answer, status)
    assert Judgements(made.database).all() == before


def test_an_example_that_is_not_there_is_404(made: Made) -> None:
    answer = made.client.post("/search/multimodal", json={"query": QUERY, "like": [999]})
    assert "no scene 999" in assert_problem(answer, 404)
    assert places(search(made.client, QUERY, unlike=[1], limit=100))
