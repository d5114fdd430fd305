"""Scenes: their keyframes, and scenes that look alike."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api.deps import SEARCH_TURN, STILL_TURN, StateDep, only_known_parameters
from api.media import stream_file
from api.requests import SimilarIn, part_of
from api.responses import ProblemOut
from api.routes.search import respond
from database.forms import Id, Seconds
from database.queries.filters import Filters
from search.query.query import Shape
from search.results.json import SearchDocument

router = APIRouter(prefix="/scenes", tags=["scenes"], responses={404: {"model": ProblemOut}})
SceneId = Annotated[Id, Path()]
_GONE = (
    "this still is not on this server's disk: `python -m database check --repair` makes it again "
    "where the video's file is; of a video of another host, an ingest of a copy of its file here"
)
_SIMILAR: dict[int | str, dict[str, Any]] = {200: {"model": SearchDocument}}


@router.head("/{scene_id}/keyframe.jpg", include_in_schema=False, dependencies=[STILL_TURN])
@router.get(
    "/{scene_id}/keyframe.jpg",
    operation_id="get_keyframe",
    response_class=Response,
    dependencies=[STILL_TURN],
)
def keyframe(
    state: StateDep,
    scene_id: SceneId,
    request: Request,
    at_s: Annotated[Seconds | None, Query(description="The keyframe nearest to this time")] = None,
) -> Response:
    """A still of the scene, by default the one nearest to its middle."""
    image_path = state.library.get_keyframe_path(scene_id, at_s)
    path = state.settings.keyframe_file(image_path)
    if state.database.shared is not None:
        state.database.shared.bring(state.settings.keyframes_dir / image_path)
    return stream_file(path, "image/jpeg", f'"{image_path}"', request, _GONE)


@router.get(
    "/{scene_id}/similar",
    operation_id="similar_scenes",
    responses=_SIMILAR,
    dependencies=[Depends(only_known_parameters), SEARCH_TURN],
)
def similar(
    state: StateDep, scene_id: SceneId, form: Annotated[SimilarIn, Query()]
) -> JSONResponse:
    """Scenes that look like this one, move like it, or say the like."""
    filters, shape = part_of(form, Filters), part_of(form, Shape)
    answer = state.multi_modal.similar(
        scene_id, by=form.by, space=form.space, filters=filters, shape=shape
    )
    return respond(answer)
