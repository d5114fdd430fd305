"""An ingest keeps what players and editors want to know of a file, and does not fail for it."""

import dataclasses
import logging
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from database.server.connection import Database
from database.videos.read import Library, VideoInfo
from embeddings.loaded import Encoders
from embeddings.registry.spaces import PROFILES
from ingest import pipeline
from ingest.files.discover import discover
from ingest.lanes import ingest_files
from ingest.settings import IngestSettings
from tests.helpers.marked_films import Recipe, write_marked

Ingest = Callable[[Path], VideoInfo]


@pytest.fixture
def ingest(settings: IngestSettings, database: Database, encoders: Encoders) -> Ingest:
    """Ingests a file that is done then, and returns its video."""

    def run(path: Path) -> VideoInfo:
        ingest = pipeline.make_ingest(
            database, settings, PROFILES["bundled"], retry=False, again=False
        )
        ingest = dataclasses.replace(ingest, encoders=encoders)
        (ended,) = ingest_files(discover([str(path)]), ingest, 1, lambda _path, _stage, _part: None)
        assert ended.outcome.status.value == "done", ended.outcome
        (video,) = Library(database).list_videos(limit=2)
        return video

    return run


def test_an_ingest_keeps_what_players_and_editors_want_to_know(
    ingest: Ingest, tmp_path: Path
) -> None:
    recipe = Recipe(rate=Fraction(30_000, 1001), seconds=4, timecode="01:00:00;00")
    streams = ingest(write_marked(tmp_path / "film.mov", recipe)).streams
    assert streams is not None
    assert streams.picture is not None
    assert streams.picture.rate == (30_000, 1001)
    assert streams.timecode == "01:00:00;00"
    assert [sound.codec_string for sound in streams.sounds] == ["mp4a.40.2"]


def test_a_video_whose_streams_cannot_be_read_is_ingested_without_them(
    ingest: Ingest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(pipeline, "read_streams", min)  # which crashes over what it is given
    with caplog.at_level(logging.WARNING):
        video = ingest(write_marked(tmp_path / "film.mp4", Recipe(seconds=4)))
    assert video.streams is None
    assert "film.mp4: its streams were not read: the decoder ended without" in caplog.text
