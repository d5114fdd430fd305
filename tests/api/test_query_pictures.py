"""Pictures that people search with: sent once, then named by the page's address."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from api import query_pictures
from api.query_pictures import QueryPictures
from database.errors import NotFound
from tests.helpers.fixtures import Ingested
from tests.helpers.http import answered, assert_problem, serving
from tests.helpers.media import drawn
from tests.helpers.pictures import encoded, png_of

ROUTE = "/search/pictures"
UNKNOWN = "0" * 32


@pytest.fixture(scope="module")
def client(ingested: Ingested) -> Iterator[httpx.Client]:
    with serving(ingested.settings) as server:
        yield server.client


def test_a_picture_is_kept_under_a_key_that_the_page_takes(client: httpx.Client) -> None:
    sent = client.post(ROUTE, content=encoded())
    assert sent.status_code == 201
    key = sent.json()["image"]
    assert sent.json() == {"image": key, "url": f"/?image={key}"}
    again = client.post(ROUTE, files={"image": ("any.png", encoded())})
    assert again.json() == sent.json(), "the same pixels have the same name"
    kept = client.get(f"{ROUTE}/{key}.jpg")
    assert kept.headers["content-type"] == "image/jpeg"
    assert kept.content.startswith(b"\xff\xd8\xff")
    assert client.head(f"{ROUTE}/{key}.jpg").headers["content-length"] == str(len(kept.content))
    assert 'class="hit"' in client.get(sent.json()["url"]).text


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a" + bytes(100), encoded("GIF"), png_of(40_000, 40_000)]
)
def test_what_is_no_picture_is_not_kept(client: httpx.Client, data: bytes) -> None:
    assert "picture" in assert_problem(client.post(ROUTE, content=data), 422)


def test_a_picture_that_is_too_large_is_refused(client: httpx.Client) -> None:
    assert_problem(client.post(ROUTE, content=bytes(17 * 2**20)), 413)


def test_an_unknown_picture_is_404_and_the_page_says_what_to_do(client: httpx.Client) -> None:
    assert "choose" in assert_problem(client.get(f"{ROUTE}/{UNKNOWN}.jpg"), 404)
    assert_problem(client.get(f"{ROUTE}/..%2F..%2Fsecret.jpg"), 404)
    assert_problem(client.get(f"{ROUTE}/UPPER.jpg"), 422)
    page = client.get("/", params={"image": UNKNOWN})
    assert page.status_code == 404
    assert "choose, drop or paste it again" in page.text
    assert "searchbox" in page.text or 'type="search"' in page.text, "and can be asked again"


def test_the_picture_that_was_sent_longest_ago_is_forgotten_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_pictures, "MAX_KEPT", 2)
    pictures = QueryPictures(tmp_path / "kept")
    first, second = (pictures.keep(drawn(seed)) for seed in (1, 2))
    for age, key in enumerate((first, second)):  # clocks of file systems are coarse
        os.utime(pictures.get_path(key), (age, age))
    assert pictures.keep(drawn(1)) == first
    third = pictures.keep(drawn(3))
    assert pictures.read(first).shape == pictures.read(third).shape == (180, 320, 3)
    with pytest.raises(NotFound, match="no longer kept"):
        pictures.read(second)


def test_one_picture_sent_many_times_at_once_is_kept_once(tmp_path: Path) -> None:
    pictures = QueryPictures(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(pictures.keep, [drawn(1, (1600, 1200))] * 16))
    assert [path.stem for path in tmp_path.iterdir()] == list(keys)


def test_a_picture_that_another_server_removes_meanwhile_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_pictures, "MAX_KEPT", 1)
    pictures = QueryPictures(tmp_path)
    pictures.keep(drawn(1))
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "removed")  # listed, and not there
    key = pictures.keep(drawn(2))
    assert [path.stem for path in tmp_path.iterdir()] == [key]


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "null", "http://127.0.0.1:1", "http://["]
)
def test_another_sites_page_may_not_write(client: httpx.Client, origin: str) -> None:
    headers = {"Origin": origin}
    for method, url, body in (
        ("POST", ROUTE, {"content": encoded()}),
        ("POST", "/search/feedback", {"json": {"query": "drilling", "like": [1]}}),
        ("PUT", "/search/feedback?query=drilling&scene=1&relevant=true", {}),
        ("DELETE", "/search/feedback?query=drilling&scene=1", {}),
        ("PUT", "/videos/1/tags", {"json": {"tags": []}}),
    ):
        answer = client.request(method, url, headers=headers, **body)
        assert "another site" in assert_problem(answer, 403)
    own = str(client.base_url).rstrip("/")
    assert client.post(ROUTE, content=encoded(), headers={"Origin": own}).status_code == 201
    answered(client.post("/search/multimodal", json={"query": "cat"}, headers=headers))
