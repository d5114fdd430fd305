"""Videos: lists, scenes, transcripts, and the files themselves."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.deps import State, StateDep, own_origin
from api.media import media_type_of, stream_file
from api.requests import TagsIn
from api.responses import (
    AgainOut,
    KeyframeOut,
    ProblemOut,
    SceneOut,
    SpokenOut,
    TimedOut,
    VideoDetail,
    VideoList,
    VideoOut,
    WordOut,
)
from api.shrinking import forget_video, ingest_command, set_again
from api.subtitles import as_subtitles, lines_of, tracks_of
from database.forms import MAX_ID, Id
from database.videos.places import uri_of
from database.videos.read import SceneInfo, SpokenText, VideoInfo
from search.results.links import keyframe_url

router = APIRouter(prefix="/videos", tags=["videos"], responses={404: {"model": ProblemOut}})
VideoId = Annotated[Id, Path()]
_WRITES: dict[int | str, dict[str, Any]] = {
    403: {"model": ProblemOut},
    422: {"model": ProblemOut},
}
Track = Annotated[
    str | None,
    Query(
        max_length=1000,
        description="One of the video's `tracks`; without it, what players play",
    ),
]


@router.get("", operation_id="list_videos")
def list_videos(
    state: StateDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[int, Query(ge=0, le=MAX_ID, description="`next` of the page before")] = 0,
) -> VideoList:
    """The videos of the library, page by page, in the order in which they came."""
    videos = state.library.list_videos(limit=limit + 1, after_id=after)
    more = len(videos) > limit
    return VideoList(
        videos=[_video_out(video) for video in videos[:limit]],
        next=videos[limit - 1].id if more else None,
    )


@router.get("/{video_id}", operation_id="get_video")
def get_video(state: StateDep, video_id: VideoId) -> VideoDetail:
    """A video with its scenes, and the transcript of all its tracks."""
    video = state.library.get_video(video_id)
    transcript = state.library.transcript(video_id)
    return VideoDetail(
        **_video_out(video),
        scenes=[_scene_out(scene) for scene in state.library.scenes(video_id)],
        tracks=[name for name in tracks_of(transcript) if name is not None],
        transcript=[_spoken_out(spoken) for spoken in transcript],
    )


@router.get("/{video_id}/transcript.json", operation_id="get_transcript")
def transcript_json(state: StateDep, video_id: VideoId, track: Track = None) -> list[TimedOut]:
    """What is said on one track, with the times of sentences and words."""
    return [
        TimedOut(**_spoken_out(spoken), words=_words_out(spoken))
        for spoken in _lines(state, video_id, track)
    ]


@router.get("/{video_id}/transcript.{kind}", operation_id="get_subtitles", response_class=Response)
def subtitles(
    state: StateDep, video_id: VideoId, kind: Literal["srt", "vtt"], track: Track = None
) -> Response:
    """What is said on one track, as subtitles."""
    text = as_subtitles(_lines(state, video_id, track), kind)
    media_type = "text/vtt" if kind == "vtt" else "application/x-subrip"
    return Response(text, media_type=f"{media_type}; charset=utf-8")


@router.head("/{video_id}/stream", include_in_schema=False)
@router.get("/{video_id}/stream", operation_id="stream_video", response_class=Response)
def stream(state: StateDep, video_id: VideoId, request: Request) -> Response:
    """The file, whole or one range of it; browsers play and seek it."""
    video = state.library.get_video(video_id)
    path = state.library.get_intact_path(video_id)
    return stream_file(path, media_type_of(video), f'"{video.content_hash}"', request)


@router.put(
    "/{video_id}/tags",
    operation_id="put_tags",
    responses=_WRITES,
    dependencies=[Depends(own_origin)],
)
def put_tags(state: StateDep, video_id: VideoId, body: TagsIn) -> TagsIn:
    """Gives a video these tags instead of those it has."""
    return TagsIn(tags=tuple(state.tags.put(video_id, body.tags)))


@router.delete(
    "/{video_id}",
    operation_id="forget_video",
    status_code=204,
    responses=_WRITES | {503: {"model": ProblemOut}},
    dependencies=[Depends(own_origin)],
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
    dependencies=[Depends(own_origin)],
)
def make_anew(state: StateDep, video_id: VideoId) -> AgainOut:
    """Has the next ingest of its file make a video anew, on the host that has it. Until then it
    is found as it is; its id and tags stay."""
    return _again_out(set_again(state, video_id, again=True))


@router.delete(
    "/{video_id}/again",
    operation_id="leave_as_it_is",
    responses=_WRITES,
    dependencies=[Depends(own_origin)],
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


def _lines(state: State, video_id: int, track: str | None) -> list[SpokenText]:
    """The transcript of a track. Raises NotFound."""
    state.library.get_video(video_id)
    return lines_of(state.library.transcript(video_id), track)


def _video_out(video: VideoInfo) -> VideoOut:
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


def _spoken_out(spoken: SpokenText) -> SpokenOut:
    return SpokenOut(
        start_s=spoken.start_s,
        end_s=spoken.end_s,
        text=spoken.text,
        language=spoken.language,
        track=spoken.track,
    )


def _words_out(spoken: SpokenText) -> list[WordOut] | None:
    if spoken.words is None:
        return None
    ends = [first for first, _, _ in spoken.words[1:]] + [len(spoken.text)]
    return [
        WordOut(first=first, text=spoken.text[first:end].rstrip(), start_s=start_s, end_s=end_s)
        for (first, start_s, end_s), end in zip(spoken.words, ends, strict=True)
    ]


def _scene_out(scene: SceneInfo) -> SceneOut:
    return SceneOut(
        id=scene.id,
        start_s=scene.start_s,
        end_s=scene.end_s,
        keyframes=[
            KeyframeOut(time_s=time_s, url=keyframe_url(scene.id, time_s))
            for time_s, _path in scene.keyframes
        ],
        on_screen_text=list(scene.on_screen_text),
    )
