"""Subtitles and chapters within a recording: their words and times, whatever the container."""

from pathlib import Path

import pytest

from ingest.media.decode import Decoded, DecodeOptions, decode_file
from tests.helpers.stamps import joined
from tests.helpers.subtitled import Track, subtitled

DIVES = "The submarine dives"
STEALS = "A penguin steals the key"


def decoded(path: Path) -> Decoded:
    options = DecodeOptions(max_pixels=1 << 24, max_duration_s=3600.0)
    return decode_file(path, path.with_suffix(".media"), options, lambda _part: None)


def lines(path: Path) -> list[tuple[float, float, str]]:
    """All lines of all tracks, with times to a tenth of a second."""
    tracks = decoded(path).subtitles
    return [(round(s, 1), round(e, 1), text) for track in tracks for s, e, text in track.lines]


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(".mkv", "subrip"), (".mkv", "ass"), (".mkv", "webvtt"), (".mp4", "mov_text")],
)
def test_lines_are_read_at_their_time_without_markup(
    suffix: str, codec: str, tmp_path: Path
) -> None:
    cues = [(1.0, 3.0, rf"{{\an8}}{{\i1}}{DIVES}{{\i0}}\Nunder the ice"), (4.0, 6.0, STEALS)]
    film = subtitled(tmp_path / f"film{suffix}", [Track(cues, codec)])
    assert lines(film) == [(1.0, 3.0, f"{DIVES} under the ice"), (4.0, 6.0, STEALS)]


def test_drawings_empty_lines_and_repetitions_are_no_lines(tmp_path: Path) -> None:
    cues = [
        (1.0, 2.0, r"{\p1}m 0 0 l 100 0 100 100{\p0}"),
        (1.5, 2.0, r"{\pos(10,10)}♪ \h"),
        (2.0, 3.0, DIVES),
        (2.0, 3.0, rf"{{\blur4}}{DIVES}"),
        (3.0, 4.0, rf"{DIVES}\N{STEALS}"),
    ]
    film = subtitled(tmp_path / "film.mkv", [Track(cues, "ass")])
    assert lines(film) == [(2.0, 4.0, DIVES), (3.0, 4.0, STEALS)]


def test_each_track_has_a_name_that_tells_it_apart_and_its_language(tmp_path: Path) -> None:
    tracks = [
        Track([(1.0, 2.0, DIVES)], language="eng"),
        Track([(1.0, 2.0, "Signs")], language="eng", forced=True),
        Track([(1.0, 2.0, "Das U-Boot taucht")], language="ger", title="Untertitel"),
        Track([(1.0, 2.0, "Nobody knows")]),
    ]
    found = decoded(subtitled(tmp_path / "film.mkv", tracks)).subtitles
    assert [(track.name, track.language) for track in found] == [
        ("English", "en"),
        ("English, forced", "en"),
        ("Untertitel (de)", "de"),
        ("subtitles 4", None),
    ]


def test_a_clock_that_begins_elsewhere_does_not_move_the_lines(tmp_path: Path) -> None:
    film = subtitled(tmp_path / "film.mkv", [Track([(1.0, 3.0, DIVES)])], begins_s=5000.0)
    assert lines(film) == [(1.0, 3.0, DIVES)]


def test_lines_of_a_recording_that_follows_come_after_those_of_the_first(tmp_path: Path) -> None:
    parts = [
        subtitled(
            tmp_path / f"{number}.mkv",
            [Track([(1.0, 3.0, text)])],
            chapters=[(2.0, 8.0, f"Part about {text}")],
        )
        for number, text in enumerate((DIVES, STEALS))
    ]
    both = decoded(joined(tmp_path / "film.mkv", parts))
    (track,) = both.subtitles
    assert [(round(s, 1), text) for s, _e, text in track.lines] == [(1.0, DIVES), (9.0, STEALS)]
    assert [round(chapter.start_s, 1) for chapter in both.chapters] == [2.0, 10.0]


def test_a_line_that_claims_to_be_days_late_is_told_and_makes_nothing_longer(
    tmp_path: Path,
) -> None:
    cues = [(1.0, 3.0, DIVES), (10 * 86_400.0, 10 * 86_400.0 + 2, STEALS)]
    film = decoded(subtitled(tmp_path / "film.mkv", [Track(cues)]))
    assert film.duration_s == pytest.approx(8.0, abs=0.2)
    assert film.partial_reason is None
    assert [text for track in film.subtitles for _s, _e, text in track.lines] == [DIVES]
    assert film.notes == ["1 line of the subtitles left out: outside the recording's time"]


def test_lengths_that_cannot_be_are_as_long_as_people_read(tmp_path: Path) -> None:
    cues = [(1.0, 1.0, DIVES), (4.0, 4000.0, STEALS)]
    found = lines(subtitled(tmp_path / "film.mkv", [Track(cues)]))
    assert [(start_s, text) for start_s, _end_s, text in found] == [(1.0, DIVES), (4.0, STEALS)]
    assert all(1.0 <= end_s - start_s <= 3.0 for start_s, end_s, _text in found)


def test_subtitles_that_are_pictures_are_told(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    subtitled(film, [Track([(1.0, 3.0, DIVES)], language="ger")])
    data = film.read_bytes()
    assert data.count(b"S_TEXT/UTF8") == 1
    film.write_bytes(data.replace(b"S_TEXT/UTF8", b"S_HDMV/PGS\0"))
    found = decoded(film)
    assert found.subtitles == []
    assert found.notes == [
        "subtitles that were not read, since they are pictures, not text: German"
    ]


def test_chapters_that_say_something_are_read_within_the_recording(tmp_path: Path) -> None:
    chapters = [
        (0.0, 2.0, "Chapter 1"),
        (2.0, 4.0, "Harbour at dawn"),
        (4.0, 900.0, "The storm"),
        (901.0, 902.0, "Outside"),
    ]
    film = decoded(subtitled(tmp_path / "film.mkv", [], chapters=chapters))
    assert [(chapter.start_s, chapter.title) for chapter in film.chapters] == [
        (2.0, "Harbour at dawn"),
        (4.0, "The storm"),
    ]
    assert film.chapters[-1].end_s == film.duration_s
