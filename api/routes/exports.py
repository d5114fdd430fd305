"""Exports: hits and selections as files for editors, tables and clips."""

import functools
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from api.deps import State, StateDep, only_known_parameters
from api.hang_up import unless_gone
from api.media import attachment
from api.playing.clips import Cut
from api.playing.zips import MAX_CLIPS, MAX_ZIP_S, zipped
from api.requests import ExportIn, SelectedIn
from api.responses import ProblemOut
from api.routes.search import answer_to
from database.videos.read import VideoInfo
from ingest.playing.zipped import safe_name
from search.errors import InvalidQuery
from search.exports.edit import Edit, make_edit
from search.exports.formats import FORMATS
from search.exports.selections import Selection, selections_of, selections_of_scenes
from search.exports.writing import WRITERS

NOTES = "X-Export-Notes"
_WITHOUT_FRAMES = ("zip", "srt", "vtt")
_MAX_READ = 10
"""Videos that an export reads for their frame rates; it says of others that they are averages."""
_FILE: dict[str, Any] = {
    "description": "The file",
    "content": {
        **{
            kind.media_type: {"schema": {"type": "string", "format": "binary"}}
            for kind in FORMATS.values()
        },
        "application/json": {
            "schema": {"type": "object"},
            "example": {"title": "drilling", "rate": "25", "notes": [], "selections": []},
        },
    },
    "headers": {
        "Content-Disposition": {
            "description": "The file's name",
            "schema": {"type": "string"},
        },
        NOTES: {
            "description": "What to know of it, such as a frame rate that is an average: a list of "
            "texts, as JSON in ASCII; absent where there is nothing",
            "schema": {"type": "string"},
        },
    },
}
router = APIRouter(
    prefix="/exports",
    tags=["exports"],
    responses={200: _FILE, **{s: {"model": ProblemOut} for s in (404, 413, 422, 429, 503)}},
    dependencies=[Depends(only_known_parameters)],
)


@router.post("", operation_id="export", response_class=Response)
async def export(state: StateDep, body: ExportIn, request: Request) -> Response:
    """Selections, or the hits of a search, as a file: cuts in exact frames with the source's own
    timecode, tables, subtitles, or a zip of clips, which is sent while they are made."""
    lane = state.lanes.details if body.search is None else state.lanes.searches
    edit = await lane.run(request, lambda: _edit(state, body))
    if body.format not in _WITHOUT_FRAMES and await _read_unknown(state, edit, request):
        edit = await lane.run(request, lambda: _edit(state, body))
    if body.format == "zip":
        return await _zip(state, body, edit, request)
    text = await state.lanes.details.run(request, lambda: WRITERS[body.format](edit))
    media_type = f"{FORMATS[body.format].media_type}; charset=utf-8"
    return Response(text, headers=_headers(body, edit), media_type=media_type)


async def _read_unknown(state: State, edit: Edit, request: Request) -> bool:
    """Reads the frame rates of videos of which no ingest has kept them; whether there were any."""
    unknown = {cut.video.id: cut.video for cut in edit.cuts if cut.video.streams is None}
    for video in list(unknown.values())[:_MAX_READ]:
        await state.lanes.streams.run(request, functools.partial(_read, state, video))
    return bool(unknown)


def _read(state: State, video: VideoInfo) -> None:
    state.streams.read(video, lambda: state.film(video.id))


def _edit(state: State, body: ExportIn) -> Edit:
    if body.search is not None:
        selections = selections_of(answer_to(state, body.search))
    else:
        selections = _selections(state, body)
    title = body.title or body.query or (body.search.query if body.search else "")
    return make_edit(state.reader, selections, title=title, handles_s=body.handles_s)


def _selections(state: State, body: ExportIn) -> list[Selection]:
    whole = [s.scene_id for s in body.selections if s.video_id is None and s.scene_id is not None]
    scenes = selections_of_scenes(state.reader, whole)
    return [_selection(selected, scenes, body.query or None) for selected in body.selections]


def _selection(selected: SelectedIn, scenes: dict[int, Selection], query: str | None) -> Selection:
    video_id, start_s, end_s = selected.video_id, selected.start_s, selected.end_s
    if video_id is None or start_s is None or end_s is None:
        assert selected.scene_id is not None  # or the form would have been refused
        scene = scenes[selected.scene_id]
        video_id, start_s, end_s = scene.video_id, scene.start_s, scene.end_s
    found_by = selected.query or query
    return Selection(video_id, start_s, end_s, selected.scene_id, selected.name, found_by)


async def _zip(state: State, body: ExportIn, edit: Edit, request: Request) -> Response:
    """The clips, from the first one on; until that is there, nothing is sent."""
    total_s = sum(cut.end_s - cut.start_s for cut in edit.cuts)
    if len(edit.cuts) > MAX_CLIPS or total_s > MAX_ZIP_S:
        raise InvalidQuery(
            f"a zip has {MAX_CLIPS} clips at most, of {MAX_ZIP_S / 60:.0f} minutes together, and "
            f"these are {len(edit.cuts)} of {total_s / 60:.1f}: choose fewer, or export them with "
            "python -m search QUERY --export hits.zip"
        )
    wanted = [
        (
            cut.file_stem(number),
            Cut(cut.video, cut.start_s, cut.end_s, body.kind == "exact", None),
        )
        for number, cut in enumerate(edit.cuts, 1)
    ]
    pieces = zipped(state.clips, wanted, state.film)
    first = await unless_gone(request, anext(pieces))
    headers = _headers(body, edit)
    return StreamingResponse(_after(first, pieces), headers=headers, media_type="application/zip")


async def _after(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in others:
        yield piece


def _headers(body: ExportIn, edit: Edit) -> dict[str, str]:
    headers = {
        "Content-Disposition": attachment(safe_name(edit.title), FORMATS[body.format].suffix),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if notes := edit.notes_for(FORMATS[body.format]):
        headers[NOTES] = json.dumps(notes)
    return headers
