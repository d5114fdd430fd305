"""The words of a query as people type them: "phrases", -not, and the rest."""

import re
from dataclasses import dataclass

_OPERATORS = re.compile(
    r"""(?<!\S)(?P<minus>-?)["“”„](?P<phrase>[^"“”„]*)["“”„]|(?<!\S)-(?![a-zA-Z](?!\S))(?P<word>[^\s\-"“”„]\S*)"""
)
MAX_ASKED = 10
"""Phrases and exclusions of one query, at most."""


@dataclass(frozen=True)
class QueryWords:
    """The parts of a query's text: its meaning, phrases that must be there, and exclusions."""

    meaning: str
    """What is looked for by meaning: everything but what is excluded, without quotes."""
    phrases: tuple[str, ...] = ()
    """What must be said, written or described by a model, word for word."""
    excluded: tuple[str, ...] = ()
    """What must be neither said nor written nor described."""


def parse_words(text: str) -> QueryWords:
    """Quotes ask for a phrase, a hyphen before a word or a phrase excludes it; a quote or hyphen
    that does neither stands for itself, and so does an option of one letter: kubectl get pods -n
    kube-system."""
    phrases: list[str] = []
    excluded: list[str] = []

    def taken(match: re.Match[str]) -> str:
        words = " ".join((match["phrase"] or match["word"] or "").split())
        if not words:
            return " "
        if match["minus"] or match["word"]:
            excluded.append(words)
            return " "
        phrases.append(words)
        return f" {words} "

    rest = _OPERATORS.sub(taken, text)
    return QueryWords(" ".join(rest.split()), tuple(phrases), tuple(excluded))
