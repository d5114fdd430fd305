"""Scenes: their keyframes, and scenes that look alike."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api.deps import StateDep
from api.media import stream_file
from api.requests import Id, Seconds, SpaceKey
from api.responses import ProblemOut, SearchOut
from api.routes.search import QuickShape, only_known_parameters
from search.results.json import answer_document
from search.retrieval.spaces import Likeness

router = APIRouter(prefix="/scenes", tags=["scenes"], responses={404: {"model": ProblemOut}})
SceneId = Annotated[Id, Path()]
_SIMILAR: dict[int | str, dict[str, Any]] = {200: {"model": SearchOut}}


@router.head("/{scene_id}/keyframe.jpg", include_in_schema=False)
@router.get("/{scene_id}/keyframe.jpg", operation_id="get_keyframe", response_class=Response)
def keyframe(
    state: StateDep,
    scene_id: SceneId,
    request: Request,
    at_s: Annotated[Seconds | None, Query(description="The keyframe nearest to this time")] = None,
) -> Response:
    """A still of the scene, by default the one nearest to its middle."""
    image_path = state.library.keyframe_path(scene_id, at_s)
    path = state.settings.keyframe_file(image_path)
    return stream_file(path, "image/jpeg", f'"{image_path}"', request)


@router.get(
    "/{scene_id}/similar",
    operation_id="similar_scenes",
    responses=_SIMILAR,
    dependencies=[Depends(only_known_parameters)],
)
def similar(
    state: StateDep,
    scene_id: SceneId,
    shape: QuickShape,
    by: Annotated[
        Likeness | None, Query(description="What to be like it in; by default look, if it has one")
    ] = None,
    space: Annotated[
        SpaceKey | None, Query(description="The space to compare in, such as videomae-b")
    ] = None,
) -> JSONResponse:
    """Scenes that look like this one, move like it, or say the like."""
    with state.turn():
        answer = state.multi_modal.similar(scene_id, by=by, space=space, shape=shape)
    return JSONResponse(answer_document(answer))
