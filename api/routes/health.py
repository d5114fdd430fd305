"""The routes /health and /ready: whether the server lives, and whether it can answer."""

from fastapi import APIRouter

from api.deps import STATE_TURN, ServiceDep, StateDep
from api.responses import ProblemOut
from database.server.standbys import Use

router = APIRouter(tags=["health"])
without_library = APIRouter(tags=["health"])
"""For a server that gives embeddings alone."""


@router.head("/health", include_in_schema=False)
@router.get("/health", operation_id="health")
async def health(state: StateDep) -> dict[str, str]:
    """The server lives; which database it uses. Answered without a thread, however busy it is."""
    kind = "embedded" if state.database.embedded else "server"
    return {"status": "ok", "database": kind}


@router.head("/ready", include_in_schema=False, dependencies=[STATE_TURN])
@router.get(
    "/ready",
    operation_id="ready",
    responses={503: {"model": ProblemOut}},
    dependencies=[STATE_TURN],
)
def ready(state: StateDep, service: ServiceDep) -> dict[str, str]:
    """The database answers, or one of its standbys, and the models are loaded and at work; of
    standbys (DATABASE_READ_URLS), how many are read."""
    service.require_progress()
    with state.reader.reading():
        state.library.version()
        answer = {"status": "ready"} | ({"primary": "away"} if state.reader.is_cut_off else {})
    if standings := state.database.standings():
        num_read = sum(each.use is Use.READ for each in standings)
        answer["standbys"] = f"{num_read} of {len(standings)} are read"
    return answer


@without_library.head("/health", include_in_schema=False)
@without_library.get("/health", operation_id="health")
async def health_of_embeddings() -> dict[str, str]:
    """The server lives."""
    return {"status": "ok"}


@without_library.head("/ready", include_in_schema=False)
@without_library.get("/ready", operation_id="ready", responses={503: {"model": ProblemOut}})
async def ready_to_embed(service: ServiceDep) -> dict[str, str]:
    """The model of texts is loaded, and no model hangs."""
    service.require_progress()
    return {"status": "ready"}
