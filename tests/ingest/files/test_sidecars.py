"""Files of subtitles belong to the video whose name they bear."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.files.discover import discover
from ingest.files.found import FoundFile
from ingest.files.sidecars import Beside


@pytest.mark.parametrize(
    "name",
    [
        "film.srt", "film.SRT", "film.vtt", "film.en.srt", "film.German.vtt",
        "film.pt-BR.forced.srt", "FILM.en.srt", "film.mp4.srt", "film_en.srt", "film (English).srt",
    ],
)  # fmt: skip
def test_a_name_with_a_language_or_without_is_that_of_its_video(name: str) -> None:
    beside = Beside(["film.mp4", "other.mp4", name])
    assert beside.of("film.mp4") == (name,)
    assert beside.owners(name) == ("film.mp4",)
    assert beside.of("other.mp4") == ()


@pytest.mark.parametrize("name", ["filmed.srt", "film. a long remark of somebody.srt", "film.txt"])
def test_another_name_is_that_of_no_video(name: str) -> None:
    assert Beside(["film.mp4", name]).owners(name) == ()


def test_the_longest_name_counts() -> None:
    beside = Beside(["a.mp4", "a.b.mp4", "a.b.srt", "a.b.de.srt", "a.c.srt"])
    assert beside.of("a.b.mp4") == ("a.b.de.srt", "a.b.srt")
    assert beside.of("a.mp4") == ("a.c.srt",)


def test_what_is_no_recording_takes_no_subtitles_away() -> None:
    names = ["talk.mp4", "talk.en.txt", "talk.info.json", "talk.en.description", "talk.en.srt"]
    assert Beside(names).owners("talk.en.srt") == ("talk.mp4",)


def test_letters_may_be_composed_in_either_way_unless_both_are_there() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert Beside([f"{composed}.mp4", f"{decomposed}.srt"]).of(f"{composed}.mp4")
    both = Beside([f"{composed}.mp4", f"{decomposed}.mp4", f"{decomposed}.srt"])
    assert both.owners(f"{decomposed}.srt") == (f"{decomposed}.mp4",)


def test_a_video_is_found_with_its_subtitles_and_these_are_skipped(tmp_path: Path) -> None:
    for name in ("film.mp4", "film.srt", "lost.srt", "film.de.vtt"):
        (tmp_path / name).write_text("content")
    found = {file.path.name: file for file in discover([str(tmp_path)])}
    assert [each.name for each in found["film.mp4"].sidecars] == ["film.de.vtt", "film.srt"]
    assert found["film.srt"].refusal == "subtitles, read with film.mp4"
    assert found["film.srt"].left_out
    assert found["lost.srt"].refusal is None  # what is in it decides
    (alone,) = discover([str(tmp_path / "film.mp4")])
    assert alone == found["film.mp4"]


def test_a_link_that_leaves_the_folder_brings_no_subtitles(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    (tmp_path / "elsewhere.srt").write_text("content")
    (folder / "film.mp4").write_text("content")
    (folder / "film.srt").symlink_to(tmp_path / "elsewhere.srt")
    (film,) = _named(folder, "film.mp4")
    assert film.sidecars == ()


def test_subtitles_that_were_written_to_are_others(tmp_path: Path) -> None:
    for name in ("film.mp4", "film.srt"):
        (tmp_path / name).write_text("content")
    (before,) = _named(tmp_path, "film.mp4")
    os.utime(tmp_path / "film.srt", (1, 1))
    (after,) = _named(tmp_path, "film.mp4")
    assert before.sidecars != after.sidecars


def _named(folder: Path, name: str) -> list[FoundFile]:
    return [file for file in discover([str(folder)]) if file.path.name == name]


ALPHABET = st.sampled_from("aé.é-_ ()[]mp4srtSRTvn0")
NAMES = st.lists(st.text(ALPHABET, min_size=1, max_size=12), max_size=12, unique=True)


@given(names=NAMES)
def test_whatever_files_are_called_both_sides_agree(names: list[str]) -> None:
    beside = Beside(names)
    for name in names:
        assert all(name in beside.of(owner) for owner in beside.owners(name))
        assert all(name in beside.owners(own) for own in beside.of(name))
        assert name not in beside.of(name)


def test_subtitles_that_are_named_without_their_video_are_told_what_to_name(
    tmp_path: Path,
) -> None:
    film, subtitles = tmp_path / "film.mp4", tmp_path / "film.srt"
    for path in (film, subtitles):
        path.write_text("content")
    (alone,) = discover([str(subtitles)])
    assert alone.refusal == "subtitles of film.mp4: name that file to have them read"
    assert alone.left_out
    for others in ([film], [tmp_path]):
        found = {file.path: file for file in discover([str(subtitles), *map(str, others)])}
        assert found[subtitles].refusal == "subtitles, read with film.mp4"
