"""What browsers do not play is told before anybody watches it."""

from dataclasses import replace

import pytest

from database.videos.streams import PictureStream, SoundStream, Streams
from ingest.playing.browsers import kind_needed


def film(container: str, picture: str | None, sound: str | None) -> Streams:
    """A picture's codec may be followed by its codec string."""
    codec, _, codec_string = (picture or "").partition(" ")
    pictures = PictureStream(codec, codec_string or None, (25, 1), 0.0, 320, 180)
    sounds = () if sound is None else (SoundStream(sound, None, None, None, 2),)
    return Streams(container, pictures if picture else None, sounds, None)


@pytest.mark.parametrize(
    ("container", "picture", "sound", "needed"),
    [
        ("mov", "h264 avc1.64001F", "aac", None),
        ("mov", "h264", None, None),
        ("mov", "av1", "opus", None),
        ("matroska", "vp9", "opus", None),
        ("matroska", "h264", "aac", "copied"),
        ("mpegts", "h264", "aac", "copied"),
        ("mov", "h264", "ac3", "copied"),
        ("mov", "h264", "pcm_s16le", "copied"),
        ("mov", "hevc", "aac", "converted"),
        ("mov", "h264 avc1.6E0028", "aac", "converted"),
        ("mov", "prores", "pcm_s16le", "converted"),
        ("avi", "mpeg4", "mp3", "converted"),
        ("wav", None, "pcm_s16le", None),
        ("mp3", None, "mp3", None),
        ("asf", None, "wmav2", "converted"),
    ],
)
def test_only_what_browsers_do_not_play_is_made_to(
    container: str, picture: str | None, sound: str | None, needed: str | None
) -> None:
    assert kind_needed(film(container, picture, sound), is_clear=True) == needed


def test_a_film_that_is_not_the_first_picture_of_its_file_is_copied_alone() -> None:
    streams = film("mov", "h264", "aac")
    assert streams.picture is not None
    streams = replace(streams, picture=replace(streams.picture, is_first=False))
    assert kind_needed(streams, is_clear=True) == "copied"


def test_a_film_whose_time_stamps_come_again_is_converted() -> None:
    assert kind_needed(film("mov", "h264", "aac"), is_clear=False) == "converted"
