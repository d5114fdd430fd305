"""Which readings are what is written.

A recogniser makes letters of all that it is shown: of scripts that it does not know, of lines
upside down, of edges in photographs. It is less sure of them, and they do not look like words.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

_LEAST = 0.8
_FOR_FEW = 0.6
_ENOUGH = 0.95
"""Of a line of n characters the mean confidence is to be _LEAST + _FOR_FEW / n, of short ones
_ENOUGH. On 4,900 lines in 45 languages, of many fonts, sizes and faults (docs/models.md), this and
what follows keep 99 % of what was read right, 94 % where the picture was bad, and 1 % of what was
made of other scripts or of turned lines.
"""
_ODD = re.compile(r"[a-zß-öø-ÿ][A-ZÀ-ÖØ-Þ]|[^\W\d_]\d[^\W\d_]|\b\d[^\W\d_]{3}")
"""A capital or a digit within a word: _ENOUGH is asked of lines with one, as of names in code."""
_LONG = 8
_SURE = 0.98
"""Beside more writing that is not read, _ENOUGH is asked of lines of so many characters, _SURE of
shorter ones; and a letter like none of another script. Of 3,000 lines of other scripts that leaves
5, of 921 in Latin, Chinese and Japanese 850.
"""
_LIKE_NO_OTHER = re.compile(r"[dfhlqrvzDFGJLNQRSUVWZäöüßéèêàâçñåøæ\u2e80-\U0003ffff]|^[^a-zA-Z]*$")
"""Letters that Cyrillic, Greek and the scripts of India and Georgia have nothing like, and lines
without letters."""
_WORD = 4
"""Greek letters that are more than the signs of a formula."""
_FEW, _MOST = 5, 0.6
"""Of more letters than _FEW, no one is so large a part in words."""
_RUN_OF_LETTERS = re.compile(r"(?:[^\W\d_]|∂)+")


def is_read(text: str, score: float) -> bool:
    """Whether a line says what is written, by the mean confidence in its characters, of 1."""
    letters = [character for character in text if character.isalnum()]
    if len(letters) < 2 or score < _needed(text):
        return False
    return not _repeats_one(letters) and not _weaves_alphabets(text)


def is_read_beside_unread(text: str, score: float) -> bool:
    """Whether a line that was read stays so in a picture most of whose writing was not."""
    needed = _ENOUGH if _length(text) >= _LONG else _SURE
    return score >= needed and _LIKE_NO_OTHER.search(text) is not None


def has_signs_alone(text: str) -> bool:
    """Whether a line is a rule or a row of dots: it has signs, and no letters."""
    return _length(text) > 1 and not any(character.isalnum() for character in text)


def is_greek(text: str) -> bool:
    """Whether most letters of a line are Greek."""
    alphabets = [_alphabet(character) for character in text if character.isalpha()]
    num_greek = alphabets.count("GREEK")
    return num_greek >= _WORD and 2 * num_greek > len(alphabets)


def _needed(text: str) -> float:
    return _ENOUGH if _ODD.search(text) else min(_ENOUGH, _LEAST + _FOR_FEW / _length(text))


def _length(text: str) -> int:
    return sum(not character.isspace() for character in text)


def _repeats_one(letters: Sequence[str]) -> bool:
    """Whether it is one letter again and again: circles of a script, or of a photograph."""
    if len(letters) > 2 and len(set(letters)) == 1:
        return True
    words = Counter(letter for letter in letters if letter.isalpha())
    return words.total() > _FEW and max(words.values()) > _MOST * words.total()


def _weaves_alphabets(text: str) -> bool:
    """Whether a word changes from Latin to Greek and back, or the other way round."""
    for word in _RUN_OF_LETTERS.findall(text):
        alphabets = [_alphabet(character) for character in word]
        known = [alphabet for alphabet in alphabets if alphabet in ("LATIN", "GREEK")]
        if sum(before != after for before, after in pairwise(known)) > 1:
            return True
    return False


def _alphabet(character: str) -> str:
    """The first word of a letter's name; the sign ∂ stands for a slanted д."""
    return "GREEK" if character == "∂" else unicodedata.name(character, "").split(" ")[0]
