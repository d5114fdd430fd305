"""Videos are described as they come in, or later by a command; what fails there is said, and the
videos are found all the same."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from database.models import FileStatus
from database.server.connection import Database
from database.videos.records import MomentRecord
from database.videos.stored import Store
from embeddings.errors import InvalidSettings
from embeddings.registry.spaces import PROFILES
from ingest.backfill import app
from ingest.files.discover import discover
from ingest.files.outcome import Outcome, OutcomeStatus
from ingest.lanes import ingest_files
from ingest.pipeline import make_ingest
from ingest.settings import IngestSettings
from tests.helpers import records
from tests.helpers.commands import environment, run_command
from tests.helpers.media import write_video
from tests.helpers.ollama import serving_ollama
from tests.helpers.sql import execute, rows

NOBODY = "http://127.0.0.1:9"
MADE = """
    SELECT said.text, said.made_by, said.start_s, still.scene_id = said.scene_id, vector IS NOT NULL
    FROM moment AS said JOIN moment AS still USING (video_id, image_path)
    LEFT JOIN embedding ON moment_id = said.id
    WHERE said.kind = 'description' AND still.kind = 'keyframe' ORDER BY said.start_s"""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Two seconds of red, and two of blue."""
    path = tmp_path / "film.mp4"
    plain = [np.full((90, 160, 3), colour, np.uint8) for colour in ((200, 20, 20), (20, 20, 200))]
    write_video(path, [picture for picture in plain for _ in range(50)])
    return path


def ingested(
    film: Path, database: Database, settings: IngestSettings, url: str, *, again: bool = False
) -> Outcome:
    """The outcome of a film, as it is ingested where Ollama is at this address."""
    own = settings.model_copy(update={"ingest_descriptions": "ollama", "ollama_base_url": url})
    ingest = make_ingest(database, own, PROFILES["bundled"], again=again)
    (ended,) = ingest_files(discover([str(film)]), ingest, 1, lambda *_: None)
    return ended.outcome


def texts(database: Database) -> list[object]:
    found = rows(database, "SELECT text FROM moment WHERE kind = 'description' ORDER BY start_s")
    return [text for (text,) in found]


def test_a_film_is_described_when_it_is_ingested(
    film: Path, database: Database, settings: IngestSettings
) -> None:
    with serving_ollama() as ollama:
        outcome = ingested(film, database, settings, ollama.url)
    assert (outcome.status, outcome.notes) == (OutcomeStatus.DONE, [])
    assert texts(database) == ["A red picture.", "A blue picture."]


def test_a_film_that_is_made_anew_keeps_what_was_said_of_pictures_that_are_as_they_were(
    film: Path, database: Database, settings: IngestSettings
) -> None:
    with serving_ollama() as ollama:
        ingested(film, database, settings, ollama.url)
    before = rows(database, MADE)
    execute(database, "UPDATE moment SET look = 5 WHERE kind = 'keyframe' AND start_s > 2")
    outcome = ingested(film, database, settings, NOBODY, again=True)
    assert "there is no Ollama" in str(outcome.notes)
    assert rows(database, MADE) == before[:1]


def test_without_an_ollama_a_film_is_stored_and_the_note_says_what_to_do(
    film: Path, database: Database, settings: IngestSettings, store: Store
) -> None:
    outcome = ingested(film, database, settings, NOBODY)
    assert outcome.status is OutcomeStatus.DONE
    (note,) = outcome.notes
    assert "there is no Ollama" in note
    assert note.endswith("python -m ingest.backfill --descriptions")
    assert store.find_files([str(film)])[str(film)].file.status is FileStatus.DONE
    assert texts(database) == []


def test_an_ingest_that_describes_nothing_loads_nothing_of_what_describes() -> None:
    code = "import sys, ingest.__main__, ingest.backfill, ingest.worker; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"embeddings.describing", "httpx", "redis"} & set(done.stdout.split())


def test_a_setting_that_names_no_model_is_refused_by_its_name(
    database: Database, settings: IngestSettings
) -> None:
    own = settings.model_copy(update={"ingest_descriptions": "minilm-l6"})
    with pytest.raises(InvalidSettings, match=r"INGEST_DESCRIPTIONS: .*smolvlm2-256m"):
        make_ingest(database, own, PROFILES["bundled"])


def test_the_command_says_what_is_missing_and_describes_it_when_that_is_there(
    settings: IngestSettings, store: Store
) -> None:
    _store_a_still(settings, store)
    command = ("ingest.backfill", "--descriptions", "--json")
    refused = run_command(*command, settings=settings, OLLAMA_BASE_URL=NOBODY)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("error: there is no Ollama at")
    left = run_command(*command, "--dry-run", settings=settings)
    assert json.loads(left.stdout)["descriptions"] == {"described": 0, "missing": 1}
    with serving_ollama() as ollama:
        done = run_command(*command, settings=settings, OLLAMA_BASE_URL=ollama.url)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["descriptions"] == {"described": 1, "missing": 0}
    assert [(each["space"], each["state"]) for each in told["spaces"]] == [
        ("descriptions-minilm-l6", "active")
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--descriptions", "--spaces", "minilm-l6"],
        ["--descriptions", "--activate"],
        ["--by", "ollama", "--all"],
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_are_refused(
    arguments: list[str], settings: IngestSettings
) -> None:
    done = CliRunner().invoke(app, arguments, env=environment(settings))
    assert done.exit_code != 0
    assert "--descriptions" in str(done.exception)


def _store_a_still(settings: IngestSettings, store: Store) -> None:
    """A video of one keyframe."""
    made = records.video("a")
    keyframe: MomentRecord = made.moments[0]
    path = settings.keyframes_dir / (keyframe.image_path or "")
    path.parent.mkdir(parents=True)
    cv2.imwrite(str(path), np.full((48, 64, 3), (20, 20, 200), np.uint8))
    store.save_video(dataclasses.replace(made, moments=(keyframe,)), records.file("/v/a.mp4"))
