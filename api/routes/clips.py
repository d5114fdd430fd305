"""Clips: a part of a video as a file, for editors and for sending on."""

from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.deps import State, StateDep, only_known_parameters
from api.hang_up import unless_gone
from api.media import attachment, stream_file
from api.playing.clips import FORMAT, Cut, clip_in
from api.requests import ClipIn, SceneClipIn, VideoClipIn
from api.responses import ProblemOut
from database.forms import Id
from database.videos.contents import Contents
from database.videos.read import VideoInfo
from ingest.playing.zipped import clip_name
from search.errors import InvalidQuery

_ROUNDED_S = 0.5
"""Players and pages round a length: a clip may end so much later than its video."""
router = APIRouter(
    tags=["videos"],
    responses={s: {"model": ProblemOut} for s in (404, 416, 422, 429, 503)},
    dependencies=[Depends(only_known_parameters)],
)
Given = Annotated[Id, Path()]


@router.head("/videos/{video_id}/clip.mp4", include_in_schema=False)
@router.get("/videos/{video_id}/clip.mp4", operation_id="get_video_clip", response_class=Response)
async def video_clip(
    state: StateDep, video_id: Given, form: Annotated[VideoClipIn, Query()], request: Request
) -> Response:
    """A part of a video as an MP4: encoded anew and exact to the frame, or copied and quick, from
    the I-frame before on. It is made when it is asked for; the answer begins when it is whole."""

    def find() -> Cut:
        video = state.library.get_video(video_id)
        if form.to_s > video.duration_s + _ROUNDED_S:
            raise InvalidQuery(
                f"video {video_id} is {video.duration_s:.3f} s long: to_s is at most that"
            )
        return _cut(video, form.from_s, form.to_s, form)

    return await _respond(state, find, request)


@router.head("/scenes/{scene_id}/clip.mp4", include_in_schema=False)
@router.get("/scenes/{scene_id}/clip.mp4", operation_id="get_scene_clip", response_class=Response)
async def scene_clip(
    state: StateDep, scene_id: Given, form: Annotated[SceneClipIn, Query()], request: Request
) -> Response:
    """A scene as an MP4, with as much before and after it as is asked for and there."""

    def find() -> Cut:
        video_id, start_s, end_s = Contents(state.reader).span_of(scene_id)
        video = state.library.get_video(video_id)
        return _cut(video, start_s - form.pad_s, end_s + form.pad_s, form)

    return await _respond(state, find, request)


async def _respond(state: State, find: Callable[[], Cut], request: Request) -> Response:
    """The file of a clip; waiting for it takes no lane. Raises InvalidQuery, NotFound,
    HTTPException, ClientGone, Busy, QueueFull."""
    cut = await state.lanes.films.run(request, find)
    making = state.clips.made(cut, lambda: state.film(cut.video.id))
    folder = await unless_gone(request, making)
    return await state.lanes.films.run(request, lambda: _file_of(cut, folder, request))


def _cut(video: VideoInfo, start_s: float, end_s: float, form: ClipIn) -> Cut:
    """Raises InvalidQuery."""
    start_s, end_s = max(0.0, start_s), min(end_s, video.duration_s)
    if start_s >= end_s:
        raise InvalidQuery(f"video {video.id} is {video.duration_s:.3f} s long: begin before that")
    if video.audio_codec is None and form.sound is not None:
        raise InvalidQuery(f"video {video.id} has no sound: leave out sound")
    sounds = () if video.audio_codec is None else (form.sound or 0,)
    return Cut(video, start_s, end_s, form.kind == "exact", sounds)


def _file_of(cut: Cut, folder: FilePath, request: Request) -> Response:
    path, made = clip_in(folder)
    answer = stream_file(path, "video/mp4", f'"{FORMAT}-{cut.name}"', request)
    name = clip_name(cut.video.title, cut.start_s, cut.end_s)
    answer.headers["Content-Disposition"] = attachment(name.removesuffix(".mp4"), ".mp4")
    answer.headers["X-Clip-Start-S"] = f"{made.start_s:.3f}"
    answer.headers["X-Clip-End-S"] = f"{made.end_s:.3f}"
    answer.headers["X-Clip-Starts-Earlier-S"] = f"{max(0.0, cut.start_s - made.start_s):.3f}"
    return answer
