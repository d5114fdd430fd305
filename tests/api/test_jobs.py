"""Jobs over HTTP: asked for, listed, steered. Nobody does them here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from database.jobs.records import BackfillRequest
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import answered, assert_problem
from tests.helpers.jobs import Board, board
from tests.helpers.openapi import assert_documented


@pytest.fixture(scope="module")
def own(new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """Of this file, with one film in the folder."""
    folder = tmp_path_factory.mktemp("jobs")
    real = folder / "real"
    real.mkdir()
    films = folder / "films"
    films.symlink_to(real)
    (films / "tour.mp4").touch()
    (folder / "secret.mp4").touch()
    (films / "out.mp4").symlink_to(folder / "secret.mp4")
    watched = folder / "watched"
    watched.mkdir()
    with (
        new_settings(folder / "home") as settings,
        board(settings, films, INGEST_WATCH=str(watched)) as served,
    ):
        yield served


def submit(own: Board, **body: object) -> httpx.Response:
    return own.client.post("/jobs", json={"kind": "ingest", "paths": [str(own.folder)], **body})


def submitted(own: Board, **body: object) -> dict[str, Any]:
    answer = submit(own, **body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def test_what_is_asked_for_waits_at_an_address_of_its_own(own: Board) -> None:
    answer = submit(own, retry=True, priority=3)
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/jobs/{job['id']}"
    assert (job["kind"], job["state"], job["priority"]) == ("ingest", "waiting", 3)
    assert job["request"] == {"paths": [str(own.folder)], "retry": True, "again": False}
    assert job["origin"] == own.database.origin
    document = answered(own.client.get("/openapi.json"))
    told = answered(own.client.get(answer.headers["location"]))
    assert_documented(told, "get", "/jobs/{job_id}", document)
    assert told == job
    for path in ("/jobs", "/workers"):
        assert_documented(answered(own.client.get(path)), "get", path, document)


def test_a_backfill_and_what_is_to_be_forgotten_are_jobs_too(own: Board) -> None:
    for body in (
        {"kind": "backfill", "spaces": ["minilm-l6"]},
        {"kind": "forget", "missing": True},
    ):
        answer = own.client.post("/jobs", json=body)
        assert answer.status_code == 202, answer.text
        assert body.items() <= (answer.json() | answer.json()["request"]).items()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "describe"}, "ingest"),
        ({"kind": "ingest"}, "paths"),
        ({"kind": "ingest", "paths": []}, "paths"),
        ({"kind": "ingest", "paths": ["tour.mp4"]}, "whole paths"),
        ({"kind": "ingest", "paths": ["/films/../secret.mp4"]}, "without .."),
        ({"kind": "ingest", "paths": ["/a\x00b"]}, "whole paths"),
        ({"kind": "ingest", "paths": ["/a"], "profile": "quality"}, "nothing of this name"),
        ({"kind": "ingest", "paths": ["/a"], "priority": 1001}, "1000"),
        ({"kind": "ingest", "paths": ["/a"], "priority": True}, "priority"),
        ({"kind": "ingest", "paths": ["/a"], "retry": "yes"}, "retry"),
        ({"kind": "forget"}, "video_ids"),
        ({"kind": "forget", "video_ids": [1], "missing": True}, "video_ids"),
        ({"kind": "backfill", "spaces": []}, "spaces"),
        ([], "JSON object"),
    ],
)
def test_a_job_that_cannot_be_is_refused_with_what_is_wrong(
    own: Board, body: object, said: str
) -> None:
    assert said in assert_problem(own.client.post("/jobs", json=body), 422)


def test_only_files_of_the_servers_folders_may_be_asked_for(own: Board) -> None:
    """What is in them can be searched by everybody afterwards."""
    outside = own.folder.parent
    for path in (
        outside / "secret.mp4",
        outside,
        own.folder / "out.mp4",
        "/etc/passwd",
        "/nowhere",
    ):
        detail = assert_problem(submit(own, paths=[str(own.folder), str(path)]), 403)
        assert "API_MEDIA_ROOTS" in detail
    assert "there is no" in assert_problem(submit(own, paths=[str(own.folder / "gone.mp4")]), 422)
    real = outside / "real"
    for inside in (own.folder, own.folder / "tour.mp4", real / "tour.mp4", outside / "watched"):
        assert submitted(own, paths=[str(inside)])["request"]["paths"] == [str(inside)]
    (outside / "link").symlink_to(real)
    for detour in (
        outside / "link",
        Path("/proc/self/root", *real.parts[1:]),
        Path("/proc/1/root"),
    ):
        assert_problem(submit(own, paths=[str(detour)]), 403)


def test_without_folders_that_it_may_read_the_server_ingests_nothing_that_is_asked_for(
    own: Board, new_settings: NewSettings, tmp_path: Path
) -> None:
    with new_settings(tmp_path / "home") as settings, board(settings, Path()) as bare:
        answer = bare.client.post("/jobs", json={"kind": "ingest", "paths": [str(own.folder)]})
        assert "API_MEDIA_ROOTS" in assert_problem(answer, 403)


def test_a_video_that_is_not_there_cannot_be_forgotten(own: Board) -> None:
    answer = own.client.post("/jobs", json={"kind": "forget", "video_ids": [99]})
    assert "99" in assert_problem(answer, 404)


def test_another_sites_page_asks_for_nothing(own: Board) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    for path in ("/jobs", "/jobs/1/cancel"):
        assert "another site" in assert_problem(own.client.post(path, headers=headers), 403)


def test_jobs_are_listed_page_by_page_the_newest_first(own: Board) -> None:
    ids = [own.jobs.submit(BackfillRequest(), origin="file://elsewhere") for _ in range(5)]
    own.set(ids[0], "done")
    own.set(ids[1], "failed")
    seen: list[int] = []
    before: dict[str, int] = {}
    while True:
        page = answered(own.client.get("/jobs", params={"limit": 2, **before}))
        seen += [job["id"] for job in page["jobs"]]
        if page["next"] is None:
            break
        before = {"before": page["next"]}
    assert seen[:5] == ids[::-1]
    assert seen == sorted(seen, reverse=True)
    ended = answered(own.client.get("/jobs", params={"state": ["done", "failed"]}))
    assert [job["id"] for job in ended["jobs"]] == [ids[1], ids[0]]
    assert_problem(own.client.get("/jobs", params={"state": "lost"}), 422)
    assert_problem(own.client.get("/jobs", params={"sort": "age"}), 422)


def test_the_files_of_a_job_are_listed_by_what_became_of_them(own: Board) -> None:
    job = submitted(own)
    own.set(job["id"], "working", a="done", b="failed", c="waiting", d="failed")
    url = f"/jobs/{job['id']}/files"
    first = answered(own.client.get(url, params={"limit": 3}))
    assert [file["path"] for file in first["files"]] == ["/a", "/b", "/c"]
    rest = answered(own.client.get(url, params={"after": first["next"]}))
    assert ([file["path"] for file in rest["files"]], rest["next"]) == (["/d"], None)
    failed = answered(own.client.get(url, params={"state": "failed"}))
    assert [file["path"] for file in failed["files"]] == ["/b", "/d"]
    told = answered(own.client.get(f"/jobs/{job['id']}"))
    assert (told["files"]["failed"], told["num_files"], told["num_ended"]) == (2, 4, 3)
    document = answered(own.client.get("/openapi.json"))
    assert_documented(failed, "get", "/jobs/{job_id}/files", document)


def test_a_job_is_paused_resumed_moved_given_up_and_tried_again(own: Board) -> None:
    job = submitted(own)
    url = f"/jobs/{job['id']}"
    for word, state in (("pause", "paused"), ("resume", "waiting"), ("cancel", "cancelled")):
        assert answered(own.client.post(f"{url}/{word}"))["state"] == state
    detail = assert_problem(own.client.post(f"{url}/pause"), 409)
    assert "is cancelled" in detail
    assert answered(own.client.post(f"{url}/retry"))["state"] == "waiting"
    assert answered(own.client.put(f"{url}/priority", json={"priority": -7}))["priority"] == -7
    assert_problem(own.client.put(f"{url}/priority", json={"priority": 5000}), 422)


def test_what_is_asked_of_a_job_that_is_not_there_is_404(own: Board) -> None:
    for method, path in (
        ("GET", "/jobs/999"),
        ("GET", "/jobs/999/files"),
        ("POST", "/jobs/999/pause"),
        ("POST", "/jobs/999/resume"),
        ("POST", "/jobs/999/cancel"),
        ("POST", "/jobs/999/retry"),
    ):
        assert "999" in assert_problem(own.client.request(method, path), 404)


def test_metrics_tell_how_many_jobs_wait_and_who_listens(own: Board) -> None:
    job = submitted(own)
    own.set(job["id"], "working", a="failed")
    own.set(submitted(own)["id"], "paused")
    text = own.client.get("/metrics").text
    for state in ("waiting", "working", "paused", "failed"):
        (line,) = (x for x in text.splitlines() if x.startswith(f'jobs{{state="{state}"}}'))
        assert float(line.split()[1]) >= 1, line
    assert "event_listeners 0.0" in text
    assert "workers 0.0" in text
