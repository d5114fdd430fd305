"""The library over HTTP: its spaces, and what became of each file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from database.models import FileStatus
from database.server.connection import Database
from database.videos.records import FileRecord
from database.videos.stored import Store
from embeddings.loaded import Encoders
from ingest.settings import IngestSettings
from tests.helpers.drilling import filled
from tests.helpers.fixtures import NewSettings
from tests.helpers.http import answered, assert_problem
from tests.helpers.openapi import assert_documented
from tests.helpers.sql import lose_vector

NUM_FAILED = 5


@pytest.fixture(scope="module")
def client(
    new_settings: NewSettings, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[httpx.Client]:
    """Of a library with five videos, five files that failed, and a space that lacks a moment."""
    folder: Path = tmp_path_factory.mktemp("files")
    settings: IngestSettings
    with new_settings(folder / "home") as settings, filled(settings, encoders) as made:
        _spoil(made.database)
        yield made.client


def _spoil(database: Database) -> None:
    for number in range(NUM_FAILED):
        path = f"/library/bad & {number}.mp4"
        failed = FileRecord(path, 0, 1, FileStatus.FAILED, "the file is empty")
        Store(database).save_file(failed)
    lose_vector(database, "moment_id = (SELECT min(id) FROM moment)")


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    return answered(client.get("/openapi.json"))


def test_files_are_answered_as_documented_and_pages_join(
    client: httpx.Client, document: dict[str, Any]
) -> None:
    whole = answered(client.get("/files"))
    assert_documented(whole, "get", "/files", document)
    assert (len(whole["files"]), whole["next"]) == (5 + NUM_FAILED, None)
    assert document["paths"]["/files"]["get"]["operationId"] == "list_files"
    paths = []
    after: dict[str, str] = {}
    while True:
        page = answered(client.get("/files", params={"status": "failed", "limit": "2", **after}))
        paths += [file["path"] for file in page["files"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert paths == [f"/library/bad & {number}.mp4" for number in reversed(range(NUM_FAILED))]
    (failed, *_) = whole["files"]
    assert (failed["reason"], failed["video_id"]) == ("the file is empty", None)


def test_spaces_are_answered_as_documented_with_their_coverage(
    client: httpx.Client, document: dict[str, Any]
) -> None:
    answer = answered(client.get("/spaces"))
    assert_documented(answer, "get", "/spaces", document)
    assert document["paths"]["/spaces"]["get"]["operationId"] == "list_spaces"
    text = next(space for space in answer["spaces"] if space["space"] == "minilm-l6")
    assert (text["state"], text["slot"], text["weights_here"]) == ("active", "text", True)
    assert text["embedded"] == text["wanted"] - 1 > 0


@pytest.mark.parametrize("address", [
    "/files?status=lost", "/files?limit=0", "/files?limit=501", "/files?after=yesterday",
    "/files?stat=failed", "/files?after=%00", "/spaces?count=true",
])  # fmt: skip
def test_what_cannot_be_asked_is_refused(client: httpx.Client, address: str) -> None:
    assert_problem(client.get(address), 422)
