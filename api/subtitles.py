"""Transcripts as subtitle files. What was said is data: nothing in it is markup."""

import html
from collections.abc import Sequence
from typing import Literal

import pysubs2

from database.videos.read import SpokenText

_PLAIN = str.maketrans({"{": "(", "}": ")", "\\": "/"})
"""What pysubs2 would take for its own markup."""
_NO_TAGS = str.maketrans({"<": "‹", ">": "›"})
"""SubRip has tags, and no way to escape what only looks like one."""


def as_subtitles(transcript: Sequence[SpokenText], kind: Literal["srt", "vtt"]) -> str:
    """SubRip or WebVTT."""
    subtitles = pysubs2.SSAFile()
    for spoken in transcript:
        text = " ".join(spoken.text.split()).translate(_PLAIN).replace("-->", "→")
        subtitles.append(
            pysubs2.SSAEvent(
                start=round(spoken.start_s * 1000),
                end=round(spoken.end_s * 1000),
                text=html.escape(text, quote=False) if kind == "vtt" else text.translate(_NO_TAGS),
            )
        )
    return subtitles.to_string(kind)
