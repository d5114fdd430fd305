"""What a video holds: its scenes, and what is said in it, page by page and as files."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, TypeAdapter

from api.deps import DETAIL_TURN, State, StateDep, only_known_parameters
from api.playing.known import Known
from api.playing.sources import Source, sources_of
from api.responses import (
    DescriptionOut,
    KeyframeOut,
    ProblemOut,
    SceneList,
    SceneOut,
    SoundOut,
    SourceOut,
    SpokenOut,
    TimedOut,
    Transcript,
    VideoDetail,
    WordOut,
)
from api.routes.videos import video_out
from api.subtitles import as_subtitles, tracks_to_read
from database.forms import Id
from database.videos.contents import Contents, Place, SceneInfo, SpokenText
from database.videos.read import VideoInfo
from database.videos.streams import SoundStream
from search.results.links import keyframe_url

router = APIRouter(
    prefix="/videos",
    tags=["videos"],
    responses={404: {"model": ProblemOut}},
    dependencies=[Depends(only_known_parameters)],
)
MAX_PAGE = 500
_TIMED = TypeAdapter(list[TimedOut])
VideoId = Annotated[Id, Path()]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Position = Annotated[int, Query(ge=0, le=2**31 - 1, description="`next` of the page before")]
Track = Annotated[
    str | None,
    Query(
        max_length=1000,
        description="One of the video's `tracks`; without it, what players play",
    ),
]


def _is_place(after: str) -> str:
    Place.parse(after)
    return after


After = Annotated[
    str | None,
    Query(max_length=60, description="`next` of the page before"),
    AfterValidator(lambda after: after if after is None else _is_place(after)),
]


@router.get("/{video_id}", operation_id="get_video")
async def get_video(state: StateDep, video_id: VideoId, request: Request) -> VideoDetail:
    """A video with what plays it, its scenes, and the transcript of all its tracks: the first 500
    of each, which `scenes_next` and `transcript_next` go on with."""
    lanes = state.lanes
    video = await lanes.details.run(request, lambda: state.library.get_video(video_id))
    known = Known.of(video)
    if known is None:
        known = await lanes.streams.run(
            request,
            lambda: state.streams.read(video, lambda: state.film(video_id)),
        )
    return await lanes.details.run(request, lambda: _detail(state, video, known))


def _detail(state: State, video: VideoInfo, known: Known) -> VideoDetail:
    video_id, streams = video.id, known.streams
    scenes = _scenes(state, video_id, 0, MAX_PAGE)
    spoken, spoken_next = _spoken(state, video_id, None, MAX_PAGE)
    return VideoDetail(
        **video_out(video),
        sources=[_source_out(source) for source in sources_of(video, streams)],
        sources_reason=known.why_no_more,
        sounds=[_sound_out(sound) for sound in streams.sounds],
        rate=None if streams.picture is None else streams.picture.rate,
        timecode=streams.timecode,
        scenes=scenes["scenes"],
        scenes_next=scenes["next"],
        tracks=[name for name in Contents(state.reader).tracks(video_id) if name is not None],
        transcript=[_spoken_out(line) for line in spoken],
        transcript_next=spoken_next,
    )


@router.get("/{video_id}/scenes", operation_id="list_scenes", dependencies=[DETAIL_TURN])
def scenes(
    state: StateDep, video_id: VideoId, limit: Limit = 100, after: Position = 0
) -> SceneList:
    """The scenes of a video in the order of time, page by page."""
    state.library.get_video(video_id)
    return _scenes(state, video_id, after, limit)


@router.get("/{video_id}/transcript", operation_id="list_spoken", dependencies=[DETAIL_TURN])
def transcript(
    state: StateDep, video_id: VideoId, limit: Limit = 100, after: After = None
) -> Transcript:
    """What is said on all tracks, in the order of time, page by page, with the times of words."""
    state.library.get_video(video_id)
    place = None if after is None else Place.parse(after)
    spoken, following = _spoken(state, video_id, place, limit, with_words=True)
    return Transcript(transcript=[_timed_out(line) for line in spoken], next=following)


@router.get(
    "/{video_id}/transcript.json",
    operation_id="get_transcript",
    response_class=JSONResponse,
    responses={200: {"model": list[TimedOut]}},
    dependencies=[DETAIL_TURN],
)
def transcript_json(state: StateDep, video_id: VideoId, track: Track = None) -> Response:
    """All that is said on one track, with the times of sentences and words."""
    tracks = _tracks(state, video_id, track)
    parts = Contents(state.reader).spoken_in_parts(video_id, tracks)
    # Part by part: a long transcript as objects takes ten times the memory of its text.
    texts = [_TIMED.dump_json([_timed_out(line) for line in part])[1:-1] for part in parts]
    return Response(b"[" + b",".join(texts) + b"]", media_type="application/json")


@router.get(
    "/{video_id}/transcript.{kind}",
    operation_id="get_subtitles",
    response_class=Response,
    dependencies=[DETAIL_TURN],
)
def subtitles(
    state: StateDep, video_id: VideoId, kind: Literal["srt", "vtt"], track: Track = None
) -> Response:
    """What is said on one track, as subtitles."""
    tracks = _tracks(state, video_id, track)
    text = as_subtitles(Contents(state.reader).spoken(video_id, tracks=tracks), kind)
    media_type = "text/vtt" if kind == "vtt" else "application/x-subrip"
    return Response(text, media_type=f"{media_type}; charset=utf-8")


def _scenes(state: State, video_id: int, after: int, limit: int) -> SceneList:
    found = Contents(state.reader).scenes(video_id, after=after, limit=limit + 1)
    return SceneList(
        scenes=[_scene_out(scene) for scene in found[:limit]],
        next=found[limit].position if len(found) > limit else None,
    )


def _spoken(
    state: State, video_id: int, after: Place | None, limit: int, with_words: bool = False
) -> tuple[list[SpokenText], str | None]:
    found = Contents(state.reader).spoken(
        video_id, after=after, limit=limit + 1, with_words=with_words
    )
    return found[:limit], str(found[limit - 1].place) if len(found) > limit else None


def _tracks(state: State, video_id: int, track: str | None) -> list[str | None]:
    """The tracks that a file of a transcript holds. Raises NotFound."""
    state.library.get_video(video_id)
    return tracks_to_read(Contents(state.reader).tracks(video_id), track)


def _source_out(source: Source) -> SourceOut:
    return SourceOut(
        kind=source.kind,
        url=source.url,
        type=source.type,
        codecs=source.codecs,
        reason=source.reason,
        sound=source.sound,
    )


def _sound_out(sound: SoundStream) -> SoundOut:
    return SoundOut(
        codec=sound.codec,
        codec_string=sound.codec_string,
        language=sound.language,
        title=sound.title,
        num_channels=sound.num_channels,
    )


def _spoken_out(spoken: SpokenText) -> SpokenOut:
    return SpokenOut(
        start_s=spoken.start_s,
        end_s=spoken.end_s,
        text=spoken.text,
        language=spoken.language,
        track=spoken.track,
    )


def _timed_out(spoken: SpokenText) -> TimedOut:
    return TimedOut(**_spoken_out(spoken), words=_words_out(spoken))


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
        descriptions=[
            DescriptionOut(time_s=each.time_s, text=each.text, made_by=each.made_by)
            for each in scene.descriptions
        ],
    )
