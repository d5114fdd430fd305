"""What takes videos out of the library, over HTTP: forgotten, made anew, files that are missing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import HTTPException

from api import shrinking
from database.server.connection import Database
from database.videos.read import Library
from database.videos.stored import Store
from embeddings.loaded import Encoders
from ingest.settings import IngestSettings
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import answered, assert_problem
from tests.helpers.openapi import assert_documented
from tests.helpers.records import digest, image_path, put_file, video
from tests.helpers.shrinking import ELSEWHERE, Shrinking, shrinking_library
from tests.helpers.sql import rows
from tests.helpers.state import make_state


@pytest.fixture(scope="module")
def library(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shrinking]:
    """Not to be made smaller."""
    folder = tmp_path_factory.mktemp("shrinking")
    with (
        new_settings(folder / "home") as settings,
        shrinking_library(settings, folder, INGEST_FORGET_AFTER_DAYS="7") as made,
    ):
        yield made


@pytest.fixture
def own(settings: IngestSettings, tmp_path: Path) -> Iterator[Shrinking]:
    """For one test alone."""
    with shrinking_library(settings, tmp_path) as made:
        yield made


def test_videos_and_files_tell_where_they_are_and_since_when_they_are_not(
    library: Shrinking,
) -> None:
    document = library.client.get("/openapi.json").json()
    listed = answered(library.client.get("/videos"))
    assert_documented(listed, "get", "/videos", document)
    films = {film["title"]: film for film in listed["videos"]}
    origin = library.database.origin
    assert films["there"]["uri"] == f"{origin}{library.folder}/there/a%20there.mp4"
    assert films["nas"]["uri"] == f"{ELSEWHERE}{library.folder}/nas/a%20nas.mp4"
    assert {title for title, film in films.items() if film["missing_since"]} == {"gone", "away"}
    assert not any(film["again"] for film in films.values())

    found = answered(library.client.get("/files", params={"missing": "true"}))
    assert_documented(found, "get", "/files", document)
    assert {file["path"].rpartition("/")[2] for file in found["files"]} == {
        "a gone.mp4", "a away.mp4", "broken.mp4"
    }  # fmt: skip
    assert all(file["missing_since"] for file in found["files"])
    there = answered(library.client.get("/files", params={"missing": "false"}))
    assert {file["uri"] for file in there["files"]} == {
        films["there"]["uri"], films["nas"]["uri"]
    }  # fmt: skip
    assert_problem(library.client.get("/files?missing=perhaps"), 422)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone", r"has been missing since 20\d\d-.* UTC: it was at file://.*/a%20gone.mp4; put it"),
        ("nas", "is on another host, which alone can play it: file://nas/.*/a%20nas.mp4"),
    ],
)
def test_a_stream_that_cannot_be_had_tells_why(library: Shrinking, name: str, said: str) -> None:
    answer = library.client.get(f"/videos/{library.ids[name]}/stream")
    assert re.search(said, assert_problem(answer, 404))


def test_a_still_that_is_not_on_this_hosts_disk_says_what_brings_it_back(own: Shrinking) -> None:
    (scene, *_) = answered(own.client.get(f"/videos/{own.ids['nas']}"))["scenes"]
    (own.settings.keyframes_dir / image_path("nas")).unlink()
    for method in ("GET", "HEAD"):
        answer = own.client.request(method, scene["keyframes"][0]["url"])
        assert answer.status_code == 404
    answer = own.client.get(scene["keyframes"][0]["url"])
    assert "python -m database check --repair" in assert_problem(answer, 404)


def test_a_video_that_is_forgotten_is_gone_with_its_stills(own: Shrinking) -> None:
    video_id = own.ids["there"]
    assert own.client.delete(f"/videos/{video_id}").status_code == 204
    for address in (f"/videos/{video_id}", f"/videos/{video_id}/stream", f"/watch/{video_id}"):
        assert own.client.get(address).status_code == 404
    assert "there is no video" in assert_problem(own.client.delete(f"/videos/{video_id}"), 404)
    assert not (own.settings.keyframes_dir / image_path("there")).exists()
    assert (own.settings.keyframes_dir / image_path("nas")).exists()
    assert rows(own.database, "SELECT path FROM file WHERE path LIKE '%there%'") == []
    assert (own.folder / "there" / "a there.mp4").exists()
    found = answered(own.client.get("/search/multimodal/quick", params={"q": "train"}))
    assert {hit["video"]["title"] for hit in found["results"]} == {"nas"}


def test_a_video_is_marked_to_be_made_anew_and_the_mark_taken_back(own: Shrinking) -> None:
    document = own.client.get("/openapi.json").json()
    video_id = own.ids["nas"]
    marked = own.client.post(f"/videos/{video_id}/again")
    assert marked.status_code == 202
    path = own.folder / "nas" / "a nas.mp4"
    assert marked.json() == {
        "id": video_id,
        "again": True,
        "uri": f"{ELSEWHERE}{own.folder}/nas/a%20nas.mp4",
        "command": f"python -m ingest '{path}'",
        "missing_since": None,
    }
    stored = Store(own.database).find_video_by_content(digest("nas"))
    assert stored is not None
    assert stored.again
    back = answered(own.client.delete(f"/videos/{video_id}/again"))
    assert_documented(back, "delete", "/videos/{video_id}/again", document)
    assert back == {**marked.json(), "again": False}
    for method in ("POST", "DELETE"):
        assert_problem(own.client.request(method, "/videos/999/again"), 404)


def test_what_is_missing_is_forgotten_and_what_may_only_be_away_is_kept(own: Shrinking) -> None:
    document = own.client.get("/openapi.json").json()
    answer = answered(own.client.post("/library/forget-missing"))
    assert_documented(answer, "post", "/library/forget-missing", document)
    gone = own.folder / "gone"
    assert answer["forgotten"] == [str(gone / "a gone.mp4"), str(gone / "broken.mp4")]
    (kept,) = answer["kept"]
    assert kept["path"] == str(own.folder / "away" / "a away.mp4")
    assert "is empty, as that of a disk that is not mounted" in kept["reason"]
    titles = [film["title"] for film in answered(own.client.get("/videos"))["videos"]]
    assert titles == ["there", "away", "nas"]
    assert not (own.settings.keyframes_dir / image_path("gone")).exists()
    assert answered(own.client.post("/library/forget-missing"))["forgotten"] == []


def test_nothing_is_forgotten_before_it_has_been_missing_for_the_days_of_the_setting(
    library: Shrinking,
) -> None:
    answer = answered(library.client.post("/library/forget-missing"))
    assert answer["forgotten"] == []
    assert len(answer["kept"]) == 3
    assert "it can be forgotten in 7.0 days" in answer["kept"][0]["reason"]
    assert len(answered(library.client.get("/videos"))["videos"]) == 4


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("DELETE", "/videos/1"),
        ("POST", "/videos/1/again"),
        ("DELETE", "/videos/1/again"),
        ("POST", "/library/forget-missing"),
        ("POST", "/library/missing"),
        ("POST", "/watch/1/forget"),
        ("POST", "/watch/1/again"),
    ],
)
def test_another_sites_page_may_not_shrink_the_library(
    library: Shrinking, method: str, address: str
) -> None:
    before = answered(library.client.get("/videos"))
    headers = {"Origin": "https://example.org"}
    answer = library.client.request(method, address, headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert answered(library.client.get("/videos")) == before


def test_who_forgets_a_video_that_is_worked_on_is_told_so(
    database: Database,
    encoders: Encoders,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shrinking, "PATIENCE_S", 0.3)
    state = make_state(database, encoders, tmp_path)
    store = Store(database)
    video_id = store.save_video(video("busy"), put_file(tmp_path / "busy.mp4"))
    with store.claim(digest("busy")), pytest.raises(HTTPException, match="at work") as raised:
        shrinking.forget_video(state, video_id)
    assert raised.value.status_code == 503
    shrinking.forget_video(state, video_id)
    assert Library(database).is_empty()
