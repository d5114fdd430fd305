"""Transcripts as subtitle files. What was said is data: nothing in it is markup."""

import html
from collections.abc import Sequence
from typing import Literal

import pysubs2

from database.errors import NotFound
from database.videos.read import SpokenText

_PLAIN = str.maketrans({"{": "(", "}": ")", "\\": "/"})
"""What pysubs2 would take for its own markup."""
_NO_TAGS = str.maketrans({"<": "‹", ">": "›"})
"""SubRip has tags, and no way to escape what only looks like one."""


def track_names(transcript: Sequence[SpokenText]) -> list[str]:
    """The tracks of a transcript that have a name, in the order in which they are first heard."""
    return list(dict.fromkeys(spoken.track for spoken in transcript if spoken.track is not None))


def lines_of(transcript: Sequence[SpokenText], track: str | None) -> list[SpokenText]:
    """What is said on one track: lines of several overlap. Without a name, on the one that has
    none, or else on the one that is heard first. Raises NotFound."""
    names = track_names(transcript)
    if track is not None and track not in names:
        raise NotFound("nothing is said on a track of this name: the video tells its `tracks`")
    if track is None and all(spoken.track is not None for spoken in transcript):
        track = next(iter(names), None)
    return [spoken for spoken in transcript if spoken.track == track]


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
