"""The route /events: changes of jobs, as they happen, as server-sent events."""

import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.responses import StreamingResponse

from api.deps import StateDep, only_known_parameters
from api.feed import Listener
from api.responses import ProblemOut

router = APIRouter(tags=["jobs"], dependencies=[Depends(only_known_parameters)])
_MEDIA_TYPE = "text/event-stream"
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""No proxy is to keep events, or to wait for more of them."""
_ID = re.compile(r"[0-9]{1,18}", re.ASCII)


async def _listener(
    state: StateDep,
    last_event_id: Annotated[
        str | None, Header(description="The last `id` that was seen: goes on from there")
    ] = None,
) -> AsyncIterator[Listener]:
    known = last_event_id is not None and _ID.fullmatch(last_event_id) is not None
    async with state.feed.listen(int(last_event_id or 0) if known else None) as listener:
        yield listener


@router.get(
    "/events",
    operation_id="listen",
    response_class=StreamingResponse,
    responses={503: {"model": ProblemOut}},
)
async def listen(listener: Annotated[Listener, Depends(_listener)]) -> StreamingResponse:
    """Changes of jobs as server-sent events, for as long as one listens; a client that comes again
    with `Last-Event-ID` goes on where it was. `job` has a job as `GET /jobs/{id}` answers it: first
    all that are not done and the newest that are, then each that changes. `workers` has what
    `GET /workers` answers. While the database is `away` the stream goes on, and says when it is
    `back`."""
    # FastAPI's own way, to yield events here, fails with a traceback when a reader is cut off.
    return StreamingResponse(listener.stream(), headers=_HEADERS, media_type=_MEDIA_TYPE)
