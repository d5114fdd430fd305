"""The pages of what is being added."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.deps import DETAIL_TURN, LIST_TURN, StateDep
from api.views.jobs import act_on_job, job_page, jobs_page
from database.forms import Id

router = APIRouter(
    prefix="/library/jobs", include_in_schema=False, default_response_class=HTMLResponse
)
JobId = Annotated[Id, Path()]


@router.head("", dependencies=[LIST_TURN])
@router.get("", dependencies=[LIST_TURN])
def jobs(state: StateDep, before: Annotated[Id | None, Query()] = None) -> HTMLResponse:
    """The jobs, those that have ended page by page."""
    return jobs_page(state, before)


@router.head("/{job_id}", dependencies=[DETAIL_TURN])
@router.get("/{job_id}", dependencies=[DETAIL_TURN])
def job(
    state: StateDep,
    request: Request,
    job_id: JobId,
    after: Annotated[str | None, Query(max_length=5000)] = None,
) -> HTMLResponse:
    """One of them, with its files."""
    return job_page(state, request, job_id, after)


@router.post("/{job_id}/{action}", dependencies=[DETAIL_TURN])
def act(
    state: StateDep,
    request: Request,
    job_id: JobId,
    action: Literal["pause", "resume", "cancel", "retry"],
) -> Response:
    """Has a job paused, resumed, cancelled, or its failed files tried again."""
    return act_on_job(state, request, job_id, action)
