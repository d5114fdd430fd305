"""The route /metrics, for Prometheus."""

from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.deps import State
from api.metrics import JOB_FILES, JOBS, LIBRARY_ROWS, LIBRARY_UP, STANDBYS, WORKERS
from database.errors import DatabaseError
from database.server.standbys import Use
from database.videos.read import Library

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
    if standings := state.database.standings():
        for use in Use:
            STANDBYS.labels(use).set(sum(each.use is use for each in standings))
    try:
        Library(state.database).version()  # of the one that takes writes
        rows = state.facts.rows()
        jobs, files = state.jobs.counts()
        num_workers = len(state.jobs.workers())
    except DatabaseError:
        LIBRARY_UP.set(0)
        return
    LIBRARY_UP.set(1)
    for table, num in rows.items():
        LIBRARY_ROWS.labels(table).set(num)
    for job_state, num in jobs.items():
        JOBS.labels(job_state).set(num)
    for file_state, num in files.items():
        JOB_FILES.labels(file_state).set(num)
    WORKERS.set(num_workers)
