"""What is no film, or too large, is told before it is sent, or as soon as it shows."""

import random
import socket

import httpx
import pytest

from ingest.settings import IngestSettings
from tests.helpers.http import assert_problem
from tests.helpers.pictures import encoded
from tests.helpers.uploads import PART, TUS, begin, begun, left, send, stored


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("notes.pdf", ".pdf is not"),
        ("photo.JPG", ".JPG is not"),
        ("program.exe", ".exe is not"),
        ("tour.srt", "put both into one folder"),
    ],
)
def test_a_name_of_something_else_is_refused_before_any_byte(
    client: httpx.Client, name: str, says: str
) -> None:
    assert says in assert_problem(begin(client, name, 1000), 415)


@pytest.mark.parametrize("name", ["a.mkv", "a.MTS", "a.dav", "recording", "a.opus", "a.ts"])
def test_whatever_may_be_a_recording_is_taken(client: httpx.Client, name: str) -> None:
    url = begun(client, name, 1000)
    assert client.delete(url, headers=TUS).status_code == 204


def test_a_size_that_cannot_be_is_refused_before_any_byte(client: httpx.Client) -> None:
    answer = begin(client, "a.mp4", 500_000_001)
    assert "0.5 GB at most" in assert_problem(answer, 413)
    assert answer.headers["tus-max-size"] == "500000000"
    assert "is empty" in assert_problem(begin(client, "a.mp4", 0), 422)
    for length in ("-1", "1e3", "", "9" * 400):
        assert_problem(begin(client, "a.mp4", 1, **{"Upload-Length": length}), 422)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"%PDF-1.7 " + bytes(100), "a PDF"),
        (b"PK\x03\x04" + bytes(100), "a ZIP archive"),
        (b"#EXTM3U\n" + b"http://127.0.0.1/a.ts\n" * 10, "a playlist"),
        (b"<!DOCTYPE html><title>404</title>" + bytes(100), "a web page"),
    ],
    ids=["pdf", "zip", "playlist", "page"],
)
def test_content_of_something_else_is_refused_after_the_first_bytes_and_is_gone(
    client: httpx.Client, sent_to: IngestSettings, content: bytes, says: str
) -> None:
    before = left(sent_to)
    url = begun(client, "film.mp4", 10_000_000)
    assert says in assert_problem(send(client, url, content), 415)
    assert client.head(url, headers=TUS).status_code == 404
    assert left(sent_to) == before


@pytest.mark.parametrize("kind", ["noise", "photograph"])
def test_what_no_decoder_knows_is_refused_when_all_of_it_has_come(
    client: httpx.Client, sent_to: IngestSettings, kind: str
) -> None:
    noise = random.Random(1).randbytes(100_000)
    content = noise if kind == "noise" else encoded("JPEG")
    before = left(sent_to)
    url = begun(client, f"{kind}.mp4", len(content))
    assert "not a" in assert_problem(send(client, url, content), 415)
    assert client.get(url).status_code == 404
    assert left(sent_to) == before
    assert f"{kind}.mp4" not in stored(sent_to)


def test_another_protocol_or_type_is_refused(client: httpx.Client) -> None:
    told = client.options("/uploads")
    assert told.status_code == 204
    assert told.headers["tus-version"] == told.headers["tus-resumable"] == "1.0.0"
    assert "creation" in told.headers["tus-extension"].split(",")
    assert told.headers["tus-max-size"] == "500000000"
    url = begun(client, "a.mp4", 1000)
    answer = client.head(url, headers={"Tus-Resumable": "0.2.1"})
    assert answer.status_code == 412
    assert answer.headers["tus-version"] == "1.0.0"
    assert client.head(url).status_code == 200
    answer = client.patch(url, content=b"x", headers={**TUS, "Upload-Offset": "0"})
    assert "application/offset+octet-stream" in assert_problem(answer, 415)
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert_problem(client.patch(url, content=b"x", headers=PART), 422)
    assert_problem(begin(client, "a.mp4", 10, **{"Upload-Metadata": "nothing"}), 422)


def test_uploads_are_listed_to_nobody_and_have_ids_that_nobody_guesses(
    client: httpx.Client,
) -> None:
    urls = {begun(client, "a.mp4", 10) for _ in range(20)}
    assert len(urls) == 20
    assert all(len(url) == len("/uploads/") + 32 for url in urls)
    assert_problem(client.get("/uploads"), 405)
    assert client.put("/uploads/known").headers["allow"] == "POST"
    for other in ("/uploads/x", f"{urls.pop()[:-1]}!", "/uploads/..%2f..%2fetc%2fpasswd"):
        assert client.get(other).status_code == 404


def test_a_body_that_is_refused_by_its_head_is_not_asked_for(client: httpx.Client) -> None:
    """curl and proxies wait with it until they are told to go on."""
    base = client.base_url
    for head in (
        "POST /videos HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x",
        "POST /uploads HTTP/1.1\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 9999999999\r\n"
        "Upload-Metadata: name eA==\r\nContent-Type: application/offset+octet-stream",
    ):
        with socket.create_connection((base.host, base.port), timeout=30) as connection:
            lines = f"{head}\r\nHost: {base.netloc.decode()}\r\nContent-Length: 9999999999"
            connection.sendall(f"{lines}\r\nExpect: 100-continue\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
