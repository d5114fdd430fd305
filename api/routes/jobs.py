"""Jobs: work that is asked for here and done by workers."""

import os
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, HTTPException, Query, Response
from fastapi import Path as InPath

from api.deps import DETAIL_TURN, FILM_TURN, LIST_TURN, State, StateDep, only_known_parameters
from api.job_requests import BackfillIn, IngestIn, JobFilesIn, JobIn, JobsIn, PriorityIn
from api.job_responses import (
    JobFileList,
    JobList,
    JobOut,
    WorkerList,
    job_file_out,
    job_out,
    worker_out,
)
from api.responses import ProblemOut
from database.forms import Id
from database.jobs.records import BackfillRequest, ForgetRequest, IngestRequest, JobRequest
from database.objects.address import Address, is_address
from ingest.files.objects import is_place_gone
from search.errors import InvalidQuery

router = APIRouter(
    tags=["jobs"],
    responses={422: {"model": ProblemOut}},
    dependencies=[Depends(only_known_parameters)],
)
JobId = Annotated[Id, InPath()]
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": ProblemOut}}
_CHANGES = _NOT_FOUND | {409: {"model": ProblemOut}}


@router.post(
    "/jobs",
    operation_id="submit_job",
    status_code=202,
    responses=_NOT_FOUND | {403: {"model": ProblemOut}},
    dependencies=[FILM_TURN],
)
def submit(state: StateDep, body: Annotated[JobIn, Body()], response: Response) -> JobOut:
    """Asks for work that workers do, one file after the other: the answer is how far it is, and
    `Location` where that is told from then on."""
    job_id = state.jobs.submit(_request(state, body), body.priority)
    response.headers["Location"] = f"/jobs/{job_id}"
    return job_out(state.jobs.get(job_id))


@router.get("/jobs", operation_id="list_jobs", dependencies=[LIST_TURN])
def list_jobs(state: StateDep, form: Annotated[JobsIn, Query()]) -> JobList:
    """Jobs, the newest first."""
    found = state.jobs.page(form.state or None, form.before, form.limit + 1)
    shown = found[: form.limit]
    more = len(found) > form.limit
    return JobList(jobs=[job_out(job) for job in shown], next=shown[-1].id if more else None)


@router.get(
    "/jobs/{job_id}", operation_id="get_job", responses=_NOT_FOUND, dependencies=[DETAIL_TURN]
)
def get_job(state: StateDep, job_id: JobId) -> JobOut:
    """A job, and how far it is."""
    return job_out(state.jobs.get(job_id))


@router.get(
    "/jobs/{job_id}/files",
    operation_id="list_job_files",
    responses=_NOT_FOUND,
    dependencies=[LIST_TURN],
)
def list_job_files(
    state: StateDep, job_id: JobId, form: Annotated[JobFilesIn, Query()]
) -> JobFileList:
    """The files of a job, in the order of their paths, and what became of each; not those for which
    nothing was to be done."""
    state.jobs.get(job_id)
    found = state.jobs.files(job_id, form.state or None, form.after, form.limit + 1)
    shown = found[: form.limit]
    more = len(found) > form.limit
    return JobFileList(
        files=[job_file_out(file) for file in shown], next=shown[-1].path if more else None
    )


@router.post(
    "/jobs/{job_id}/pause",
    operation_id="pause_job",
    responses=_CHANGES,
    dependencies=[DETAIL_TURN],
)
def pause(state: StateDep, job_id: JobId) -> JobOut:
    """Lets the files end that are worked on, and begins no others."""
    return job_out(state.jobs.pause(job_id))


@router.post(
    "/jobs/{job_id}/resume",
    operation_id="resume_job",
    responses=_CHANGES,
    dependencies=[DETAIL_TURN],
)
def resume(state: StateDep, job_id: JobId) -> JobOut:
    """Goes on with a job that was paused."""
    return job_out(state.jobs.resume(job_id))


@router.post(
    "/jobs/{job_id}/cancel",
    operation_id="cancel_job",
    responses=_CHANGES,
    dependencies=[DETAIL_TURN],
)
def cancel(state: StateDep, job_id: JobId) -> JobOut:
    """Gives a job up, also the files that are worked on; what is done stays."""
    return job_out(state.jobs.cancel(job_id))


@router.post(
    "/jobs/{job_id}/retry",
    operation_id="retry_job",
    responses=_CHANGES,
    dependencies=[DETAIL_TURN],
)
def retry(state: StateDep, job_id: JobId) -> JobOut:
    """Tries the files of a job again that failed."""
    return job_out(state.jobs.retry(job_id))


@router.put(
    "/jobs/{job_id}/priority",
    operation_id="put_job_priority",
    responses=_CHANGES,
    dependencies=[DETAIL_TURN],
)
def put_priority(state: StateDep, job_id: JobId, body: PriorityIn) -> JobOut:
    """Has a job begun before others, or after them."""
    return job_out(state.jobs.prioritise(job_id, body.priority))


@router.get("/workers", operation_id="list_workers", dependencies=[DETAIL_TURN])
def list_workers(state: StateDep) -> WorkerList:
    """The processes that do jobs, on this host and others."""
    return WorkerList(workers=[worker_out(worker) for worker in state.jobs.workers()])


def _request(state: State, body: JobIn) -> JobRequest:
    """What is asked for, if it may be. Raises HTTPException, InvalidQuery, NotFound."""
    if isinstance(body, IngestIn):
        roots = _roots(state)
        paths = tuple(
            _allowed_object(path, state) if is_address(path) else _allowed(path, roots)
            for path in body.paths
        )
        return IngestRequest(paths, retry=body.retry, again=body.again)
    if isinstance(body, BackfillIn):
        return BackfillRequest(body.spaces, body.descriptions)
    state.library.require_videos(body.video_ids)
    return ForgetRequest(body.video_ids, missing=body.missing)


def _roots(state: State) -> tuple[Path, ...]:
    """The folders whose files may be asked for: an ingest makes what is in them readable to all who
    may search."""
    settings = state.settings
    return (*settings.named_roots, *settings.watched_folders, settings.uploads_dir)


def _allowed(path: str, roots: tuple[Path, ...]) -> str:
    """The path as the library is to know it. Raises HTTPException, InvalidQuery."""
    named = Path(path)
    if not _is_within(named, roots):
        raise _not_allowed(path)
    if not os.path.lexists(named):
        raise InvalidQuery(f"paths: there is no {path[:200]} on the server's host")
    return str(named)


def _allowed_object(place: str, state: State) -> str:
    """The same for a place of a bucket. Raises ObjectRefused, ObjectsUnreachable, too."""
    address = Address.parse(place)
    if not any(root.holds(address) for root in state.settings.media_places or ()):
        raise _not_allowed(place)
    if is_place_gone(place):
        raise InvalidQuery(f"paths: there is no {place[:200]}")
    return place


def _not_allowed(path: str) -> HTTPException:
    return HTTPException(
        403,
        f"{path[:200]} is in no folder that this server may be asked to ingest: have "
        "API_MEDIA_ROOTS name its folder where the server runs, or run python -m ingest there",
    )


def _is_within(named: Path, roots: tuple[Path, ...]) -> bool:
    """Whether a path lies in a folder both as it is named, since it is looked up again later, and
    with all links resolved. What is elsewhere is not looked at."""
    if not any(named.is_relative_to(each) for root in roots for each in (root, root.resolve())):
        return False
    try:
        real = Path(os.path.realpath(named))
    except OSError:
        return False
    return any(real.is_relative_to(root.resolve()) for root in roots)
