"""A film that is cut off goes on where it ended, whoever ended it; it is whole or not there."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx

from api.settings import ApiSettings
from api.uploading.uploads import Uploads
from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.opening import open_database
from ingest.settings import IngestSettings
from tests.helpers.http import assert_problem, serving
from tests.helpers.uploads import (
    TUS,
    begun,
    digest_of,
    hash_of,
    left,
    make_film,
    offset,
    send,
    send_rest,
    start_part,
    stored,
    take_up,
)

MB = 1_000_000
PATIENCE_S = 30


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_200_mb_that_are_cut_off_twice_are_equal_by_hash_and_the_same_again_adds_nothing(
    settings: IngestSettings, tmp_path: Path
) -> None:
    film = make_film(tmp_path / "tour.mp4", 200 * MB)
    content = film.read_bytes()
    assert len(content) > 199 * MB
    with serving(settings) as server:
        client = server.client
        url = begun(client, film.name, len(content))
        with start_part(client, url, 0, len(content)) as connection:
            connection.sendall(content[: 70 * MB])
            wait_until(lambda: offset(client, url) > 60 * MB)
        wait_until(lambda: send(client, url, b"", offset(client, url)).status_code == 204)
        at = offset(client, url)
        with start_part(client, url, at, len(content) - at) as connection:
            connection.sendall(content[at : at + 50 * MB])
            wait_until(lambda: offset(client, url) > at + 40 * MB)
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
    with serving(settings) as server:
        client = server.client
        at = offset(client, url)
        assert 100 * MB < at < 140 * MB
        answer = send_rest(client, url, content, at)
        assert answer.headers["upload-offset"] == str(len(content))
        (path,) = stored(settings).values()
        assert path.name == "tour.mp4"
        assert hash_of(path) == hash_of(film)
        assert left(settings) == []
        told = client.get(url).json()
        assert (told["state"], told["offset"], told["video"]) == ("stored", len(content), None)
        assert answer.headers["sceneseek-job"] == str(told["job"])
        with closing(open_database(settings)) as database:
            (job,) = Jobs(database).page()
        assert (job.id, job.priority) == (told["job"], 10)
        assert job.request == IngestRequest(paths=(str(path),))
        take_up(settings, path)
        assert client.get(url).json()["video"] == 1
        assert_known(client, settings, film)


def assert_known(client: httpx.Client, settings: IngestSettings, film: Path) -> None:
    """Asserts that a server says that it has a film, and that it adds nothing if it is sent."""
    asked = {"size_bytes": film.stat().st_size}
    assert client.post("/uploads/known", json=asked).json() == {"same_size": True, "video": None}
    known = client.post("/uploads/known", json={**asked, "digest": digest_of(film)}).json()
    assert known["video"]["url"] == "/watch/1"
    other = client.post("/uploads/known", json={**asked, "digest": "0" * 64}).json()
    assert other == {"same_size": True, "video": None}
    longer = client.post("/uploads/known", json={"size_bytes": asked["size_bytes"] + 1}).json()
    assert longer == {"same_size": False, "video": None}
    url = begun(client, "again.mp4", film.stat().st_size)
    answer = send_rest(client, url, film.read_bytes(), 0)
    assert answer.headers["sceneseek-video"] == "1"
    assert client.get(url).json()["state"] == "known"
    assert list(stored(settings)) == ["tour.mp4"]
    assert left(settings) == []


def test_of_two_requests_at_once_one_is_told_to_wait_and_no_bytes_are_mixed(
    client: httpx.Client, sent_to: IngestSettings, film: Path
) -> None:
    content = film.read_bytes()
    url = begun(client, "two.mp4", len(content))
    with start_part(client, url, 0, len(content)) as connection:
        connection.sendall(content[: 2 * MB])
        wait_until(lambda: offset(client, url) > MB)
        at = offset(client, url)
        detail = assert_problem(send(client, url, b"x" * (len(content) - at), at), 423)
        assert "another request" in detail
        connection.sendall(content[2 * MB :])
        assert connection.recv(100).startswith(b"HTTP/1.1 204")
    assert hash_of(stored(sent_to)["two.mp4"]) == hash_of(film)


def test_a_part_has_to_begin_where_the_one_before_ended(client: httpx.Client, film: Path) -> None:
    content = film.read_bytes()
    url = begun(client, "gap.mp4", len(content))
    assert send(client, url, content[:MB]).status_code == 204
    for at in (0, MB - 1, MB + 1, len(content)):
        answer = send(client, url, content[at : at + 10], at)
        assert f"{MB} bytes have come" in assert_problem(answer, 409)
        assert answer.headers["upload-offset"] == str(MB)
    assert offset(client, url) == MB
    beyond = send(client, url, content[MB:] + b"x", MB)
    assert "more are sent" in assert_problem(beyond, 413)
    assert offset(client, url) == MB
    assert send_rest(client, url, content, MB).headers["upload-offset"] == str(len(content))
    # Who has not heard of the end asks again, or sends the last part again.
    assert send(client, url, b"", len(content)).headers["sceneseek-job"]
    assert client.head(url, headers=TUS).headers["sceneseek-job"]
    assert_problem(send(client, url, b"x", 3), 409)


def test_more_than_was_said_is_not_written(client: httpx.Client, film: Path) -> None:
    def in_chunks() -> "list[bytes]":
        return [film.read_bytes(), b"x"]

    url = begun(client, "longer.mp4", film.stat().st_size)
    headers = {**TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    answer = client.patch(url, content=iter(in_chunks()), headers=headers)
    assert_problem(answer, 413)
    assert offset(client, url) < film.stat().st_size


def test_the_first_bytes_may_come_with_the_beginning(
    client: httpx.Client, sent_to: IngestSettings, film: Path
) -> None:
    content = film.read_bytes()
    headers = {
        **TUS,
        "Upload-Length": str(len(content)),
        "Upload-Metadata": "filename Zmlyc3QubXA0,is_confidential",
        "Content-Type": "application/offset+octet-stream",
    }
    answer = client.post("/uploads", content=content[:MB], headers=headers)
    assert answer.status_code == 201
    assert answer.headers["upload-offset"] == str(MB)
    url = answer.headers["location"]
    told = client.head(url, headers=TUS).headers
    assert told["upload-metadata"] == headers["Upload-Metadata"]
    assert told["upload-length"] == str(len(content))
    assert told["upload-expires"].endswith(" GMT")
    send_rest(client, url, content, MB)
    assert hash_of(stored(sent_to)["first.mp4"]) == hash_of(film)


def test_who_gives_up_leaves_nothing(client: httpx.Client, sent_to: IngestSettings) -> None:
    before = left(sent_to)
    url = begun(client, "given-up.mp4", 10 * MB)
    send(client, url, b"\0" * MB)
    assert len(left(sent_to)) == len(before) + 1
    assert client.delete(url, headers=TUS).status_code == 204
    assert left(sent_to) == before
    for answer in (client.head(url, headers=TUS), client.delete(url, headers=TUS)):
        assert answer.status_code == 404
    assert "begin anew" in assert_problem(send(client, url, b"x", MB), 404)


def test_a_film_that_is_whole_stays_when_its_upload_is_ended(
    client: httpx.Client, sent_to: IngestSettings, film: Path
) -> None:
    url = begun(client, "whole.mp4", film.stat().st_size)
    send_rest(client, url, film.read_bytes(), 0)
    assert client.delete(url, headers=TUS).status_code == 204
    assert client.get(url).status_code == 404
    assert hash_of(stored(sent_to)["whole.mp4"]) == hash_of(film)


def test_an_upload_without_a_byte_for_a_day_is_forgotten(
    client: httpx.Client, sent_to: IngestSettings
) -> None:
    url = begun(client, "old.mp4", 10)
    folder = sent_to.home / "uploads" / ".incoming"
    old = folder / f"{url.rpartition('/')[2]}.part"
    assert old.name in left(sent_to)
    for path in (old, old.with_suffix(".json")):
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    assert client.head(url, headers=TUS).status_code == 404
    url = begun(client, "new.mp4", 10)
    with closing(open_database(sent_to)) as database:
        Uploads(ApiSettings(sceneseek_home=sent_to.home), database).sweep()
    assert old.name not in left(sent_to)
    assert offset(client, url) == 0


def test_a_server_that_is_told_to_end_ends_and_what_has_come_is_kept(
    settings: IngestSettings, film: Path
) -> None:
    content = film.read_bytes()
    with serving(settings) as server:
        url = begun(server.client, film.name, len(content))
        with start_part(server.client, url, 0, len(content)) as connection:
            connection.sendall(content[: 2 * MB])
            wait_until(lambda: offset(server.client, url) > MB)
            server.process.send_signal(signal.SIGTERM)
            connection.sendall(content[2 * MB :])
            assert connection.recv(100).startswith(b"HTTP/1.1 204")
        server.process.wait(PATIENCE_S)
    assert hash_of(stored(settings)[film.name]) == hash_of(film)
