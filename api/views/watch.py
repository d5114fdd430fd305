"""The page of a video at a moment."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from api.codecs import codec_name
from api.deps import State
from api.shrinking import ingest_command
from api.subtitles import plays, subtitle_tracks
from api.views.cards import watch_url
from api.views.form import PageForm, read_form
from api.views.moments import Found, find_moments, strip_of
from api.views.parts import Parts
from api.views.why import Why, why_here
from api.web.rendering import clock, page
from database.errors import NotFound, ObjectRefused, ObjectsUnreachable
from database.videos.contents import Contents
from database.videos.file_clock import FileClock
from database.videos.read import VideoInfo
from search.results.links import keyframe_url, stream_url


@dataclass(frozen=True)
class Moment:
    """What plays: [start_s, end_s), or on to the end of the video."""

    start_s: float
    end_s: float | None
    note: str | None = None
    """Why it is not what the address asks for."""

    @classmethod
    def within(cls, duration_s: float, start_s: float, end_s: float | None) -> "Moment":
        """The moment of an address, as far as the video has it."""
        if start_s >= duration_s:
            return cls(
                0.0,
                None,
                f"The address leads to {clock(start_s)}, and this video ends at "
                f"{clock(duration_s)}: it plays from its beginning.",
            )
        if end_s is not None and end_s <= start_s:
            return cls(
                start_s, None, "The address ends before it begins: the video plays on from there."
            )
        return cls(start_s, None if end_s is None else min(end_s, duration_s))


@dataclass(frozen=True)
class MediaFile:
    """The file as people see it."""

    path: str
    name: str
    suffix: str
    """The kind of file: MKV."""
    size_bytes: int | None
    gone: str | None
    """Why it cannot be played by anybody, if so."""
    picture: str | None
    """Its codec, in words."""
    sound: str | None

    @property
    def codecs(self) -> str:
        """Both, in words."""
        return ", ".join(filter(None, (self.picture, self.sound)))

    @classmethod
    def of(cls, state: State, video: VideoInfo) -> "MediaFile":
        """The file of a video."""
        size_bytes, gone = None, None
        try:
            size_bytes = state.intact(video.id).size_bytes
        except (NotFound, ObjectRefused, ObjectsUnreachable) as error:
            gone = str(error)
        name = PurePath(video.path)
        return cls(
            path=video.path,
            name=name.name,
            suffix=name.suffix.removeprefix(".").upper(),
            size_bytes=size_bytes,
            gone=gone,
            picture=codec_name(video.video_codec) if video.video_codec else None,
            sound=codec_name(video.audio_codec) if video.audio_codec else None,
        )


async def watch_page(
    state: State, request: Request, video_id: int, start_s: float, end_s: float | None, query: str
) -> HTMLResponse:
    """The page of a video. For the page's own script, which names it in X-Fragment: what stands
    around the player, or of that only what changes with the moment. Raises NotFound, Busy,
    QueueFull, ClientGone."""
    found = await find_moments(state, request, _form(request, query), video_id)
    return await state.lanes.pages.run(
        request, lambda: _page(state, request, video_id, start_s, end_s, query, found)
    )


def _page(
    state: State,
    request: Request,
    video_id: int,
    start_s: float,
    end_s: float | None,
    query: str,
    found: Found,
) -> HTMLResponse:
    video = state.library.get_video(video_id)
    fragment = request.headers.get("x-fragment")
    moment = Moment.within(video.duration_s, start_s, end_s)
    own_clock = FileClock.of(video.clock)
    form = _form(request, query)
    why = why_here(found, moment.start_s, moment.end_s)
    here: dict[str, Any] = {
        "fragment": fragment,
        "video": video,
        "file": MediaFile.of(state, video),
        "moment": moment,
        "own_origin": state.database.origin,
        "ingest_command": ingest_command(video.path),
        "own_clock": own_clock,
        "clock_note": clock_note(own_clock),
        "still_url": _still_url(state, video_id, moment.start_s),
        "why": why,
        "unheard": _unheard(why),
        "strip": strip_of(found, video, form.q, moment.start_s),
    }
    if fragment == "moment":
        return page("_moment.html", **here)
    tracks = Contents(state.reader).tracks(video_id)
    subtitles = subtitle_tracks(state.reader, video_id)
    reader = Parts(state.reader, video, query)
    return page(
        "_video.html" if fragment else "watch.html",
        **here,
        stream_url=stream_url(video_id, own_clock, moment.start_s, moment.end_s),
        scenes=reader.scenes_at(moment.start_s, every="all" in request.query_params),
        all_scenes_url=f"{watch_url(video_id, start_s, end_s, query)}&all=1#scenes",
        subtitles=subtitles,
        lines=reader.lines_at(moment.start_s, tracks, subtitles),
        tracks=tracks,
        played=[track for track in tracks if plays(track)],
        query=query,
        form=form,
    )


def _unheard(why: Sequence[Why]) -> str | None:
    """The sound track of what was found, if no player lets people hear it."""
    tracks = [reason.track for each in why for reason, _how_much in each.reasons[:1]]
    return next((track for track in tracks if not plays(track)), None)


def clock_note(own: FileClock) -> str | None:
    """What people have to know of a file's own clock, by which the browser's player goes."""
    if own.clear_until_s <= 0:
        return "Picture and sound of this file go by different clocks, which browsers cannot join."
    if own.clear_until_s < math.inf:
        return (
            f"The clock of this file starts again at {clock(own.clear_until_s)}: browsers play at "
            "most what comes before, and may show another moment of the same time."
        )
    if own.pairs[0][1] >= 1:
        begin = clock(own.pairs[0][1])
        return f"The player's own bar tells the time by the file's clock, which begins at {begin}."
    return None


def _form(request: Request, query: str) -> PageForm:
    """The search that led here, whose filters and weights the page's script passes on."""
    try:
        return read_form(request)
    except ValidationError:  # nothing that this page is about
        return PageForm(q=query[:1000])


def _still_url(state: State, video_id: int, start_s: float) -> str | None:
    """Of the scene in which a moment begins."""
    scene_id = state.library.find_scene_shown(video_id, start_s)
    if scene_id is None:
        return None
    return keyframe_url(scene_id, start_s)
