"""Texts that somebody else has written, made fit for one line."""

import re

_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)
"""With what turns the direction of the text that follows."""


def says_nothing(text: str) -> bool:
    """Whether a text has no letter and no digit."""
    return not any(map(str.isalnum, text))


def plain(text: str) -> str:
    """A text of a model or a server on one line, without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())
