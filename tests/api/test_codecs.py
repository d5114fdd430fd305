"""Codecs in words, and as browsers are asked about them."""

import dataclasses
from datetime import UTC, datetime

import pytest

from api.codecs import picture_codec, sound_codec
from database.models import VideoStatus
from database.videos.read import VideoInfo

SILENT = VideoInfo(
    id=1, path="/library/film.mov", origin="file://test", title="film",
    status=VideoStatus.DONE, reason=None,
    duration_s=10.0, width_px=640, height_px=360, frame_rate=25.0, container="mov",
    video_codec="h264", audio_codec=None, language=None, num_scenes=1, content_hash="",
    recorded_at=None, tags=(), ingested_at=datetime(2026, 11, 26, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize(
    ("codec", "name", "asked"),
    [
        ("h264", "H.264", 'video/mp4; codecs="avc1.640028"'),
        ("hevc", "HEVC", 'video/mp4; codecs="hvc1.1.6.L120.90"'),
        ("libdav1d", "AV1", 'video/mp4; codecs="av01.0.08M.08"'),
        ("prores", "ProRes", ""),
        ("brand-new", "brand-new", ""),
    ],
)
def test_a_picture_is_named_and_asked_about(codec: str, name: str, asked: str) -> None:
    found = picture_codec(dataclasses.replace(SILENT, video_codec=codec))
    assert found is not None
    assert (found.name, found.play_type) == (name, asked)


@pytest.mark.parametrize(
    ("codec", "name", "asked"),
    [
        ("aac", "AAC", 'audio/mp4; codecs="mp4a.40.2"'),
        ("ac3", "AC-3", 'audio/mp4; codecs="ac-3"'),
        ("mp3float", "MP3", "audio/mpeg"),
        ("pcm_s24le", "PCM", 'audio/wav; codecs="1"'),
        ("wmav2", "Windows Media Audio", ""),
    ],
)
def test_sound_is_named_and_asked_about(codec: str, name: str, asked: str) -> None:
    found = sound_codec(dataclasses.replace(SILENT, audio_codec=codec))
    assert found is not None
    assert (found.name, found.play_type) == (name, asked)


def test_what_is_not_there_has_no_codec() -> None:
    assert sound_codec(SILENT) is None
    assert picture_codec(dataclasses.replace(SILENT, video_codec=None)) is None
