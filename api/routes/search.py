"""Searches."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import JSONResponse

from api.asked import filters_of, shape_of
from api.deps import State, StateDep
from api.picture import PICTURE_BODY, PictureBytes
from api.requests import (
    CursorText,
    FeedbackIn,
    Limit,
    MinScore,
    Mode,
    QueryText,
    SearchIn,
    SequenceIn,
)
from api.responses import ProblemOut, SearchOut, SequenceOut
from search.errors import InvalidQuery
from search.query.image import Crop, read_picture
from search.query.query import MAX_QUERY_CHARACTERS, Shape, make_query
from search.results.hits import SearchAnswer
from search.results.json import answer_document, sequence_document
from search.sequences import search_sequence


async def only_known_parameters(request: Request) -> None:
    """Raises InvalidQuery for a parameter that the route does not have: it may be a slip."""
    known = _parameters(request.scope["route"].dependant)
    if unknown := sorted(set(request.query_params) - known):
        there = f"there are {', '.join(sorted(known))}" if known else "there are none"
        raise InvalidQuery(f"there is no parameter {unknown[0][:60]!r}: {there}")


def _parameters(dependant: Dependant) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*(_parameters(needed) for needed in dependant.dependencies))


router = APIRouter(prefix="/search", tags=["search"], dependencies=[Depends(only_known_parameters)])
_FAILURES: dict[int | str, dict[str, Any]] = {
    422: {"model": ProblemOut},
    503: {"model": ProblemOut},
}
_RESPONSES = {200: {"model": SearchOut}, **_FAILURES}
_BODY_RESPONSES = {**_RESPONSES, 404: {"model": ProblemOut}, 413: {"model": ProblemOut}}


async def _quick_shape(
    limit: Annotated[Limit, Query()] = 10,
    cursor: Annotated[CursorText | None, Query()] = None,
    min_score: Annotated[MinScore, Query()] = 0.0,
    by_video: Annotated[bool, Query(description="Each video once, by its best scene")] = False,
    fold: Annotated[bool, Query(description="Near-identical scenes once")] = False,
    explain: Annotated[bool, Query(description="Every score and where it comes from")] = False,
) -> Shape:
    return Shape(limit, cursor, by_video=by_video, fold=fold, min_score=min_score, explain=explain)


QuickShape = Annotated[Shape, Depends(_quick_shape)]


def _respond(answer: SearchAnswer) -> JSONResponse:
    return JSONResponse(answer_document(answer))


@router.get("/quick", operation_id="search_quick", responses=_RESPONSES)
def quick(state: StateDep, q: Annotated[QueryText, Query()], shape: QuickShape) -> JSONResponse:
    """Searches what is said and written on screen."""
    with state.turn():
        return _respond(state.semantic.search(q, shape=shape))


@router.get("/multimodal/quick", operation_id="search_multimodal_quick", responses=_RESPONSES)
def multimodal_quick(
    state: StateDep,
    q: Annotated[QueryText, Query()],
    shape: QuickShape,
    mode: Annotated[Mode, Query()] = "balanced",
) -> JSONResponse:
    """Searches what is said, written on screen, and shown."""
    with state.turn():
        return _respond(state.multi_modal.search(q, mode=mode, shape=shape))


@router.post("/multimodal", operation_id="search_multimodal", responses=_BODY_RESPONSES)
def multimodal(state: StateDep, body: SearchIn) -> JSONResponse:
    """Searches with weights of one's own, filters, examples, and answers of any shape."""
    with state.turn():
        return _respond(_searched(state, body))


@router.post("/feedback", operation_id="search_feedback", responses=_BODY_RESPONSES)
def feedback(state: StateDep, body: FeedbackIn) -> JSONResponse:
    """Keeps which scenes are what a query means and which are not, and searches again, bent
    towards the ones and away from the others."""
    with state.turn():
        answer = _searched(state, body)
        state.judgements.save(answer.query.text, body.like, body.unlike)
        return _respond(answer)


@router.post(
    "/sequence",
    operation_id="search_sequence",
    responses={**_BODY_RESPONSES, 200: {"model": SequenceOut}},
)
def sequence(state: StateDep, body: SequenceIn) -> JSONResponse:
    """Searches for one thing, then another, in the same video."""
    filters = filters_of(body.filters)
    steps = [make_query(step.query, mode=step.mode, filters=filters) for step in body.steps]
    with state.turn():
        answer = search_sequence(state.multi_modal, steps, body.within_s, body.limit)
    return JSONResponse(sequence_document(answer))


@router.post(
    "/image",
    operation_id="search_image",
    responses=_BODY_RESPONSES,
    openapi_extra=PICTURE_BODY,
)
def image(
    state: StateDep,
    picture: PictureBytes,
    shape: QuickShape,
    q: Annotated[
        str, Query(max_length=MAX_QUERY_CHARACTERS, description="What it should show besides")
    ] = "",
    crop: Annotated[
        str | None,
        Query(max_length=100, description="Only this part: LEFT,TOP,WIDTH,HEIGHT, from 0 to 1"),
    ] = None,
) -> JSONResponse:
    """Searches for scenes that show what a picture shows: the body, or a file of a form."""
    part = Crop.parse(crop) if crop is not None else None
    with state.turn():
        answer = state.multi_modal.search_image(read_picture(picture, part), q, shape=shape)
        return _respond(answer)


def _searched(state: State, body: SearchIn) -> SearchAnswer:
    weights = (body.weights.text, body.weights.vision) if body.weights is not None else None
    return state.multi_modal.search(
        body.query,
        mode=body.mode,
        weights=weights,
        use_vision=body.use_vision,
        filters=filters_of(body.filters),
        spaces=body.spaces,
        shape=shape_of(body),
        like=body.like,
        unlike=body.unlike,
    )
