"""What a run tells of writing that it does not read, and of scripts that it is to read."""

import dataclasses
from pathlib import Path

import pytest

from database.server.connection import Database
from embeddings.loaded import Encoders
from embeddings.registry.pins import RECOGNISERS
from embeddings.registry.spaces import PROFILES
from embeddings.weights.cached import sha256_of
from ingest.files.discover import discover
from ingest.lanes import ingest_files
from ingest.pipeline import make_ingest
from ingest.settings import IngestSettings
from tests.helpers.boards import (
    LINES,
    board,
    cyrillic,
    recogniser_of_letters_on_their_heads,
    standing_on_their_heads,
)
from tests.helpers.commands import outcomes, run_command
from tests.helpers.media import make_video, solid
from tests.helpers.sql import rows


def stored_lines(database: Database) -> set[str]:
    """The on-screen text of the library, line by line."""
    texts = rows(database, "SELECT text FROM moment WHERE kind = 'ocr'")
    return {line for (text,) in texts for line in str(text).splitlines()}


def test_writing_that_is_not_read_is_told_with_its_time_and_not_stored(
    tmp_path: Path, settings: IngestSettings, database: Database
) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    blank = solid(235, 235, 235, (640, 360))
    strange = standing_on_their_heads(board(*LINES))
    make_video(videos / "strange.mp4", [blank, strange, strange], 2.0)
    make_video(videos / "plain.mp4", [blank, board(*LINES), board(*LINES)], 2.0)
    done = run_command("ingest", videos, "--json", settings=settings)
    told = outcomes(done)
    assert [told[name]["status"] for name in ("strange.mp4", "plain.mp4")] == ["done", "done"]
    (note,) = told["strange.mp4"]["notes"]
    assert "could not be read was seen from 2." in note
    assert told["plain.mp4"]["notes"] == []
    assert stored_lines(database) == set(LINES)
    again = outcomes(run_command("ingest", videos, "--json", settings=settings))
    assert again["strange.mp4"]["notes"] == [note]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "python -m embeddings pull thai"), (b"other", "not the pinned")],
)
def test_a_script_without_its_recogniser_is_said_before_any_work(
    content: bytes | None, sentence: str, tmp_path: Path, settings: IngestSettings
) -> None:
    make_video(tmp_path / "film.mp4", [board(*LINES)])
    if content is not None:
        (tmp_path / RECOGNISERS["thai"].file_name).write_bytes(content)
    variables = {"INGEST_SCRIPTS": "thai", "EMBEDDING_MODEL_DIR": str(tmp_path)}
    done = run_command("ingest", tmp_path / "film.mp4", settings=settings, **variables)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_script_of_the_settings_is_read_by_its_recogniser(
    tmp_path: Path,
    settings: IngestSettings,
    database: Database,
    encoders: Encoders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thai = RECOGNISERS["thai"]
    own = recogniser_of_letters_on_their_heads(tmp_path / thai.file_name)
    monkeypatch.setitem(RECOGNISERS, "thai", dataclasses.replace(thai, sha256=sha256_of(own)))
    settings = settings.model_copy(
        update={"ingest_scripts": "thai", "embedding_model_dir": tmp_path}
    )
    film = make_video(tmp_path / "film.mp4", [standing_on_their_heads(board(*LINES))], 2.0)
    ingest = make_ingest(database, settings, PROFILES["bundled"])
    ingest = dataclasses.replace(ingest, encoders=encoders)
    (ended,) = ingest_files(discover([str(film)]), ingest, 1, lambda *_: None)
    assert (ended.outcome.status.value, ended.outcome.notes) == ("done", [])
    assert stored_lines(database) == {line.translate(cyrillic()) for line in LINES}
