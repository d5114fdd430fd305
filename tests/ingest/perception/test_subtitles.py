"""Files of subtitles as people and programs leave them: nothing in one is an error."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.forms import is_storable
from ingest.perception.subtitles import MAX_BYTES, SidecarRead, read_sidecar, track_of
from tests.helpers.subtitled import srt

DURATION_S = 60.0


def read(path: Path, content: str | bytes) -> SidecarRead:
    """What is read of a file with this content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_sidecar(path, "film.mp4", DURATION_S)


def lines(path: Path, content: str | bytes) -> list[tuple[float, float, str]]:
    found = read(path, content).subtitles
    return list(found.lines) if found else []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "film.srt"


GOOD = srt((1, 5, "The volcano\nwoke up"), (7, 11.5, "before breakfast"))
READ = [(1.0, 5.0, "The volcano woke up"), (7.0, 11.5, "before breakfast")]


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.replace("\n\n", "\n"),
        GOOD.replace("1\n00:", "00:").replace("2\n00:", "00:"),
        GOOD.replace(",", "."),
        GOOD.replace("The volcano", r"{\an8}<i>The</i> <font color='red'>volcano</font>"),
        "WEBVTT - by hand\n\nNOTE of no use\n\n" + GOOD.replace(",", ".").replace("00:00:", "00:"),
        "WEBVTT\n\nSTYLE\n::cue { color: red }\n\n"
        + GOOD.replace("\nThe", "\n<v Anna>The").replace("5,000\n", "5,000 align:start\n"),
    ],
)
def test_a_cue_is_a_line_however_it_is_written(content: str, file: Path) -> None:
    assert lines(file, content) == READ
    assert read(file, content).notes == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_known_by_itself(encoding: str, file: Path) -> None:
    content = srt((1, 2, "Größer als Łódź"))
    assert lines(file, content.encode(encoding)) == [(1.0, 2.0, "Größer als Łódź")]
    assert read(file, content.encode(encoding)).notes == ()


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [("film.srt", "Größer", "cp1252"), ("film.pl.srt", "Łódź", "cp1250"),
     ("film.Russian.srt", "Доброе утро", "cp1251"), ("film.ja.srt", "火山が目を覚ました", "cp932")],
)  # fmt: skip
def test_older_encodings_are_read_by_the_language_of_the_name_and_told(
    name: str, text: str, encoding: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    assert lines(file, srt((1, 2, text)).encode(encoding)) == [(1.0, 2.0, text)]
    (note,) = read(file, srt((1, 2, text)).encode(encoding)).notes
    assert note.startswith(f"{name}: is not in UTF-8, and was taken for Windows-")


def test_damaged_and_late_lines_are_told_and_the_others_read(file: Path) -> None:
    late = srt((90, 95, "After the end"))
    content = f"{GOOD}\n{late}\n" + "9\n00:0x:01,000 --> 00:00:02,000\nBroken\n"
    assert lines(file, content) == READ
    assert read(file, content).notes == (
        "film.srt: 1 line of it left out: outside the recording's time",
        "film.srt: 1 line of it left out: damaged",
    )


@pytest.mark.parametrize("content", ["", "no subtitles at all", "\0" * 500, "1\n00:00:01,000\n"])
def test_a_file_without_lines_is_told(content: str, file: Path) -> None:
    found = read(file, content)
    assert found.subtitles is None
    assert found.notes == ("film.srt: no lines with times were found in it",)


def test_a_file_that_is_far_too_long_is_not_read_and_the_reason_is_told(file: Path) -> None:
    (note,) = read(file, b"x" * (MAX_BYTES + 1)).notes
    assert note.startswith("film.srt: is longer than the 5 MB that are read of subtitles")


def test_a_file_that_is_gone_is_told(file: Path) -> None:
    (note,) = read_sidecar(file, "film.mp4", DURATION_S).notes
    assert note.startswith("film.srt: cannot be read")


def test_captions_that_roll_up_are_said_once(file: Path) -> None:
    content = srt((1, 2, "first"), (2, 2.01, "first"), (2.01, 4, "first\nsecond"), (4, 5, "second"))
    assert lines(file, content) == [(1.0, 4.0, "first"), (2.01, 5.0, "second")]


@pytest.mark.parametrize(
    ("name", "track", "language"),
    [
        ("film.srt", None, None),
        ("film.en.srt", "English", "en"),
        ("film.ger.forced.srt", "German, forced", "de"),
        ("film.German.vtt", "German", "de"),
        ("film.pt-BR.sdh.srt", "Portuguese, SDH", "pt"),
        ("film.mp4.fr.srt", "French", "fr"),
        ("film.commentary.srt", "commentary", None),
        ("film (English).srt", "English", "en"),
    ],
)
def test_the_name_of_a_file_tells_its_language(
    name: str, track: str | None, language: str | None
) -> None:
    assert track_of(name, "film.mp4") == (track, language)


HOSTILE = {
    "empty lines": "x" + "\n" * 1_000_000 + "y",
    "brackets": "{" * 500_000,
    "tags": "<i " * 300_000,
    "entities": "&" * 500_000,
    "numbers": "9\n" * 500_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_made_to_take_long_does_not(text: str, file: Path) -> None:
    started = time.process_time()
    read(file, f"00:00:01,000 --> 00:00:02,000\n{text}\n")
    assert time.process_time() - started < 5


def check(found: SidecarRead) -> None:
    """Lines lie in the recording, in order, and can be stored."""
    own = found.subtitles.lines if found.subtitles else ()
    assert all(0.0 <= start_s < end_s <= DURATION_S for start_s, end_s, _text in own)
    assert list(own) == sorted(own, key=lambda line: line[0])
    assert all(text.strip() and is_storable(text) for _start_s, _end_s, text in own)
    assert all(map(is_storable, found.notes))


@given(content=st.binary(max_size=400))
def test_any_bytes_are_read_or_told(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    check(read(tmp_path_factory.getbasetemp() / "film.srt", content))


times = st.integers(-10, 90_000).map(lambda ms: f"00:{ms // 60_000:02d}:{ms / 1000 % 60:06.3f}")
cues = st.lists(st.tuples(times, times, st.text(max_size=40)), max_size=8)


@given(cues=cues, header=st.sampled_from(["", "WEBVTT\n\n"]), end=st.sampled_from("\n\r\x0b"))
def test_any_cues_are_read_or_told(
    cues: list[tuple[str, str, str]],
    header: str,
    end: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    blocks = [f"{start} --> {last}\n{text}\n{end}" for start, last, text in cues]
    content = (header + "".join(blocks)).encode("utf-8", "surrogatepass")
    check(read(tmp_path_factory.getbasetemp() / "film.srt", content))


def test_a_pipe_that_took_the_place_of_a_file_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    found = read_sidecar(file, "film.mp4", DURATION_S)
    assert not found.is_open
    assert "not a regular file" in found.notes[0]


def test_a_damaged_letter_does_not_turn_all_others_into_another_alphabet(file: Path) -> None:
    said = "Буровая установка бурит скважину"
    text = f"1\n00:00:01,000 --> 00:00:03,000\n{said}\n".encode() + b"\xff\n"
    assert said in lines(file, text)[0][2]
    assert "1 damaged letters" in read(file, text).notes[0]


def test_what_nobody_sees_is_no_part_of_a_line(file: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:03,000\n\u202eleft\u202c and \u2066right\u2069\x07\n"
    assert lines(file, text) == [(1.0, 3.0, "left and right")]
