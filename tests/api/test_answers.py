"""Every route over the ingested sample film, asked as a browser asks."""

import itertools
from collections.abc import Iterator
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from tests.helpers.commands import TOUR
from tests.helpers.fixtures import Ingested
from tests.helpers.http import assert_problem, serving
from tests.helpers.sql import rows

HIT = {
    "rank",
    "score",
    "scores",
    "video",
    "scene",
    "start_s",
    "end_s",
    "keyframe_url",
    "stream_url",
    "alike",
    "others_in_video",
    "weak",
    "evidence",
}
EVIDENCE = {
    "kind",
    "leg",
    "rank",
    "raw",
    "score",
    "start_s",
    "end_s",
    "text",
    "track",
    "word_s",
    "made_by",
}
SIZE = TOUR.stat().st_size


@pytest.fixture(scope="module")
def client(ingested: Ingested) -> Iterator[httpx.Client]:
    with serving(ingested.settings) as server:
        yield server.client


def found(answer: httpx.Response) -> list[dict[str, Any]]:
    """The hits of a search that went well, whose form is the contract's."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert set(document) == {
        "query", "mode", "weights", "degraded", "reasons", "confident", "total", "next",
        "took_ms", "results",
    }  # fmt: skip
    assert document["degraded"] is False
    for hit in document["results"]:
        assert set(hit) == HIT
        assert {name for evidence in hit["evidence"] for name in evidence} == EVIDENCE
    return list(document["results"])


def scene_at(client: httpx.Client, time_s: float) -> dict[str, Any]:
    """The scene of the film that is shown at a time."""
    scenes = client.get("/videos/1").json()["scenes"]
    return next(s for s in scenes if s["start_s"] <= time_s < s["end_s"])


def test_a_quick_search_finds_what_is_said(client: httpx.Client) -> None:
    answer = client.get("/search/quick", params={"q": "drilling", "limit": 2})
    hits = found(answer)
    assert len(hits) == 2
    assert hits[0]["scene"]["start_s"] == 0
    assert hits[0]["evidence"][0]["kind"] == "speech"
    assert all(set(hit["scores"]) == {"text"} for hit in hits)
    assert answer.json()["weights"] == {"text": 1, "vision": 0}


def test_a_quick_multimodal_search_is_balanced_by_default(client: httpx.Client) -> None:
    path = "/search/multimodal/quick"
    answer = client.get(path, params={"q": "drilling"})
    hits = found(answer)
    assert answer.json()["query"] == "drilling"
    assert answer.json()["mode"] == "balanced"
    assert answer.json()["weights"] == {"text": 0.5, "vision": 0.5}
    assert hits[0]["scene"]["start_s"] == 0
    balanced = client.get(path, params={"q": "drilling", "mode": "balanced"})
    assert found(balanced) == hits


@pytest.mark.parametrize("mode", ["text_heavy", "balanced", "vision_heavy"])
def test_a_quick_multimodal_search_finds_what_is_shown(client: httpx.Client, mode: str) -> None:
    params: dict[str, Any] = {"q": "a cup of coffee", "mode": mode, "limit": 1}
    (hit,) = found(client.get("/search/multimodal/quick", params=params))
    assert hit["scene"]["start_s"] == pytest.approx(7, abs=0.2)
    assert [evidence["kind"] for evidence in hit["evidence"]] == ["keyframe"]


def test_the_links_of_a_hit_lead_to_its_picture_and_its_film(client: httpx.Client) -> None:
    hit = found(client.get("/search/multimodal/quick", params={"q": "torque limit 42 Nm"}))[0]
    assert client.get(hit["keyframe_url"]).headers["content-type"] == "image/jpeg"
    address, fragment = hit["stream_url"].split("#")
    assert fragment == f"t={hit['start_s']},{hit['end_s']}"
    assert client.head(address).headers["content-type"] == "video/mp4"


def test_a_search_takes_weights_and_filters(client: httpx.Client) -> None:
    body: dict[str, Any] = {
        "query": "drilling",
        "weights": {"text": 2, "vision": 6},
        "limit": 5,
        "filters": {"video_ids": [1], "from_s": 10, "to_s": 20, "language": "en"},
    }
    answer = client.post("/search/multimodal", json=body)
    spans = [(hit["scene"]["start_s"], hit["scene"]["end_s"]) for hit in found(answer)]
    assert len(spans) == 2
    assert all(start_s < 20 and end_s > 10 for start_s, end_s in spans)
    assert answer.json()["weights"] == {"text": 0.25, "vision": 0.75}
    assert answer.json()["mode"] is None
    body["filters"]["language"] = "de"
    assert found(client.post("/search/multimodal", json=body)) == []
    body["filters"] = {"video_ids": []}
    assert found(client.post("/search/multimodal", json=body)) == []


def test_a_search_without_vision_has_no_keyframes(client: httpx.Client) -> None:
    body = {"query": "a cup of coffee", "mode": "vision_heavy", "use_vision": False}
    hits = found(client.post("/search/multimodal", json=body))
    assert {e["kind"] for hit in hits for e in hit["evidence"]} <= {"speech", "ocr"}


def test_a_posted_query_alone_is_the_same_as_a_quick_one(client: httpx.Client) -> None:
    quick = client.get("/search/multimodal/quick", params={"q": "drilling"})
    posted = client.post("/search/multimodal", json={"query": "drilling"})
    assert found(posted) == found(quick)


def test_a_video_is_shown_with_its_scenes_and_transcript(client: httpx.Client) -> None:
    (listed,) = client.get("/videos").json()["videos"]
    assert (listed["title"], listed["status"]) == ("tour", "done")
    assert (listed["width_px"], listed["height_px"], listed["frame_rate"]) == (960, 540, 25)
    assert listed["duration_s"] == pytest.approx(42, abs=0.1)
    shown = client.get(f"/videos/{listed['id']}").json()
    scenes, transcript = shown.pop("scenes"), shown.pop("transcript")
    sources, sounds = shown.pop("sources"), shown.pop("sounds")
    assert [source["kind"] for source in sources] == ["original", "converted"]
    assert [sound["codec_string"] for sound in sounds] == ["mp4a.40.2"]
    assert shown == {
        **listed,
        "sources_reason": None,
        "rate": [25, 1],
        "timecode": None,
        "tracks": [],
        "scenes_next": None,
        "transcript_next": None,
    }
    assert len(scenes) == listed["num_scenes"] >= 6
    assert all(a["end_s"] == b["start_s"] for a, b in itertools.pairwise(scenes))
    assert "Site Safety Checklist" in scene_at(client, 17)["on_screen_text"][0]
    assert "drilling" in transcript[0]["text"]
    for scene in scenes:
        for keyframe in scene["keyframes"]:
            assert scene["start_s"] <= keyframe["time_s"] < scene["end_s"]
            assert client.head(keyframe["url"]).status_code == 200


def test_a_transcript_is_the_same_in_every_form(client: httpx.Client) -> None:
    spoken = client.get("/videos/1/transcript.json").json()
    assert len(spoken) == 5
    vtt = client.get("/videos/1/transcript.vtt")
    srt = client.get("/videos/1/transcript.srt")
    assert vtt.headers["content-type"] == "text/vtt; charset=utf-8"
    assert vtt.text.startswith("WEBVTT\n")
    assert srt.headers["content-type"] == "application/x-subrip; charset=utf-8"
    assert srt.text.startswith("1\n00:00:00,")
    for piece in spoken:
        assert piece["language"] == "en"
        assert [word["text"] for word in piece["words"]] == piece["text"].split()
        assert all(piece["start_s"] <= word["start_s"] < piece["end_s"] for word in piece["words"])
        assert piece["text"] in vtt.text
        assert piece["text"] in srt.text


def test_a_whole_film_is_its_file(client: httpx.Client) -> None:
    answer = client.get("/videos/1/stream")
    assert answer.status_code == 200
    assert answer.content == TOUR.read_bytes()
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-range" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=0-", 0, SIZE),
        ("bytes=500000-500999", 500_000, 501_000),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        ("bytes=-100", SIZE - 100, SIZE),
        (f"bytes=100-{10 * SIZE}", 100, SIZE),
    ],
)
def test_a_range_of_a_film_is_those_bytes(
    client: httpx.Client, asked: str, start: int, end: int
) -> None:
    answer = client.get("/videos/1/stream", headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == TOUR.read_bytes()[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=-0", f"bytes={10 * SIZE}-"])
def test_a_range_outside_a_film_is_416_with_its_size(client: httpx.Client, asked: str) -> None:
    answer = client.get("/videos/1/stream", headers={"Range": asked})
    assert_problem(answer, 416)
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=5-2", "items=0-5", "bytes=0-1,5-6", "bytes=x-", "x"])
def test_a_range_that_names_no_single_range_is_ignored(client: httpx.Client, asked: str) -> None:
    answer = client.get("/videos/1/stream", headers={"Range": asked})
    assert answer.status_code == 200
    assert len(answer.content) == SIZE


@pytest.mark.parametrize("path", ["/videos/1/stream", "/scenes/1/keyframe.jpg"])
def test_head_says_what_get_would_answer_without_its_body(client: httpx.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert head.status_code == 200
    assert head.content == b""
    assert int(head.headers["content-length"]) == len(get.content) > 0
    for name in ("etag", "content-type", "accept-ranges"):
        assert head.headers[name] == get.headers[name]


def test_head_knows_no_ranges(client: httpx.Client) -> None:
    head = client.head("/videos/1/stream", headers={"Range": "bytes=0-9"})
    assert head.status_code == 200
    assert head.headers["content-length"] == str(SIZE)


@pytest.mark.parametrize("path", ["/", "/?q=drilling", "/watch/1", "/library", "/library/jobs"])
def test_links_to_pages_can_be_looked_at(client: httpx.Client, path: str) -> None:
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == client.get(path).headers["content-type"]


@pytest.mark.parametrize("path", ["/videos/1/stream", "/scenes/1/keyframe.jpg"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_a_browser_has_already_is_not_sent_again(
    client: httpx.Client, path: str, method: str
) -> None:
    etag = client.head(path).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.request(method, path, headers={"If-None-Match": known})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == etag
    other = client.request(method, path, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_a_range_of_another_version_is_the_whole_film(client: httpx.Client) -> None:
    etag = client.head("/videos/1/stream").headers["etag"]
    asked = {"Range": "bytes=0-9"}
    same = client.get("/videos/1/stream", headers={**asked, "If-Range": etag})
    assert (same.status_code, len(same.content)) == (206, 10)
    for other in ('"other"', f"W/{etag}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        whole = client.get("/videos/1/stream", headers={**asked, "If-Range": other})
        assert (whole.status_code, len(whole.content)) == (200, SIZE)


def test_a_keyframe_is_a_picture_of_the_film(client: httpx.Client) -> None:
    scene = scene_at(client, 10)
    answer = client.get(f"/scenes/{scene['id']}/keyframe.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (540, 960, 3)


def test_the_keyframe_nearest_to_a_time_is_shown(client: httpx.Client) -> None:
    scene = max(client.get("/videos/1").json()["scenes"], key=lambda s: len(s["keyframes"]))
    address = f"/scenes/{scene['id']}/keyframe.jpg"
    pictures = [client.get(keyframe["url"]).content for keyframe in scene["keyframes"]]
    assert len(set(pictures)) == len(pictures) > 1
    assert client.get(address, params={"at_s": 0}).content == pictures[0]
    assert client.get(address, params={"at_s": 1e9}).content == pictures[-1]
    assert client.get(address).content in pictures


def test_similar_scenes_leave_out_the_scene_itself(client: httpx.Client) -> None:
    scene = scene_at(client, 30)
    hits = found(client.get(f"/scenes/{scene['id']}/similar", params={"limit": 100}))
    scenes = {shown["id"] for shown in client.get("/videos/1").json()["scenes"]}
    assert {hit["scene"]["id"] for hit in hits} == scenes - {scene["id"]}
    assert [hit["rank"] for hit in hits] == list(range(1, len(scenes)))
    assert len(found(client.get(f"/scenes/{scene['id']}/similar", params={"limit": 2}))) == 2


def test_the_server_is_healthy_and_ready(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "ok", "database": "server"}
    assert client.get("/ready").json() == {"status": "ready"}
    assert [client.head(path).status_code for path in ("/health", "/ready")] == [200, 200]


def test_what_the_library_holds_is_in_the_metrics(client: httpx.Client, ingested: Ingested) -> None:
    # Only video models embed spans; names are found by their words alone.
    others = "SELECT count(*) FROM moment WHERE kind NOT IN ('span', 'title')"
    expected = {
        "video": 1,
        "scene": ingested.outcome["scenes"],
        "moment": ingested.outcome["moments"],
        "embedding": rows(ingested.database, others)[0][0],
    }
    told = client.get("/metrics").text.splitlines()
    for table, num in expected.items():
        assert f'library_rows{{table="{table}"}} {float(num)}' in told


def test_other_sites_may_not_read_answers(client: httpx.Client) -> None:
    answer = client.get("/videos", headers={"Origin": "https://example.com"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.fixture(scope="module")
def operations(client: httpx.Client) -> dict[tuple[str, str], dict[str, Any]]:
    """The operations that the OpenAPI document describes, by method and path."""
    paths = client.get("/openapi.json").json()["paths"]
    return {(method, path): told for path, by in paths.items() for method, told in by.items()}


def test_every_route_is_described(operations: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert operations.keys() >= {
        ("get", "/search/quick"),
        ("get", "/search/multimodal/quick"),
        ("post", "/search/multimodal"),
        ("get", "/videos"),
        ("get", "/videos/{video_id}"),
        ("get", "/videos/{video_id}/stream"),
        ("get", "/videos/{video_id}/transcript.json"),
        ("get", "/videos/{video_id}/transcript.{kind}"),
        ("get", "/scenes/{scene_id}/keyframe.jpg"),
        ("get", "/scenes/{scene_id}/similar"),
        ("get", "/health"),
        ("get", "/ready"),
    }


def test_every_operation_has_an_id_of_its_own(
    operations: dict[tuple[str, str], dict[str, Any]],
) -> None:
    ids = [told["operationId"] for told in operations.values()]
    assert len(set(ids)) == len(ids)
