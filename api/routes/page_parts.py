"""The parts of a long video's page, for the page's own script."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse

from api.deps import DETAIL_TURN, StateDep
from api.routes.contents import After, Position
from api.subtitles import plays, subtitle_tracks
from api.views.parts import Lines, Parts
from api.web.rendering import page
from database.errors import NotFound
from database.forms import Id
from database.videos.contents import Contents, Place

router = APIRouter(
    prefix="/watch/{video_id}",
    include_in_schema=False,
    default_response_class=HTMLResponse,
    dependencies=[DETAIL_TURN],
)
VideoId = Annotated[Id, Path()]


@router.get("/scenes")
def scenes(state: StateDep, video_id: VideoId, after: Position = 0) -> HTMLResponse:
    """Scenes from one on."""
    video = state.library.get_video(video_id)
    return page("_scenes.html", video=video, scenes=Parts(state.reader, video).scenes_from(after))


@router.get("/lines")
def lines(
    state: StateDep,
    video_id: VideoId,
    after: After = None,
    before: After = None,
    track: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
    line: Annotated[int, Query(ge=0, le=2**30)] = 0,
) -> HTMLResponse:
    """What is said after, or before, a line; or a track of subtitles from a line on. Raises
    NotFound."""
    video = state.library.get_video(video_id)
    parts, tracks = Parts(state.reader, video), Contents(state.reader).tracks(video_id)
    found: Lines
    if track is not None:
        subtitles = subtitle_tracks(state.reader, video_id)
        if track >= len(subtitles):
            raise NotFound(f"video {video_id} has no subtitles {track}")
        found = parts.subtitle_lines(track, subtitles, line)
    elif before is not None:
        found = parts.lines_before(Place.parse(before))
    else:
        found = parts.lines_after(Place.parse(after) if after else Place(0, 0))
    played = [name for name in tracks if plays(name)]
    return page("_lines.html", video=video, lines=found, tracks=tracks, played=played)
