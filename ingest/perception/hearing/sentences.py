"""Words with their times, put together to sentences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_MAX_SENTENCE_S = 15.0
_PAUSE_S = 1.0
_FULL_STOPS = (".", "?", "!", "…", "。", "？", "！", "।", "؟")
_COMMAS = (",", ";", ":", "、", "，", "،")


class Word(NamedTuple):
    """A word said in [start_s, end_s); its text begins with its space, if it has one."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class Sentence:
    """A sentence, or a piece of a long one, said in [start_s, end_s)."""

    start_s: float
    end_s: float
    text: str
    language: str | None
    """ISO 639-1, or as Whisper names it; None where the model was not sure."""
    track: str | None = None
    """The voice that it was heard in; None for the first."""
    words: tuple[tuple[int, float, float], ...] = ()
    """(first, start_s, end_s) of each word: `first` is the position in `text` of its first
    character."""


def split_sentences(words: Iterable[Word], language: str | None) -> list[Sentence]:
    """The sentences of words: they end at full stops, at pauses, and, where somebody speaks on and
    on, at a comma.

    A sentence that only repeats the one before is left out: Whisper got stuck there.
    """
    sentences: list[Sentence] = []
    for group in _groups(words):
        sentence = _joined(group, language)
        is_again = bool(sentences) and sentences[-1].text == sentence.text
        if not is_again and any(character.isalnum() for character in sentence.text):
            sentences.append(sentence)
    return sentences


def _groups(words: Iterable[Word]) -> list[list[Word]]:
    """The words of each sentence."""
    groups: list[list[Word]] = []
    current: list[Word] = []
    for word in words:
        if current and _is_end(current, word):
            groups.append(current)
            current = []
        elif current and word.end_s - current[0].start_s > _MAX_SENTENCE_S:
            cut = _last_comma(current)
            groups.append(current[:cut])
            current = current[cut:]
        current.append(word)
    return [*groups, current] if current else groups


def _is_end(current: Sequence[Word], following: Word) -> bool:
    """Whether a sentence ends between the words so far and the one that follows."""
    # The first words after a pause are often timed too early: two are no sentence.
    paused = following.start_s - current[-1].end_s > _PAUSE_S and len(current) > 2
    return paused or current[-1].text.rstrip().endswith(_FULL_STOPS)


def _last_comma(words: Sequence[Word]) -> int:
    """The number of words up to the last comma of the second half; all, if there is no comma."""
    for number in range(len(words), len(words) // 2, -1):
        if words[number - 1].text.rstrip().endswith(_COMMAS):
            return number
    return len(words)


def _joined(words: Sequence[Word], language: str | None) -> Sentence:
    text = ""
    places: list[tuple[int, float, float]] = []
    for word in words:
        piece = word.text.replace("\x00", "")
        piece = piece if text else piece.lstrip()
        if piece.strip():
            first = len(text) + len(piece) - len(piece.lstrip())
            places.append((first, word.start_s, max(word.start_s, word.end_s)))
        text += piece
    start_s, end_s = words[0].start_s, max(words[-1].end_s, words[0].start_s)
    return Sentence(start_s, end_s, text.rstrip(), language, words=tuple(places))
