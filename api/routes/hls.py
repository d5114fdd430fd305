"""HLS: videos that browsers do not play as they are, in segments that are made when they are asked
for."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi import Path as InPath

from api.deps import State, StateDep, only_known_parameters
from api.hang_up import unless_gone
from api.media import is_named, stream_file, unless_had
from api.playing.conversions import Film
from api.playing.playlists import MEDIA_TYPE, converted_playlist, copied_playlist
from api.responses import ProblemOut
from database.errors import NotFound
from database.forms import Id
from ingest.playing.store import INIT, Kind, Variant

MAX_SOUNDS = 1000
MAX_SEGMENTS = 10**6
_EVICTED = "others were watched meanwhile, and this segment went; ask for it again"

router = APIRouter(
    prefix="/videos/{video_id}/hls/{kind}/{sound}",
    tags=["videos"],
    responses={status: {"model": ProblemOut} for status in (404, 422, 429, 503)},
    dependencies=[Depends(only_known_parameters)],
)
VideoId = Annotated[Id, InPath()]
InKind = Annotated[Kind, InPath(description="as in `sources` of the video")]
Sound = Annotated[int, InPath(ge=0, lt=MAX_SOUNDS, description="which of `sounds` of the video")]
SegmentNumber = Annotated[int, InPath(ge=0, lt=MAX_SEGMENTS)]


@router.head("/index.m3u8", include_in_schema=False)
@router.get("/index.m3u8", operation_id="get_playlist", response_class=Response)
async def playlist(
    state: StateDep, video_id: VideoId, kind: InKind, sound: Sound, request: Request
) -> Response:
    """The segments of a video, as players of HLS read it. A copied one is read once as a whole for
    it; if that takes longer than a request waits, 503 says when to ask again. 404 tells why a
    video cannot be copied: then it can be converted."""
    film = await _film(state, video_id, kind, sound, request)
    if kind == "copied":
        text = copied_playlist(await unless_gone(request, state.conversions.layout(film)))
    else:
        text = converted_playlist(film.video.duration_s)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_named(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(text, headers=headers, media_type=MEDIA_TYPE)


@router.head("/init.mp4", include_in_schema=False)
@router.get("/init.mp4", operation_id="get_init_segment", response_class=Response)
async def init(
    state: StateDep, video_id: VideoId, kind: InKind, sound: Sound, request: Request
) -> Response:
    """What all segments begin with: which streams there are."""
    film = await _film(state, video_id, kind, sound, request)
    return await _answer(state, film, INIT, lambda: state.conversions.init(film), request)


@router.head("/{number}.m4s", include_in_schema=False)
@router.get("/{number}.m4s", operation_id="get_segment", response_class=Response)
async def segment(
    state: StateDep,
    video_id: VideoId,
    kind: InKind,
    sound: Sound,
    number: SegmentNumber,
    request: Request,
) -> Response:
    """A segment of fragmented MP4, made when it is first asked for; then those that follow are made
    as well, for as long as somebody asks for them. Two videos are worked on at a time: for more,
    503 says when to ask again."""
    film = await _film(state, video_id, kind, sound, request)

    def make() -> Awaitable[Path]:
        return state.conversions.segment(film, number)

    return await _answer(state, film, f"{number}.m4s", make, request)


async def _answer(
    state: State, film: Film, name: str, make: Callable[[], Awaitable[Path]], request: Request
) -> Response:
    """A file of a film, as soon as it is made; nothing is made for who has it. Raises NotFound,
    HTTPException, ClientGone, Busy, QueueFull."""
    etag = f'"{film.variant.content_hash}-{film.variant.name}-{name}"'
    if (unchanged := unless_had(request, etag)) is not None:
        return unchanged
    path = await unless_gone(request, make())
    return await state.lanes.stills.run(
        request, lambda: stream_file(path, "video/mp4", etag, request, _EVICTED)
    )


async def _film(state: State, video_id: int, kind: Kind, sound: int, request: Request) -> Film:
    """What is played. Raises NotFound, Busy, QueueFull."""

    def find() -> Film:
        video = state.library.get_video(video_id)
        settings = state.settings
        state.library.require_within(video_id, settings.media_roots, settings.media_places)
        sounds = 1 if video.streams is None else len(video.streams.sounds)
        has_sound = video.audio_codec is not None and sounds > 0
        if sound >= max(1, sounds):
            raise NotFound(f"video {video_id} has no sound track {sound}: `sounds` lists them")
        return Film(
            video,
            Variant(video.content_hash, kind, sound, state.settings.ingest_converted_lines),
            sound if has_sound else None,
            lambda: state.film(video_id),
        )

    return await state.lanes.stills.run(request, find)
