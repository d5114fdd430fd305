"""What lies where in a video: the moments of a query, and stills at equal steps."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath

from api.deps import SEARCH_TURN, State, StateDep, only_known_parameters
from api.hang_up import unless_gone
from api.media import stream_file
from api.requests import MomentsIn
from api.responses import MomentOut, MomentsOut, ProblemOut
from api.sprites import Making, made
from database.errors import NotFound
from database.forms import Id
from database.queries.filters import Filters
from database.videos.read import VideoInfo
from ingest.media.sprites import FORMAT, INDEX, MAX_SHEETS
from search.query.query import MAX_AT_ONCE, Shape
from search.results.hits import SearchHit
from search.results.links import keyframe_url
from search.results.moments import moments_of, whole

router = APIRouter(
    prefix="/videos",
    tags=["videos"],
    responses={status: {"model": ProblemOut} for status in (404, 422, 429, 503)},
    dependencies=[Depends(only_known_parameters)],
)
VideoId = Annotated[Id, InPath()]
SheetNumber = Annotated[int, InPath(ge=0, lt=MAX_SHEETS)]


@router.get("/{video_id}/moments", operation_id="get_moments", dependencies=[SEARCH_TURN])
def moments(state: StateDep, video_id: VideoId, form: Annotated[MomentsIn, Query()]) -> MomentsOut:
    """All that a query finds in a video, in order of time."""
    state.library.get_video(video_id)
    here, shape = Filters(video_ids=(video_id,)), whole(Shape())
    answer = state.multi_modal.search(
        form.q, mode=form.mode, filters=here, shape=shape, most=MAX_AT_ONCE
    )
    return MomentsOut(
        query=answer.query.text,
        mode=answer.query.mode,
        degraded=answer.degraded,
        reasons=list(answer.reasons),
        confident=answer.confident,
        moments=[_moment_out(hit) for hit in moments_of(answer, video_id)],
    )


@router.head("/{video_id}/sprites.vtt", include_in_schema=False)
@router.get("/{video_id}/sprites.vtt", operation_id="get_sprites", response_class=Response)
async def sprites(state: StateDep, video_id: VideoId, request: Request) -> Response:
    """Which part of which sheet of stills shows which time, as WebVTT; the sheets are made when
    they are first asked for. Without a cue, but with a note that tells why, if the file has gone
    or cannot be decoded."""
    video, making = await _sheets(state, video_id, request)
    try:
        return await _part(state, video, making, INDEX, "text/vtt; charset=utf-8", request)
    except NotFound as error:  # no error: a page cannot know before it asks
        note = " ".join(str(error).split()).replace("-->", "→")
        headers = {"Cache-Control": "private, no-cache"}
        return Response(f"WEBVTT\n\nNOTE {note}\n", media_type="text/vtt", headers=headers)


@router.head("/{video_id}/sprites/{number}.jpg", include_in_schema=False)
@router.get(
    "/{video_id}/sprites/{number}.jpg", operation_id="get_sprite_sheet", response_class=Response
)
async def sprite_sheet(
    state: StateDep, video_id: VideoId, number: SheetNumber, request: Request
) -> Response:
    """A sheet of up to a hundred stills, ten in a row."""
    video, making = await _sheets(state, video_id, request)
    return await _part(state, video, making, f"{number}.jpg", "image/jpeg", request)


async def _part(
    state: State, video: VideoInfo, making: Making, name: str, media_type: str, request: Request
) -> Response:
    """A file of a video's sheets; waiting for them takes no thread. Raises NotFound,
    HTTPException, ClientGone, Busy, QueueFull."""
    path = await unless_gone(request, made(making)) / name
    etag = f'"{video.content_hash}-{FORMAT}-{name}"'
    gone = f"video {video.id} has no sheet {name}: sprites.vtt names those it has"
    return await state.lanes.stills.run(
        request, lambda: stream_file(path, media_type, etag, request, gone)
    )


async def _sheets(state: State, video_id: int, request: Request) -> tuple[VideoInfo, Making]:
    """A video, and its sheets, which may have to be made. Raises NotFound, Busy, QueueFull."""

    def find() -> tuple[VideoInfo, Making]:
        video = state.library.get_video(video_id)
        if video.video_codec is None:
            raise NotFound(f"video {video.id} has no pictures")
        return video, state.sprites.find(video, lambda: state.film(video_id))

    return await state.lanes.stills.run(request, find)


def _moment_out(hit: SearchHit) -> MomentOut:
    moment = hit.evidence[0].moment
    scene_id = hit.scene.scene_id
    return MomentOut(
        scene_id=scene_id,
        start_s=round(hit.start_s, 3),
        end_s=round(hit.end_s, 3),
        score=round(hit.score, 4),
        weak=hit.weak,
        kind=moment.kind,
        text=moment.text,
        track=moment.track,
        made_by=moment.made_by,
        keyframe_url=keyframe_url(scene_id, moment.start_s) if hit.video.has_pictures else None,
    )
