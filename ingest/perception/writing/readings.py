"""Whether two readings are of one text, read a little otherwise, or one is a part of the other."""

import re
from collections.abc import Sequence
from itertools import product

import numpy as np
from rapidfuzz import fuzz

from ingest.perception.ocr.line_pictures import LinePicture, same_line
from ingest.perception.ocr.read_lines import ReadLine

_CERTAIN = 0.96
"""What was read so surely, of 1, is what is written: one letter read wrong costs more."""
_ALIKE, _ALIKE_UNSURE = 90, 75
"""Of 100: so alike are two readings of one line over a moving picture, and of one that is half
covered or half faded."""
_AS_WIDE = 0.93
"""A line that has become longer or shorter by more is written on, or cut."""
_MIN_PART = 2
"""Letters; a single one is a part of everything."""
_MIN_SAME = 0.2
"""Part of a line's length, at its begin or its end."""
_CURSOR = re.compile(r"(?<=\S)( ?[■█▮▌▊▏]| [│|_])$")
"""As it is read behind what is typed. Names in code end with a stroke, but none stands apart."""
_CURSOR_OR_LETTER = re.compile(rf"{_CURSOR.pattern}|(?<=\S) ?ι$")
"""Some blocks look like this letter to the recogniser; among other Greek ones it is one."""
_GREEK = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")


def without_cursor(text: str) -> str:
    """A text without the cursor that stands behind it."""
    is_greek = _GREEK.search(text[:-1]) is not None
    return (_CURSOR if is_greek else _CURSOR_OR_LETTER).sub("", text)


def letters(text: str) -> str:
    """What counts of a text: a cursor, a rule or a bullet beside it does not."""
    return "".join(character for character in text if character.isalnum()) or text


def are_of_one(before: ReadLine, after: ReadLine) -> bool:
    """Whether two readings at one place are of one line: over a moving picture, or half covered,
    the same letters are read otherwise.

    Another number is another line, even where a digit may be covered; and so is another word on a
    ground that stands still.
    """
    first, second = letters(before.text), letters(after.text)
    if first == second:
        return True
    if _digits(first) != _digits(second):
        return False
    widths = [read.box[2] - read.box[0] for read in (before, after)]
    if min(widths) < _AS_WIDE * max(widths):
        return False
    if any(
        is_part(*texts) or _has_holes(*texts)
        for texts in ((before.text, after.text), (after.text, before.text))
    ):
        return True
    ratio = fuzz.ratio(first, second)
    if min(before.score, after.score) < _CERTAIN:
        return ratio >= _ALIKE_UNSURE
    return ratio >= _ALIKE and not _is_partly_same(before.picture, after.picture)


def surer(first: ReadLine, second: ReadLine) -> ReadLine:
    """The one of two readings of a line that is nearer to what is written."""
    if min(first.score, second.score) >= _CERTAIN:
        for reading, other in ((first, second), (second, first)):
            if _has_holes(reading.text, other.text):
                return other
    return second if second.score > first.score else first


def is_part(text: str, whole: str) -> bool:
    """Whether a text is a part of a longer one; a letter that is cut through may be read wrong."""
    part, all_letters = letters(text), letters(whole)
    if not _MIN_PART <= len(part) < len(all_letters):
        return False
    cuts = [part]
    if len(part) > _MIN_PART:
        cuts += [
            rest for rest, cut in ((part[1:], part[0]), (part[:-1], part[-1])) if cut.isalpha()
        ]
    return any(each in all_letters for each in cuts)


def whole_words(part: str, whole: str) -> str:
    """A part of a text without the words at its ends that are cut through; a shorter number is
    another one.
    """
    if ticks(part, whole):
        return part
    words, all_words = part.split(), set(whole.split())
    while words and words[0] not in all_words:
        words.pop(0)
    while words and words[-1] not in all_words:
        words.pop()
    return " ".join(words)


def is_said_in(text: str, others: Sequence[str]) -> bool:
    """Whether a text is one of some others, or a part of one, read a little otherwise."""
    return any(
        is_part(text, other) or fuzz.ratio(letters(text), letters(other)) >= _ALIKE_UNSURE
        for other in others
    )


def ticks(before: str, after: str) -> bool:
    """Whether only numbers differ: a clock, a counter, a bar of progress."""
    return (
        _digits(before) != _digits(after)
        and bool(_digits(before)) == bool(_digits(after))
        and _without_numbers(before) == _without_numbers(after)
    )


def _without_numbers(text: str) -> str:
    """The letters of a text, of whatever script."""
    return "".join(filter(str.isalpha, text.casefold()))


def _digits(text: str) -> list[str]:
    return [character for character in text if character.isdigit()]


def _has_holes(text: str, whole: str) -> bool:
    """Whether a text is a whole one of which some letters are covered, by a pointer or an edge: it
    has all others in their order, and a word that is none. Another text may lack a whole word.
    """
    others = iter(letters(whole))
    return (
        fuzz.ratio(letters(text), letters(whole)) >= _ALIKE_UNSURE
        and all(letter in others for letter in letters(text))
        and not set(text.split()) <= set(whole.split())
    )


def _is_partly_same(first: LinePicture, second: LinePicture) -> bool:
    """Whether the begin or the end of a line is the same in both pictures: then the ground stands
    still, and what differs was written anew.
    """
    height = min(first.shape[0], second.shape[0])
    num_columns = max(1, round(_MIN_SAME * min(first.shape[1], second.shape[1])))
    rows = np.s_[:height], np.s_[-height:]
    columns = np.s_[:num_columns], np.s_[-num_columns:]
    return any(same_line(first[part], second[part]) for part in product(rows, columns))
