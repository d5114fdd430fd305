"""Writing that is turned, mirrored, or of a script that is not known is read right or left out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rapidfuzz import fuzz

from embeddings.encoder import Image
from ingest.perception.ocr.engine import TextEngine
from ingest.perception.ocr.read_lines import unread_writing
from tests.helpers.boards import (
    LINES,
    board,
    cyrillic,
    recogniser_of_letters_on_their_heads,
    standing_on_their_heads,
)


@pytest.fixture(scope="module")
def engine() -> TextEngine:
    return TextEngine(1)


def read(engine: TextEngine, picture: Image) -> list[str]:
    return [line.text for line in engine.read(picture) if line.is_sure]


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_writing_is_read_however_the_picture_is_turned(engine: TextEngine, quarters: int) -> None:
    turned = np.ascontiguousarray(np.rot90(board(*LINES), quarters))
    assert read(engine, turned) == list(LINES)


def test_a_line_on_its_side_is_read_where_it_is_not_plain_which_way(engine: TextEngine) -> None:
    lines = ["Quarterly harvest report", "Seven greenhouses were heated", "The pumps run at night"]
    assert read(engine, np.ascontiguousarray(np.rot90(board(*lines)))) == lines


def test_mirrored_writing_is_left_out(engine: TextEngine) -> None:
    assert read(engine, np.ascontiguousarray(board(*LINES)[:, ::-1])) == []


@pytest.mark.parametrize("colours", [(235, 20), (10, 240)])
def test_letters_of_no_known_script_are_left_out_and_seen(
    engine: TextEngine, colours: tuple[int, int]
) -> None:
    ground, ink = colours
    lines = engine.read(standing_on_their_heads(board(*LINES, ground=ground, ink=ink)))
    assert len(lines) >= len(LINES)
    assert not any(line.is_sure for line in lines)
    assert unread_writing(lines) > 0


def test_a_picture_that_is_read_has_no_unread_writing(engine: TextEngine) -> None:
    assert unread_writing(engine.read(board(*LINES))) == 0


@pytest.mark.parametrize(
    "lines",
    [
        ("def read(self, page):", "return [x for x in page]", "x86_64-linux-gnu/libc.so.6"),
        ("https://example.org/a?b=1&c=2", "user@host:~$ git rebase -i", "drwxr-xr-x 2 root"),
        ("12:30", "EXIT 7", "3.5 km", "Room B12"),
    ],
)
def test_code_terminals_and_signs_are_words(engine: TextEngine, lines: Sequence[str]) -> None:
    found = read(engine, board(*lines))
    assert fuzz.ratio(" ".join(found), " ".join(lines)) > 95, found


def test_a_further_recogniser_reads_what_the_bundled_one_does_not(tmp_path: Path) -> None:
    further = recogniser_of_letters_on_their_heads(tmp_path / "heads.onnx")
    engine = TextEngine(1, [further])
    named = [line.translate(cyrillic()) for line in LINES]
    found = read(engine, standing_on_their_heads(board(*LINES)))
    assert sorted(found) == sorted(named)
    assert read(engine, board(*LINES)) == list(LINES)
