"""Pictures by URL in requests for embeddings: fetched side by side, refused by their place."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.app import create_embedding_app
from tests.helpers.openai import MULTIMODAL, base64_of, ok, refusal
from tests.helpers.picture_host import (
    PICTURE,
    Certificate,
    PictureHost,
    picture_host,
    response,
    sends,
)
from tests.helpers.services import embedding_settings

AT_ONCE = 8
PATIENCE_S = 4.0
"""Less than a picture is waited for."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PictureHost]:
    certificate = Certificate.make(tmp_path_factory.mktemp("certificate"))
    with picture_host(certificate, sends(response(PICTURE))) as made:
        yield made


def posted(host: PictureHost, models: Path, body: object) -> httpx.Response:
    """The answer of an embedding service whose list has the host."""

    async def post() -> httpx.Response:
        app = create_embedding_app(embedding_settings(models))
        app.state.pictures = host.source()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answer = await client.post(MULTIMODAL, json=body, timeout=60)
        await app.state.embeddings.cleanup()
        return answer

    return asyncio.run(post())


def test_a_picture_by_url_has_the_vector_of_its_file(host: PictureHost, models: Path) -> None:
    by_url, sent = ok(posted(host, models, [{"image": host.url()}, {"image": base64_of(PICTURE)}]))[
        "data"
    ]
    assert by_url["embedding"] == pytest.approx(sent["embedding"], abs=1e-6)


def test_pictures_are_fetched_side_by_side(
    host: PictureHost, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host answers none of them before all have asked."""
    asked = threading.Barrier(AT_ONCE)
    answer, before = host.answer, host.num_connections

    def answer_together(connection: ssl.SSLSocket) -> None:
        asked.wait(PATIENCE_S)
        answer(connection)

    monkeypatch.setattr(host, "answer", answer_together)
    found = posted(host, models, [{"image": host.url(f"/{n}.jpg")} for n in range(AT_ONCE)])
    assert len(ok(found)["data"]) == AT_ONCE
    assert host.num_connections - before == AT_ONCE


def test_a_picture_from_elsewhere_is_refused_by_its_place(host: PictureHost, models: Path) -> None:
    told = refusal(
        posted(host, models, [{"image": host.url()}, {"image": "https://elsewhere.example/a.png"}]),
        400,
    )
    assert (told["code"], told["param"]) == ("invalid_image", "items[1]")
    assert "EMBEDDING_IMAGE_HOSTS" in told["message"]
