"""Searches."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.schemas import Limit, Mode, ProblemOut, QueryText, SearchIn, SearchOut
from api.state import StateDep
from database.legs import Filters
from search.hit import SearchAnswer, answer_document

router = APIRouter(prefix="/search", tags=["search"])
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": SearchOut},
    422: {"model": ProblemOut},
    503: {"model": ProblemOut},
}


def _respond(answer: SearchAnswer) -> JSONResponse:
    return JSONResponse(answer_document(answer))


@router.get("/quick", operation_id="search_quick", responses=_RESPONSES)
def quick(
    state: StateDep, q: Annotated[QueryText, Query()], limit: Annotated[Limit, Query()] = 10
) -> JSONResponse:
    """Searches what is said and written on screen."""
    with state.turn():
        return _respond(state.semantic.search(q, limit=limit))


@router.get("/multimodal/quick", operation_id="search_multimodal_quick", responses=_RESPONSES)
def multimodal_quick(
    state: StateDep,
    q: Annotated[QueryText, Query()],
    mode: Annotated[Mode, Query()] = "balanced",
    limit: Annotated[Limit, Query()] = 10,
) -> JSONResponse:
    """Searches what is said, written on screen, and shown."""
    with state.turn():
        return _respond(state.multi_modal.search(q, mode=mode, limit=limit))


@router.post(
    "/multimodal",
    operation_id="search_multimodal",
    responses={**_RESPONSES, 413: {"model": ProblemOut}},
)
def multimodal(state: StateDep, body: SearchIn) -> JSONResponse:
    """Searches with weights of one's own, and with filters."""
    asked = body.filters
    filters = Filters(
        tuple(asked.video_ids) if asked.video_ids is not None else None,
        asked.from_s,
        asked.to_s,
        asked.language,
    )
    weights = (body.weights.text, body.weights.vision) if body.weights is not None else None
    with state.turn():
        return _respond(
            state.multi_modal.search(
                body.query,
                mode=body.mode,
                weights=weights,
                use_vision=body.use_vision,
                limit=body.limit,
                filters=filters,
                spaces=body.spaces,
            )
        )
