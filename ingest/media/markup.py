"""The plain text of subtitles, whose formats mark up how and where it is shown."""

import html
import re

MAX_CHARACTERS = 2000
"""Of one line of subtitles; what is longer is a document in the wrong place."""
_MAX_MARKED_UP = 8 * MAX_CHARACTERS
"""With its markup; patterns below are tried on no more."""
_OVERRIDES = re.compile(r"(?<!\\)\{([^{}]*)\}")
"""Of ASS, {\\an8}; other braces in it are its authors' remarks."""
_DRAWING = re.compile(r"\\p(\d+)")
_SUBRIP_OVERRIDES = re.compile(r"\{(?:\\[^{}]*|[yYcCfFsSpPoO]:[^{}]*)\}")
"""What SubRip and MicroDVD have of them; other braces are text."""
_BREAKS = re.compile(r"\\[Nn]|<br ?/?>|\r\n?|[\u2028\u2029\x0b\x0c\x85]", re.IGNORECASE)
_TAGS = re.compile(
    r"</?(?:(?:i|b|u|s|em|strong|ruby|rt)(?:\.[^<>\s]*)?|"
    r"(?:c|v|lang|font|span|div|p|\d[\d:.]*)(?:[ .\t][^<>]*)?)>",
    re.IGNORECASE,
)
"""Those that have words of their own, such as the name of who speaks, come last."""
_ENTITIES = re.compile(r"&#?\w{1,8};")
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Control characters, directions, halves of characters: nothing to be found by, and some cannot be
stored. Joiners stay, which some scripts are written with."""


def lines_of_ass(text: str) -> tuple[str, ...]:
    """The lines of an ASS text, as decoders give all subtitles; what it draws is no text."""
    shown, draws, at = [], False, 0
    text = text[:_MAX_MARKED_UP]
    for block in _OVERRIDES.finditer(text):
        shown.append("" if draws else text[at : block.start()])
        for scale in _DRAWING.findall(block[1]):
            draws = scale.strip("0") != ""
        at = block.end()
    shown.append("" if draws else text[at:])
    return _lines("".join(shown).replace("\\{", "{").replace("\\}", "}"))


def lines_of_subrip(text: str) -> tuple[str, ...]:
    """The lines of a cue of SubRip or WebVTT."""
    return _lines(_SUBRIP_OVERRIDES.sub("", text[:_MAX_MARKED_UP]))


def _lines(text: str) -> tuple[str, ...]:
    """The lines of a text that say something."""
    text = _TAGS.sub("", _BREAKS.sub("\n", text).replace("\\h", " "))
    text = _ENTITIES.sub(lambda entity: html.unescape(entity[0]), text)
    lines = (" ".join(line.split()) for line in without_unseen(text)[:MAX_CHARACTERS].split("\n"))
    return tuple(line for line in lines if any(map(str.isalnum, line)))


def without_unseen(text: str) -> str:
    """A text without what nobody sees, and nobody can type."""
    return _UNSEEN.sub("", text)
