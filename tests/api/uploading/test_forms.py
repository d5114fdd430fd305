"""A film as one form, as curl sends it."""

import subprocess
from pathlib import Path

import httpx
import pytest
from starlette.exceptions import HTTPException

from api.uploading.forms import FormFile
from ingest.settings import IngestSettings
from tests.helpers.http import assert_problem
from tests.helpers.uploads import hash_of, left, stored

BOUNDARY = "xyz"
KIND = f"multipart/form-data; boundary={BOUNDARY}"


def form(*fields: tuple[str, bytes]) -> bytes:
    """A body; of each field what its disposition says, and its content."""
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
    parts = [f"{head}{what}\r\n\r\n".encode() + content + b"\r\n" for what, content in fields]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


FILE = 'name="file"; filename="tour.mp4"'


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_file_is_taken_out_of_a_form_however_its_body_is_cut(step: int) -> None:
    content = b"\r\n--xy" + bytes(range(256)) + b"\r\n--xy\r\n--x\r\r\n"
    body = form(('name="title"', b"a tour"), (FILE, content), ('name="last"', b"x"))
    reader = FormFile(KIND)
    found = b"".join(reader.feed(body[at : at + step]) for at in range(0, len(body), step))
    assert found == content
    assert (reader.name, reader.is_whole) == ("tour.mp4", True)


def test_a_form_that_ends_early_is_not_whole() -> None:
    reader = FormFile(KIND)
    reader.feed(form((FILE, b"content"))[:-10])
    assert not reader.is_whole


@pytest.mark.parametrize("kind", ["", "multipart/form-data", "multipart/x; boundary=x"])
def test_what_is_no_form_is_refused(kind: str) -> None:
    with pytest.raises(HTTPException, match="curl -F file=@") as refused:
        FormFile(kind)
    assert refused.value.status_code == 415


@pytest.mark.parametrize(
    "body",
    [b"no form at all", form((FILE, b"x"), (FILE, b"y"))],
    ids=["garbled", "two files"],
)
def test_a_form_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(HTTPException, match="the form") as refused:
        FormFile(KIND).feed(body)
    assert refused.value.status_code == 422


def test_curl_sends_a_film(client: httpx.Client, sent_to: IngestSettings, film: Path) -> None:
    done = subprocess.run(
        ["curl", "-sS", "--fail-with-body", "-F", f"file=@{film}", f"{client.base_url}/videos"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"state":"stored"' in done.stdout
    assert hash_of(stored(sent_to)["tour.mp4"]) == hash_of(film)


def test_the_answer_to_a_form_tells_its_upload_and_job(client: httpx.Client, film: Path) -> None:
    with film.open("rb") as content:
        answer = client.post("/videos", files={"file": ("ein Übungsfilm.mp4", content)})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["name"] == "ein Übungsfilm.mp4"
    assert told["size_bytes"] == told["offset"] == film.stat().st_size
    assert client.get(f"/uploads/{told['id']}").json() == told
    assert told["job"] is not None


def test_the_form_of_a_page_leads_on_to_a_page(client: httpx.Client, film: Path) -> None:
    browser = {"Accept": "text/html,*/*;q=0.8"}
    with film.open("rb") as content:
        answer = client.post("/videos", files={"file": ("a.mp4", content)}, headers=browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/library/jobs")
    answer = client.post("/videos", files={"file": ("a.pdf", b"x")}, headers=browser)
    assert answer.status_code == 415
    assert answer.headers["content-type"].startswith("text/html")
    assert ".pdf is not" in answer.text


@pytest.mark.parametrize(
    ("files", "status", "says"),
    [
        ({"film": ("tour.mp4", b"x")}, 422, "has no file"),
        ({"file": ("tour.pdf", b"x")}, 415, ".pdf"),
        ({"file": ("tour.mp4", b"PK\x03\x04")}, 415, "a ZIP"),
        ({"file": ("tour.mp4", b"")}, 415, "not a video"),
    ],
    ids=["other field", "other kind", "other content", "nothing"],
)
def test_a_form_without_a_film_is_refused_and_leaves_nothing(
    client: httpx.Client,
    sent_to: IngestSettings,
    files: dict[str, tuple[str, bytes]],
    status: int,
    says: str,
) -> None:
    before = left(sent_to), stored(sent_to)
    assert says in assert_problem(client.post("/videos", files=files), status)
    assert (left(sent_to), stored(sent_to)) == before
