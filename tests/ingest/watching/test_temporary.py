"""Names of files that are not whole yet."""

import pytest

from ingest.watching.temporary import is_temporary


@pytest.mark.parametrize(
    "name",
    [
        "film.mp4.part",
        "Film.MP4.PART",
        "film.mp4.partial",
        "Unconfirmed 4711.crdownload",
        "film.download",
        "film.mp4.tmp",
        "film.temp.mp4",
        "film.f137.mp4.part-Frag12",
        "film.mp4.filepart",
        "film.mkv.!qB",
        "film.mkv.aria2",
        "film.mp4~",
        "~$film.mp4",
        "~syncthing~film.mp4.tmp",
        ".film.mp4.AbC123",
        "film.mp4.ocTransferId123.part",
        "film.mp4.!sync",
    ],
)
def test_a_file_that_is_being_written_is_known_by_its_name(name: str) -> None:
    assert is_temporary(name)


@pytest.mark.parametrize(
    "name", ["film.mp4", "part.mp4", "template.mp4", "film.partly.mp4", "download.mkv", "~film.mp4"]
)
def test_others_are_not(name: str) -> None:
    assert not is_temporary(name)
