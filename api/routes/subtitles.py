"""Subtitles of videos: those within a recording, and those that lay beside it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from api.deps import DETAIL_TURN, StateDep
from api.responses import ProblemOut, SpokenOut
from api.subtitles import as_subtitles, subtitle_lines, subtitle_tracks
from database.forms import MAX_ID, Id
from search.results.json import exact

router = APIRouter(
    prefix="/videos/{video_id}/subtitles",
    tags=["videos"],
    responses={404: {"model": ProblemOut}},
    dependencies=[DETAIL_TURN],
)


@exact
class SubtitlesOut(TypedDict):
    """A track of subtitles."""

    name: str
    """For people, such as "German" or "English, forced"."""
    language: str | None
    file: str | None
    """The name of the file beside the video that it was read from; null for one within it."""
    num_lines: int
    url: str
    """Of its lines, as WebVTT; with another suffix as SubRip (`.srt`) and JSON (`.json`)."""


VideoId = Annotated[Id, Path()]
Position = Annotated[int, Path(ge=0, le=MAX_ID, description="Of the track, from 0")]


@router.get("", operation_id="list_subtitle_tracks")
def list_tracks(state: StateDep, video_id: VideoId) -> list[SubtitlesOut]:
    """The tracks of subtitles of a video, those within the recording first."""
    state.library.get_video(video_id)
    return [
        SubtitlesOut(
            name=track.label,
            language=track.language,
            file=track.file,
            num_lines=track.num_lines,
            url=track.url,
        )
        for track in subtitle_tracks(state.reader, video_id)
    ]


@router.get("/{position}.json", operation_id="get_subtitle_lines")
def as_json(state: StateDep, video_id: VideoId, position: Position) -> list[SpokenOut]:
    """The lines of a track with their times."""
    return [
        SpokenOut(
            start_s=line.start_s,
            end_s=line.end_s,
            text=line.text,
            language=line.language,
            track=line.track,
        )
        for line in subtitle_lines(state.reader, video_id, position)
    ]


@router.get("/{position}.{kind}", operation_id="get_subtitle_track", response_class=Response)
def as_file(
    state: StateDep, video_id: VideoId, position: Position, kind: Literal["srt", "vtt"]
) -> Response:
    """A track as a file of subtitles; nothing in it is markup."""
    text = as_subtitles(subtitle_lines(state.reader, video_id, position), kind)
    media_type = "text/vtt" if kind == "vtt" else "application/x-subrip"
    return Response(text, media_type=f"{media_type}; charset=utf-8")
