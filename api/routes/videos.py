"""Videos: lists, the files themselves, tags, and what is forgotten or made anew."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.deps import DETAIL_TURN, FILM_TURN, REMOVAL_TURN, StateDep
from api.media import lent, media_type_of, stream_file, stream_object
from api.requests import TagsIn
from api.responses import (
    AgainOut,
    ProblemOut,
    VideoList,
    VideoOut,
)
from api.shrinking import forget_video, ingest_command, set_again
from database.forms import MAX_ID, Id
from database.videos.places import uri_of
from database.videos.read import IntactFile, VideoInfo

router = APIRouter(prefix="/videos", tags=["videos"], responses={404: {"model": ProblemOut}})
VideoId = Annotated[Id, Path()]
_WRITES: dict[int | str, dict[str, Any]] = {
    403: {"model": ProblemOut},
    422: {"model": ProblemOut},
}


@router.get("", operation_id="list_videos", dependencies=[DETAIL_TURN])
def list_videos(
    state: StateDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[int, Query(ge=0, le=MAX_ID, description="`next` of the page before")] = 0,
) -> VideoList:
    """The videos of the library, page by page, in the order in which they came."""
    videos = state.library.list_videos(limit=limit + 1, after_id=after)
    more = len(videos) > limit
    return VideoList(
        videos=[video_out(video) for video in videos[:limit]],
        next=videos[limit - 1].id if more else None,
    )


@router.head("/{video_id}/stream", include_in_schema=False, dependencies=[FILM_TURN])
@router.get(
    "/{video_id}/stream",
    operation_id="stream_video",
    response_class=Response,
    dependencies=[FILM_TURN],
)
def stream(state: StateDep, video_id: VideoId, request: Request) -> Response:
    """The file, whole or one range of it; browsers play and seek it."""
    video = state.library.get_video(video_id)
    film = state.intact(video_id)
    etag = f'"{video.content_hash}"'
    if isinstance(film, IntactFile):
        return stream_file(film.real, media_type_of(video), etag, request, ingested=film)
    valid_s = state.settings.api_presigned_s
    # The policy of the server's own pages lets them play nothing from elsewhere.
    # The URL is signed for GET alone.
    is_own = request.headers.get("sec-fetch-site") == "same-origin"
    if valid_s and not is_own and request.method == "GET":
        return lent(film, timedelta(seconds=valid_s))
    return stream_object(film, media_type_of(video), etag, request)


@router.put(
    "/{video_id}/tags",
    operation_id="put_tags",
    responses=_WRITES,
    dependencies=[DETAIL_TURN],
)
def put_tags(state: StateDep, video_id: VideoId, body: TagsIn) -> TagsIn:
    """Gives a video these tags instead of those it has."""
    return TagsIn(tags=tuple(state.tags.put(video_id, body.tags)))


@router.delete(
    "/{video_id}",
    operation_id="forget_video",
    status_code=204,
    responses=_WRITES | {503: {"model": ProblemOut}},
    dependencies=[REMOVAL_TURN],
)
def forget(state: StateDep, video_id: VideoId) -> None:
    """Removes a video from the library. If its file is still there, the next ingest of its folder
    makes it anew, under another id."""
    forget_video(state, video_id)


@router.post(
    "/{video_id}/again",
    operation_id="make_anew",
    status_code=202,
    responses=_WRITES,
    dependencies=[DETAIL_TURN],
)
def make_anew(state: StateDep, video_id: VideoId) -> AgainOut:
    """Has the next ingest of its file make a video anew, on the host that has it. Until then it
    is found as it is; its id and tags stay."""
    return _again_out(set_again(state, video_id, again=True))


@router.delete(
    "/{video_id}/again",
    operation_id="leave_as_it_is",
    responses=_WRITES,
    dependencies=[DETAIL_TURN],
)
def leave_as_it_is(state: StateDep, video_id: VideoId) -> AgainOut:
    """Takes back that a video is to be made anew."""
    return _again_out(set_again(state, video_id, again=False))


def _again_out(video: VideoInfo) -> AgainOut:
    return AgainOut(
        id=video.id,
        again=video.again,
        uri=uri_of(video.origin, video.path),
        command=ingest_command(video.path),
        missing_since=video.missing_since.isoformat() if video.missing_since else None,
    )


def video_out(video: VideoInfo) -> VideoOut:
    """A video as the API answers it."""
    return VideoOut(
        id=video.id,
        path=video.path,
        uri=uri_of(video.origin, video.path),
        missing_since=video.missing_since.isoformat() if video.missing_since else None,
        again=video.again,
        title=video.title,
        duration_s=video.duration_s,
        recorded_at=video.recorded_at.isoformat() if video.recorded_at else None,
        status=video.status,
        reason=video.reason,
        notes=list(video.notes),
        clock=None if video.clock is None else list(video.clock),
        width_px=video.width_px,
        height_px=video.height_px,
        frame_rate=video.frame_rate,
        container=video.container,
        video_codec=video.video_codec,
        audio_codec=video.audio_codec,
        language=video.language,
        num_scenes=video.num_scenes,
        tags=list(video.tags),
        ingested_at=video.ingested_at.isoformat(),
        stream_url=f"/videos/{video.id}/stream",
    )
