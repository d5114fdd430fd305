"""Films in Ogg that follow each other in one file are one recording."""

from pathlib import Path

import pytest

from ingest.media.decode import Decoded, DecodeOptions, decode_file
from ingest.media.ogg import end_if_followed
from tests.helpers.stamps import joined
from tests.helpers.tracks import Pictures, Tone, write_tracks

FILM = Pictures(codec="libvpx", fps=25)
SOUND = Tone(codec="libopus")


def chained(folder: Path, *recordings: list[Pictures | Tone]) -> Path:
    """Recordings in Ogg, one after the other, as by `cat`."""
    parts = [write_tracks(folder / f"{n}.ogv", tracks) for n, tracks in enumerate(recordings)]
    return joined(folder / "chained.ogv", parts)


def decoded(path: Path) -> Decoded:
    options = DecodeOptions(320 * 180, max_duration_s=3600.0)
    return decode_file(path, path.parent / "out", options, lambda _: None)


def test_films_that_were_chained_are_read_to_the_end(tmp_path: Path) -> None:
    recording: list[Pictures | Tone] = [FILM, SOUND]
    found = decoded(chained(tmp_path, *[recording] * 3))
    assert found.duration_s == pytest.approx(6.0, abs=0.2)
    assert found.scenes[-1].end_s == pytest.approx(6.0, abs=0.2)
    assert found.partial_reason is None
    assert len(found.notes) == 2
    assert all("as of a second recording" in note for note in found.notes)


def test_sounds_that_were_chained_are_left_to_the_container(tmp_path: Path) -> None:
    path = chained(tmp_path, [SOUND], [SOUND])
    assert end_if_followed(path, 0) is None
    assert decoded(path).duration_s == pytest.approx(4.0, abs=0.2)


@pytest.mark.parametrize("kept", [0, 20, 27, 28, 40])
def test_a_film_that_ends_in_the_middle_of_a_page_is_followed_by_nothing(
    kept: int, tmp_path: Path
) -> None:
    path = write_tracks(tmp_path / "a.ogv", [FILM, SOUND])
    path.write_bytes(path.read_bytes() + path.read_bytes()[:kept].replace(b"\x00\x02", b"\x00\x00"))
    assert end_if_followed(path, 0) is None
