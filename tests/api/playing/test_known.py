"""The streams of videos of before they were kept: files that cannot be read are not read again."""

from dataclasses import replace
from pathlib import Path

import pytest

import api.playing.known
from api.playing.known import StreamsOfBefore
from api.settings import ApiSettings
from database.server.connection import Database
from database.videos.read import Library
from database.videos.stored import Store
from tests.helpers import records
from tests.helpers.marked_films import Recipe, write_marked


def test_a_file_that_cannot_be_read_is_not_tried_again_soon(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = write_marked(tmp_path / "film.mp4", Recipe(seconds=1.0))
    cut_off = tmp_path / "cut off.mp4"
    cut_off.write_bytes(film.read_bytes()[:300])
    Store(database).save_video(records.video("old"), records.file("/v/old.mp4"))
    Store(database).save_video(
        replace(records.video("new"), video_codec="hevc"), records.file("/v/new.mp4")
    )
    old, other = Library(database).videos([1, 2])
    streams = StreamsOfBefore(ApiSettings(sceneseek_home=tmp_path / "home"), database)

    first = streams.read(old, lambda: cut_off)
    assert first.why_no_more is not None
    assert "damaged or cut off" in first.why_no_more
    assert streams.read(old, lambda: film) == first, "it was not opened again"
    assert streams.read(other, lambda: film).why_no_more is None

    monkeypatch.setattr(api.playing.known, "_RETRY_S", -1.0)
    anew = StreamsOfBefore(ApiSettings(sceneseek_home=tmp_path / "home"), database)
    assert anew.read(old, lambda: cut_off).why_no_more == first.why_no_more
    assert anew.read(old, lambda: film).why_no_more is None, "after a while it is tried again"
