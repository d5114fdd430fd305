"""A model that fails during an ingest or a backfill: the file is named, and nothing is lost."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from database.server.connection import Database
from embeddings.encoder import Vectors
from embeddings.encoders import efficientnet
from embeddings.errors import ModelFailed
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from embeddings.runtime import Runtime
from ingest import pipeline
from ingest.files.discover import discover
from ingest.files.outcome import Outcome
from ingest.lanes import ingest_files
from ingest.settings import IngestSettings
from tests.helpers.media import drawn, make_video

NUM_PICTURES = 2
Run = Callable[..., list[Outcome]]


class Failing:
    """A model that fails at as many pictures as a film of these tests has."""

    def __init__(self, model: Any, fails_at: Callable[[int], bool]) -> None:
        self._model = model
        self._fails_at = fails_at

    def encode_items(self, items: Sequence[Any]) -> Vectors:
        if self._fails_at(len(items)):
            raise RuntimeError("no kernel for this shape")
        vectors: Vectors = self._model.encode_items(items)
        return vectors


@pytest.fixture
def run(
    settings: IngestSettings,
    database: Database,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """`run(fails_at, *paths)` ingests with a model of pictures that fails at batches of such
    sizes."""
    load = efficientnet.load

    def ingest(fails_at: Callable[[int], bool], *paths: Path) -> list[Outcome]:
        monkeypatch.setattr(efficientnet, "load", lambda *of: Failing(load(*of), fails_at))
        made = pipeline.make_ingest(database, settings, PROFILES["bundled"])
        made = dataclasses.replace(made, encoders=Encoders(Runtime(models)))
        found = discover([str(path) for path in paths])
        ended = ingest_files(found, made, 1, lambda *_: None)
        return [each.outcome for each in sorted(ended, key=lambda each: each.number)]

    return ingest


def num_videos(database: Database) -> int:
    with database.session() as session:
        return int(session.connection().exec_driver_sql("SELECT count(*) FROM video").scalar_one())


def test_a_file_that_a_model_fails_at_is_named_and_taken_up_by_the_next_run(
    run: Run, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    make_video(folder / "1.mp4", [drawn(1), drawn(2)])
    make_video(folder / "2.mp4", [drawn(3)])
    poisonous, sound = run(lambda size: size == NUM_PICTURES, folder)
    assert (poisonous.status, sound.status) == ("failed", "done")
    assert poisonous.path.endswith("1.mp4")
    assert "the model of imagenet-concepts failed (RuntimeError)" in (poisonous.reason or "")
    assert "the next run goes on there" in (poisonous.reason or "")
    decoded: list[Any] = []
    monkeypatch.setattr(pipeline, "decode_file", decoded.append)
    again, _known = run(lambda _size: False, folder)
    assert (again.status, decoded) == ("done", [])
    assert num_videos(database) == 2


def test_a_model_that_computes_nothing_ends_the_run_at_the_first_file(
    run: Run, database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    for number in range(3):
        make_video(folder / f"{number}.mp4", [drawn(number)])
    with pytest.raises(ModelFailed, match=r"0\.mp4: the model of imagenet-concepts .* goes on"):
        run(lambda _size: True, folder)
    assert num_videos(database) == 0
    assert [each.status for each in run(lambda _size: False, folder)] == ["done"] * 3
