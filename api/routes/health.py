"""The routes /health and /ready: whether the server lives, and whether it can answer."""

from fastapi import APIRouter

from api.deps import StateDep
from api.responses import ProblemOut

router = APIRouter(tags=["health"])


@router.get("/health", operation_id="health")
def health(state: StateDep) -> dict[str, str]:
    """The server lives; which database it uses."""
    kind = "embedded" if state.database.embedded else "server"
    return {"status": "ok", "database": kind}


@router.get("/ready", operation_id="ready", responses={503: {"model": ProblemOut}})
def ready(state: StateDep) -> dict[str, object]:
    """The database answers and the models are loaded."""
    return {"status": "ready", "rows": state.library.row_counts()}
