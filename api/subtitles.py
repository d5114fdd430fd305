"""Transcripts as subtitle files, and the subtitles that a video has. What was said is data: nothing
in it is markup."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

import pysubs2

from database.errors import NotFound
from database.server.connection import Database
from database.videos.contents import SpokenText
from database.videos.subtitles import SubtitleStore
from ingest.media.languages import is_channel

_PLAIN = str.maketrans({"{": "(", "}": ")", "\\": "/"})
"""What pysubs2 would take for its own markup."""
_NO_TAGS = str.maketrans({"<": "‹", ">": "›"})
"""SubRip has tags, and no way to escape what only looks like one."""


def plays(track: str | None) -> bool:
    """Whether a player lets people hear what is said on a track: it is the first one, or a channel
    of it."""
    return track is None or is_channel(track)


def tracks_to_read(tracks: Sequence[str | None], track: str | None) -> list[str | None]:
    """Those of a video's tracks whose lines do not overlap: the one that is asked for; by default
    what plays, or else the one that is heard first. Raises NotFound."""
    if track is not None:
        if track not in tracks:
            raise NotFound("nothing is said on a track of this name: the video tells its `tracks`")
        return [track]
    return [name for name in tracks if plays(name)] or list(tracks[:1])


@dataclass(frozen=True)
class SubtitleTrack:
    """A track of subtitles of a video."""

    label: str
    """For people: "German", or "Subtitles" where nothing is known of it."""
    language: str | None
    file: str | None
    """The name of the file beside the video that it was read from; None for one within it."""
    url: str
    """Of its lines, as WebVTT."""
    num_lines: int


def subtitle_tracks(database: Database, video_id: int) -> list[SubtitleTrack]:
    """All tracks of a video, those within the recording first; none of one that is not there."""
    return [
        SubtitleTrack(
            label=track.name or "Subtitles",
            language=track.language,
            file=PurePath(track.path).name if track.path else None,
            url=f"/videos/{video_id}/subtitles/{position}.vtt",
            num_lines=track.num_lines,
        )
        for position, track in enumerate(SubtitleStore(database).headers(video_id))
    ]


def subtitle_lines(database: Database, video_id: int, position: int) -> list[SpokenText]:
    """The lines of one of these tracks. Raises NotFound."""
    store = SubtitleStore(database)
    tracks = store.headers(video_id)
    if position >= len(tracks):
        raise NotFound(f"video {video_id} has no subtitles {position}")
    track = tracks[position]
    return [
        SpokenText(start_s, end_s, text, track.language, track.name)
        for start_s, end_s, text in store.lines(video_id, position)
    ]


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
