"""The routes under /search."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from api.deps import (
    DETAIL_TURN,
    PICTURE_TURN,
    SEARCH_TURN,
    STILL_TURN,
    State,
    StateDep,
    only_known_parameters,
)
from api.media import stream_file
from api.requests import (
    PICTURE_BODY,
    FeedbackIn,
    ImageIn,
    JudgedIn,
    MarkIn,
    MultimodalQuickIn,
    PictureBytes,
    PictureKey,
    QuickIn,
    SearchIn,
    SequenceIn,
    part_of,
)
from api.responses import PictureOut, ProblemOut
from database.queries.filters import Filters
from search.query.image import Crop, read_query_picture
from search.query.query import Shape, make_query
from search.results.hits import SearchAnswer
from search.results.json import (
    SearchDocument,
    SequenceDocument,
    search_document,
    sequence_document,
)
from search.sequences import search_sequence

router = APIRouter(prefix="/search", tags=["search"], dependencies=[Depends(only_known_parameters)])
_FAILURES: dict[int | str, dict[str, Any]] = {
    422: {"model": ProblemOut},
    429: {"model": ProblemOut},
    503: {"model": ProblemOut},
}
_RESPONSES = {200: {"model": SearchDocument}, **_FAILURES}
_BODY_RESPONSES = {**_RESPONSES, 404: {"model": ProblemOut}, 413: {"model": ProblemOut}}
_WRITES: dict[int | str, dict[str, Any]] = {403: {"model": ProblemOut}}


def respond(answer: SearchAnswer) -> JSONResponse:
    """An answer as HTTP gives it: the JSON that /openapi.json documents."""
    return JSONResponse(search_document(answer))


@router.get("/quick", operation_id="search_quick", responses=_RESPONSES, dependencies=[SEARCH_TURN])
def quick(state: StateDep, form: Annotated[QuickIn, Query()]) -> JSONResponse:
    """Searches what is said and written on screen."""
    return respond(state.semantic.search(form.q, shape=part_of(form, Shape)))


@router.get(
    "/multimodal/quick",
    operation_id="search_multimodal_quick",
    responses=_RESPONSES,
    dependencies=[SEARCH_TURN],
)
def multimodal_quick(state: StateDep, form: Annotated[MultimodalQuickIn, Query()]) -> JSONResponse:
    """Searches what is said, written on screen, and shown."""
    shape = part_of(form, Shape)
    return respond(state.multi_modal.search(form.q, mode=form.mode, shape=shape))


@router.post(
    "/multimodal",
    operation_id="search_multimodal",
    responses=_BODY_RESPONSES,
    dependencies=[SEARCH_TURN],
)
def multimodal(state: StateDep, body: SearchIn) -> JSONResponse:
    """Searches with weights of one's own, filters, examples, and answers of any shape."""
    return respond(answer_to(state, body))


@router.post(
    "/feedback",
    operation_id="search_feedback",
    responses={**_BODY_RESPONSES, **_WRITES},
    dependencies=[SEARCH_TURN],
)
def feedback(state: StateDep, body: FeedbackIn) -> JSONResponse:
    """Keeps which scenes are what a query means and which are not, and searches again, bent
    towards the ones and away from the others."""
    answer = answer_to(state, body)
    state.judgements.save(answer.query.text, body.like, body.unlike)
    return respond(answer)


@router.put(
    "/feedback",
    operation_id="keep_feedback",
    status_code=204,
    responses={**_FAILURES, **_WRITES, 404: {"model": ProblemOut}},
    dependencies=[DETAIL_TURN],
)
def keep(state: StateDep, form: Annotated[MarkIn, Query()]) -> None:
    """Keeps whether a scene is what a query means, without a search."""
    right, wrong = ((form.scene,), ()) if form.relevant else ((), (form.scene,))
    state.judgements.save(make_query(form.query).text, right, wrong)


@router.delete(
    "/feedback",
    operation_id="take_back_feedback",
    status_code=204,
    responses={**_FAILURES, **_WRITES, 404: {"model": ProblemOut}},
    dependencies=[DETAIL_TURN],
)
def take_back(state: StateDep, form: Annotated[JudgedIn, Query()]) -> None:
    """Takes back what was said of a scene for a query."""
    state.judgements.forget(form.query.strip(), form.scene)


@router.post(
    "/sequence",
    operation_id="search_sequence",
    responses={**_BODY_RESPONSES, 200: {"model": SequenceDocument}},
    dependencies=[SEARCH_TURN],
)
def sequence(state: StateDep, body: SequenceIn) -> JSONResponse:
    """Searches for one thing, then another, in the same video."""
    shape = Shape(min_score=body.min_score)
    steps = [
        make_query(step.query, mode=step.mode, filters=body.filters, shape=shape)
        for step in body.steps
    ]
    answer = search_sequence(state.multi_modal, steps, body.within_s, body.limit)
    return JSONResponse(sequence_document(answer))


@router.post(
    "/image",
    operation_id="search_image",
    responses=_BODY_RESPONSES,
    openapi_extra=PICTURE_BODY,
    dependencies=[PICTURE_TURN],
)
def image(
    state: StateDep, picture: PictureBytes, form: Annotated[ImageIn, Query()]
) -> JSONResponse:
    """Searches for scenes that show what a picture shows: the body, or one file."""
    crop = Crop.parse(form.crop) if form.crop is not None else None
    answer = state.multi_modal.search_image(
        read_query_picture(picture, crop),
        form.query,
        filters=part_of(form, Filters),
        spaces=form.spaces,
        shape=part_of(form, Shape),
    )
    return respond(answer)


@router.post(
    "/pictures",
    operation_id="keep_picture",
    status_code=201,
    responses={**_FAILURES, **_WRITES, 413: {"model": ProblemOut}},
    openapi_extra=PICTURE_BODY,
    dependencies=[PICTURE_TURN],
)
def keep_picture(state: StateDep, picture: PictureBytes) -> PictureOut:
    """Keeps a picture for a while, so that an address can name it: the body, or one file."""
    key = state.pictures.keep(read_query_picture(picture))
    return PictureOut(image=key, url=f"/?image={key}")


@router.head("/pictures/{key}.jpg", include_in_schema=False, dependencies=[STILL_TURN])
@router.get(
    "/pictures/{key}.jpg",
    operation_id="get_picture",
    response_class=Response,
    responses={404: {"model": ProblemOut}},
    dependencies=[STILL_TURN],
)
def kept_picture(state: StateDep, key: Annotated[PictureKey, Path()], request: Request) -> Response:
    """A picture that is kept."""
    return stream_file(state.pictures.get_path(key), "image/jpeg", f'"{key}"', request)


def answer_to(state: State, body: SearchIn) -> SearchAnswer:
    """The answer to the body of POST /search/multimodal. Raises InvalidQuery, NotFound."""
    weights = (body.weights.text, body.weights.vision) if body.weights is not None else None
    return state.multi_modal.search(
        body.query,
        mode=body.mode,
        weights=weights,
        use_vision=body.use_vision,
        filters=body.filters,
        spaces=body.spaces,
        shape=part_of(body, Shape),
        like=body.like,
        unlike=body.unlike,
    )
