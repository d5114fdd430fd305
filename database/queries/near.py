"""Words that are nearly what was typed: with one letter otherwise, or with it as a part."""

import re

SHORTEST_TYPO = 5
"""Letters: a shorter word has too many neighbours that mean something else."""
SHORTEST_PART = 3
LONGEST = 64
"""Letters: what is longer is no word that somebody has mistyped, and takes long to look up."""
_WORDS = re.compile(r"[^\W_]+")


def near_words(typed: str, texts: list[str]) -> list[str]:
    """The words of texts that hold what was typed, or differ from it by one letter: put in, left
    out, another, or exchanged with its neighbour; the shortest first."""
    words = {word for text in texts for word in _WORDS.findall(text.lower())}
    near = (word for word in words if word != typed and _is_near(typed, word))
    return sorted(near, key=lambda word: (len(word), word))


def exchanged(typed: str) -> list[str]:
    """What was typed with two neighbouring letters exchanged."""
    pairs = range(len(typed) - 1)
    return [typed[:at] + typed[at + 1] + typed[at] + typed[at + 2 :] for at in pairs]


def _is_near(typed: str, word: str) -> bool:
    if len(typed) >= SHORTEST_PART and typed in word:
        return True
    return len(typed) >= SHORTEST_TYPO and _differ_by_one(typed, word)


def _differ_by_one(one: str, other: str) -> bool:
    """Whether their distance is one (Damerau, "A technique for computer detection and correction
    of spelling errors", 1964)."""
    begin = 0
    while begin < min(len(one), len(other)) and one[begin] == other[begin]:
        begin += 1
    one, other = one[begin:], other[begin:]
    end = 0
    while end < min(len(one), len(other)) and one[-1 - end] == other[-1 - end]:
        end += 1
    one, other = one[: len(one) - end], other[: len(other) - end]
    swapped = len(one) == 2 and one[::-1] == other
    return swapped or max(len(one), len(other)) == 1
