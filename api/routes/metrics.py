"""The route /metrics, for Prometheus."""

from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.deps import State
from api.metrics import LIBRARY_ROWS, LIBRARY_UP
from database.errors import DatabaseError

router = APIRouter(tags=["health"])


@router.get("/metrics", operation_id="metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Numbers of the server, of the embedding service, and of the library if there is one; its
    rows are counted once a minute at most."""
    library: State | None = getattr(request.app.state, "library", None)
    if library is not None:
        await library.lanes.state.run(request, partial(_note_library, library))
    return Response(
        await run_in_threadpool(generate_latest), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


def _note_library(state: State) -> None:
    try:
        state.library.version()
        rows = state.facts.rows()
    except DatabaseError:
        LIBRARY_UP.set(0)
        return
    LIBRARY_UP.set(1)
    for table, num in rows.items():
        LIBRARY_ROWS.labels(table).set(num)
