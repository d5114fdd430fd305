"""Words that a recording brings with it become moments where they are news, and where they are
said."""

import time

import pytest

from database.models import MomentKind
from database.videos.records import Subtitles
from ingest.library.brought import chapter_moments, subtitle_moments
from ingest.library.sidecars import searched, told_before
from ingest.library.titles import title_text
from ingest.media.chapters import Chapter
from ingest.scenes.scene import Scene

SCENES = [Scene(0.0, 10.0), Scene(10.0, 20.0)]
SPOKEN = [(1.0, 4.0, "We meet Mrs. Kovalchick at the old harbour."), (12.0, 14.0, "Good-bye!")]


def track(*lines: tuple[float, float, str], name: str | None = None) -> Subtitles:
    return Subtitles(name, "en", None, lines)


def texts(*tracks: Subtitles) -> list[str | None]:
    return [moment.text for moment in subtitle_moments(tracks, SCENES, SPOKEN)]


@pytest.mark.parametrize(
    "line",
    [
        (1.0, 4.0, "We meet Mrs. Kovalchick at the old harbour"),
        (0.5, 2.0, "we meet Mrs Kovalchick"),
        (3.0, 4.5, "– at the old harbour."),
        (12.5, 13.0, "Goodbye"),
    ],
)
def test_a_line_that_says_what_is_heard_then_is_not_found_twice(
    line: tuple[float, float, str],
) -> None:
    assert texts(track(line)) == []


@pytest.mark.parametrize(
    "line",
    [
        (1.0, 4.0, "We meet Mrs. Kowalczyk at the old harbour"),  # spelt right
        (16.0, 18.0, "at the old harbour"),
        (1.0, 4.0, "Wir treffen Frau Kowalczyk"),
        (12.0, 14.0, "火山"),
    ],
)
def test_a_line_with_another_word_or_at_another_time_is_kept(
    line: tuple[float, float, str],
) -> None:
    assert texts(track(line)) == [line[2]]


def test_lines_that_two_tracks_have_at_one_time_are_kept_once() -> None:
    first = track((5.0, 7.0, "The ferry leaves"), (8.0, 9.0, "Signs"), name="English")
    second = track((5.1, 7.0, "The ferry leaves!"), (8.0, 9.0, "[Seagulls]"), name="English, SDH")
    found = subtitle_moments([first, second], SCENES, SPOKEN)
    assert [(moment.text, moment.track) for moment in found] == [
        ("The ferry leaves", "English"),
        ("Signs", "English"),
        ("[Seagulls]", "English, SDH"),
    ]


def test_a_line_lies_in_the_scene_that_it_overlaps_most() -> None:
    (moment,) = subtitle_moments([track((9.0, 13.0, "The ferry leaves"))], SCENES, SPOKEN)
    assert (moment.scene, moment.kind, moment.start_s) == (1, MomentKind.SUBTITLE, 9.0)


def test_a_chapter_lies_in_the_scene_in_which_it_begins() -> None:
    chapters = [Chapter(0.0, 9.8, "Dawn"), Chapter(9.8, 20.0, "The storm")]
    found = [(each.scene, each.start_s, each.text) for each in chapter_moments(chapters, SCENES)]
    assert found == [(0, 0.0, "Dawn"), (1, 9.8, "The storm")]


@pytest.mark.parametrize(
    ("title", "name", "words"),
    [
        (
            None,
            "2019-05-18_site-tour_final(2).mp4",
            "2019 05 18 site tour final 2 · 2019-05-18_site-tour_final(2).mp4",
        ),
        ("Opening of the bridge", "IMG_2031.mp4", "Opening of the bridge"),
        ("Opening", "bridge.mov", "Opening · bridge · bridge.mov"),
        ("mdn_rabbit320", "mdn_rabbit320.mp4", "mdn rabbit320 · mdn_rabbit320.mp4"),
        (None, "Größe.mkv", "Größe · Größe.mkv"),
        (None, "Gro\u0308\u00dfe.mkv", "Größe · Größe.mkv"),
        ("Cafe\u0301", "IMG_2031.mp4", "Café"),
        (None, "हिन्दी_फ़िल्म.mp4", "हिन्दी फ़िल्म · हिन्दी_फ़िल्म.mp4"),
        (None, "ภาพยนตร์.mp4", "ภาพยนตร์ · ภาพยนตร์.mp4"),
        (None, "火山.mp4", "火山 · 火山.mp4"),
        ("Untitled", "IMG_2031.mp4", None),
        (None, "VID_20240101_120000.mp4", None),
        (None, "9f86d081884c7d659a2feaa0c55ad015.mp4", None),
        (None, "DSC00012.avi", None),
        (None, "00001.mts", None),
        (None, "dQw4w9WgXcQ.mp4", None),
    ],
)
def test_names_are_words_unless_they_say_nothing(
    title: str | None, name: str, words: str | None
) -> None:
    assert title_text(title, name) == words


def dense(name: str, language: str | None, num: int, words: int, step_s: float) -> Subtitles:
    """A track of lines that are all its own."""
    lines = [
        (n * step_s, n * step_s + 50.0, " ".join(f"{name}{n}w{word}" for word in range(words)))
        for n in range(num)
    ]
    return Subtitles(name, language, None, tuple(lines))


def test_tracks_of_two_languages_are_not_taken_for_each_other() -> None:
    tracks = [
        Subtitles(name, code, None, ((5.0, 6.0, "Taxi!"),))
        for name, code in (("German", "de"), ("French", "fr"), ("German, SDH", "de"), (None, None))
    ]
    found = subtitle_moments(tracks, SCENES, SPOKEN)
    assert [moment.track for moment in found] == ["German", "French"]


def test_a_hundred_long_lines_at_once_take_seconds_and_not_minutes() -> None:
    tracks = [dense("a", "en", 2000, 280, 0.5), dense("b", "en", 2000, 280, 0.5)]
    began = time.process_time()
    assert len(subtitle_moments(tracks, SCENES, SPOKEN)) == 4000
    assert time.process_time() - began < 4


def test_thirty_tracks_of_a_film_are_searched_and_what_is_beyond_is_told() -> None:
    languages = [f"l{number}" for number in range(40)]
    tracks = [dense(each, each, 1900, 1, 3.0) for each in languages]
    found, notes = searched(tracks)
    assert [track.name for track in found] == languages[:31]
    (note,) = notes
    assert note == (
        "subtitles that are not searched, being beyond 60,000 lines in all: "
        + ", ".join(languages[31:])
    )
    assert told_before([note, "other"], []) == ["other"]


def test_a_track_that_is_a_part_of_another_takes_no_room() -> None:
    whole = dense("a", "en", 60_000, 1, 0.1)
    part = Subtitles("forced", "en", None, whole.lines[::2])
    assert searched([whole, part]) == ([whole], [])
