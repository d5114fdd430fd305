"""However many searches wait, all else is answered; and what a full server says."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import lanes
from api.app import create_app
from api.settings import ApiSettings
from database.models import FileStatus
from database.opening import open_database
from database.videos.read import IntactFile, Library
from database.videos.records import FileRecord
from database.videos.stored import Store
from embeddings.loaded import Encoders
from ingest.media.sprites import FORMAT, INDEX
from ingest.settings import IngestSettings
from tests.helpers.drilling import fill
from tests.helpers.records import digest, put_keyframe, video

NUM_SEARCHES = 60
"""More than there are threads where nobody says how many there are to be."""


@pytest.fixture
def library(settings: IngestSettings, encoders: Encoders, tmp_path: Path) -> ApiSettings:
    """Drilling, and a film whose file is there."""
    content = tmp_path / "film.mp4"
    content.write_bytes(bytes(range(256)) * 4000)
    with closing(open_database(settings)) as database:
        status = content.stat()
        seen = FileRecord(str(content), status.st_size, status.st_mtime_ns, FileStatus.DONE)
        Store(database).save_video(video("film"), seen)
        fill(database, encoders)
    put_keyframe(settings.keyframes_dir, "film")
    return ApiSettings(**settings.model_dump(), api_max_concurrent=2)


class Held:
    """Searches that do not end before they are let go."""

    def __init__(self, client: httpx.AsyncClient, go_on: threading.Event) -> None:
        self.client, self._go_on = client, go_on
        self._asking: list[asyncio.Task[httpx.Response]] = []

    async def ask(self, num: int) -> None:
        """Further searches, which wait."""
        for number in range(num):
            asking = self.client.get("/search/quick", params={"q": f"drilling {number}"})
            self._asking.append(asyncio.ensure_future(asking))
        await asyncio.sleep(0.5)

    async def let_go(self) -> list[int]:
        """The status of each."""
        self._go_on.set()
        return [answer.status_code for answer in await asyncio.gather(*self._asking)]


@asynccontextmanager
async def held(settings: ApiSettings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Held]:
    go_on = threading.Event()
    async with AsyncExitStack() as stack:
        app = create_app(settings, open_database(settings))
        await stack.enter_async_context(app.router.lifespan_context(app))
        engine = app.state.library.semantic
        search = engine.search

        def slowly(*given: Any, **named: Any) -> object:
            assert go_on.wait(60)
            return search(*given, **named)

        monkeypatch.setattr(engine, "search", slowly)
        stack.callback(go_on.set)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", timeout=60
        )
        yield Held(await stack.enter_async_context(client), go_on)


def run(work: Callable[[], Any]) -> None:
    async def within_time() -> None:
        async with asyncio.timeout(60):
            await work()

    asyncio.run(within_time())


def test_all_else_is_answered_while_searches_wait(
    library: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with held(library, monkeypatch) as searches:
            await searches.ask(NUM_SEARCHES)
            for path in (
                "/health",
                "/ready",
                "/metrics",
                "/videos",
                "/videos/1",
                "/videos/1/stream",
                "/scenes/1/keyframe.jpg",
                "/library",
                "/",
            ):
                async with asyncio.timeout(5):
                    assert (await searches.client.get(path)).status_code == 200, path
            assert set(await searches.let_go()) == {200}

    run(work)


def test_what_is_too_much_to_wait_for_is_refused_at_once(
    library: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "MAX_WAITING", 3)

    async def work() -> None:
        async with held(library, monkeypatch) as searches:
            await searches.ask(5)  # of which two are worked on
            async with asyncio.timeout(5):
                answer = await searches.client.get("/search/quick", params={"q": "more"})
                page = await searches.client.get("/", params={"q": "more"})
            assert (answer.status_code, page.status_code) == (429, 429)
            assert answer.headers["retry-after"] == page.headers["retry-after"] == "5"
            assert answer.json()["detail"].startswith("too many requests wait")
            assert "too many requests wait" in page.text
            assert set(await searches.let_go()) == {200}

    run(work)


def test_films_play_while_many_ask_whether_a_database_that_hangs_is_ready(
    library: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with held(library, monkeypatch) as searches:
            hangs, asked = threading.Event(), []
            version = Library.version

            def slowly(self: Library) -> int:
                assert hangs.wait(60)
                return version(self)

            monkeypatch.setattr(Library, "version", slowly)
            try:
                for path in ("/ready", "/metrics"):
                    asked += [asyncio.ensure_future(searches.client.get(path)) for _ in range(40)]
                await asyncio.sleep(0.5)
                async with asyncio.timeout(8):
                    answer = await searches.client.get("/videos/1/stream")
                    assert answer.status_code == 200
            finally:
                hangs.set()
            assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}

    run(work)


def test_stills_are_shown_while_films_lie_on_a_mount_that_hangs(
    library: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with held(library, monkeypatch) as searches:
            hangs = threading.Event()
            intact = Library.get_intact_file

            def slowly(*given: Any) -> IntactFile:
                assert hangs.wait(60)
                return intact(*given)

            monkeypatch.setattr(Library, "get_intact_file", slowly)
            try:
                films = [
                    asyncio.ensure_future(searches.client.get("/videos/1/stream"))
                    for _ in range(40)
                ]
                await asyncio.sleep(0.5)
                async with asyncio.timeout(8):
                    answer = await searches.client.get("/scenes/1/keyframe.jpg")
                    assert answer.status_code == 200
            finally:
                hangs.set()
            assert {answer.status_code for answer in await asyncio.gather(*films)} == {200}

    run(work)


def test_a_disk_that_is_slow_holds_only_who_asks_for_its_stills(
    library: ApiSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is opened in the thread in which all requests begin."""
    sheets = library.home / "sprites" / FORMAT / digest("film")
    sheets.mkdir(parents=True)
    for name in (INDEX, "0.jpg"):
        (sheets / name).write_text("WEBVTT")
    threads, opened = [], os.open

    def noted(path: str, *given: Any, **named: Any) -> int:
        if str(path).startswith(str(sheets)):
            threads.append(threading.current_thread())
        return opened(path, *given, **named)

    async def work() -> None:
        async with held(library, monkeypatch) as searches:
            monkeypatch.setattr(os, "open", noted)
            for name in ("sprites.vtt", "sprites/0.jpg"):
                answer = await searches.client.get(f"/videos/1/{name}")
                assert (answer.status_code, answer.text) == (200, "WEBVTT")
        assert len(threads) == 2
        assert threading.current_thread() not in threads

    run(work)
