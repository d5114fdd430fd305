"""The page of what is being added: where one sends files, and the jobs with how far they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.deps import State
from api.views.library import library_view
from api.web.rendering import counted, page
from database.jobs.records import (
    ENDED,
    BackfillRequest,
    FileAtWork,
    ForgetRequest,
    IngestRequest,
    JobFileInfo,
    JobInfo,
)
from database.models import JobFileState, JobKind, JobState
from database.videos.files import Files
from ingest.progress import STAGES

PAGE_JOBS = 20
PAGE_FILES = 100
NUM_FAULTS = 5
"""Of a job's files that failed, so many are named beside it."""
MAX_OPEN = 100
"""Of jobs that wait, and of those that were begun, so many are shown: a thousand films that are
dropped at once are a thousand jobs."""
BEGUN, WAITING = (JobState.WORKING, JobState.PAUSED), (JobState.WAITING,)
_NOUNS = {JobKind.INGEST: "file", JobKind.BACKFILL: "model", JobKind.FORGET: "video"}
_OUTCOMES = {
    JobFileState.DONE: "added",
    JobFileState.UNCHANGED: "already here",
    JobFileState.PARTIAL: "read in part",
    JobFileState.FAILED: "failed",
    JobFileState.SKIPPED: "no recordings",
    JobFileState.CANCELLED: "left out",
}
_FAULTS = (JobFileState.FAILED, JobFileState.PARTIAL)


@dataclass(frozen=True)
class ShownJob:
    """A job in words."""

    job: JobInfo
    title: str
    faults: Sequence[JobFileInfo]
    """The first files that failed."""
    videos: dict[str, int]
    """Of the one file of a job, the video by its path."""
    lacks_worker: bool
    """Whether it waits, and nobody is there to do it."""

    @property
    def is_open(self) -> bool:
        """Whether it is still to end."""
        return self.job.state not in ENDED

    @property
    def sign(self) -> str:
        """What the page's script compares with an event, to ask for news only (static/jobs.js)."""
        job = self.job
        num_failed = job.counts[JobFileState.FAILED]
        return f"{job.state.value} {job.num_files} {job.num_ended} {num_failed}"

    @property
    def done_part(self) -> float:
        """How much of it is done, in [0, 1], as far as its files are known."""
        done = self.job.num_ended + sum(map(_done_part, self.job.at_work))
        return done / max(self.job.num_files, 1)

    @property
    def told(self) -> str:
        """How far it is."""
        job = self.job
        if job.state is JobState.WAITING:
            return "Waits for its turn"
        if job.state is JobState.FAILED:
            return f"Failed: {job.reason}"
        if job.state in ENDED:
            outcomes = ", ".join(_outcomes(job)) or "nothing was to be done"
            if job.at_work:
                outcomes = (
                    f"{counted(len(job.at_work), _NOUNS[job.kind])} still at work, to end soon"
                )
            if job.state is JobState.DONE and job.num_files == 1:
                return outcomes.removeprefix("1 ").capitalize()
            return f"{job.state.value.capitalize()}: {outcomes}"
        words = ["Paused"] if job.state is JobState.PAUSED else []
        if self._only_at_work:
            at_work = _at_work(self._only_at_work)
            words.append(f"what is at work is still done: {at_work}" if words else _upper(at_work))
        elif job.num_files:
            num = counted(job.num_files, _NOUNS[job.kind])
            words.append(f"{job.num_ended:,} of {num}{'' if job.scanned_at else ' so far'}")
        elif not words:
            words.append("Looks for files")
        if num_failed := job.counts[JobFileState.FAILED]:
            words.append(f"{num_failed:,} failed")
        if job.state is JobState.WORKING and job.scanned_at and job.left_s is not None:
            words.append(_left(job.left_s))
        return ", ".join(words)

    @property
    def at_work(self) -> list[tuple[str, str]]:
        """The files that workers have begun, and what they do with them."""
        return [(at.path, _at_work(at)) for at in self.job.at_work if not self._only_at_work]

    @property
    def _only_at_work(self) -> FileAtWork | None:
        """The one file of a job, whose name is the job's title."""
        job = self.job
        return job.at_work[0] if job.at_work and job.scanned_at and job.num_files == 1 else None

    @property
    def actions(self) -> dict[str, str]:
        """What can be done with it: names of buttons."""
        job = self.job
        if job.state is JobState.PAUSED:
            return {"resume": "Go on", "cancel": "Cancel"}
        if self.is_open:
            return {"pause": "Pause", "cancel": "Cancel"}
        if job.state is not JobState.DONE:
            return {"retry": "Go on with the rest" if job.num_files > 1 else "Try again"}
        num = job.counts[JobFileState.FAILED] + job.counts[JobFileState.CANCELLED]
        return {"retry": f"Try {counted(num, _NOUNS[job.kind])} again"} if num else {}


def jobs_page(state: State, before: int | None) -> HTMLResponse:
    """The jobs: those that are still to end, and the newest of those that have."""
    begun, waiting = (
        (state.jobs.page(states, None, MAX_OPEN) if before is None else [])
        for states in (BEGUN, WAITING)
    )
    num_waiting = state.jobs.counts()[0].get(JobState.WAITING, 0)
    ended = state.jobs.page(ENDED, before, PAGE_JOBS + 1)
    more = f"/library/jobs?before={ended[PAGE_JOBS - 1].id}" if len(ended) > PAGE_JOBS else None
    return library_view(
        state,
        "library.html",
        "jobs",
        problem=None,
        only=None,
        open=_shown(state, sorted([*begun, *waiting], key=lambda job: -job.id)),
        num_beyond=num_waiting - len(waiting),
        ended=_shown(state, ended[:PAGE_JOBS]),
        before=before,
        more_url=more,
    )


def job_page(state: State, request: Request, job_id: int, after: str | None) -> HTMLResponse:
    """A job with its files; for the page's own script without them. Raises NotFound."""
    (shown,) = _shown(state, [state.jobs.get(job_id)])
    if "x-fragment" in request.headers:
        return page("_job.html", shown=shown, own_origin=state.database.origin)
    files = state.jobs.files(job_id, None, after, PAGE_FILES + 1)
    listed = files[:PAGE_FILES]
    more = f"/library/jobs/{job_id}?{urlencode({'after': listed[-1].path})}" if listed else None
    return library_view(
        state,
        "library.html",
        "job",
        problem=None,
        only=shown,
        files=listed,
        became=_OUTCOMES,
        videos=_videos(state, [file.path for file in listed]),
        more_url=more if len(files) > PAGE_FILES else None,
    )


def act_on_job(state: State, request: Request, job_id: int, action: str) -> Response:
    """Does what a button of a job says, and shows it as it is then. Raises NotFound, Conflict."""
    {
        "pause": state.jobs.pause,
        "resume": state.jobs.resume,
        "cancel": state.jobs.cancel,
        "retry": state.jobs.retry,
    }[action](job_id)
    if "x-fragment" in request.headers:
        return job_page(state, request, job_id, None)
    return RedirectResponse(f"/library/jobs#job-{job_id}", status_code=303)


def _shown(state: State, jobs: Sequence[JobInfo]) -> list[ShownJob]:
    staffed = {worker.origin for worker in state.jobs.workers()}
    files = {id(job): path for job in jobs if (path := _only_file(job)) and job.state in ENDED}
    videos = _videos(state, list(files.values()))
    return [
        ShownJob(
            job,
            _title(job),
            state.jobs.files(job.id, _FAULTS, None, NUM_FAULTS) if _has_faults(job) else (),
            {path: videos[path]} if (path := files.get(id(job), "")) in videos else {},
            job.state in (JobState.WAITING, JobState.WORKING) and job.origin not in staffed,
        )
        for job in jobs
    ]


def _videos(state: State, paths: list[str]) -> dict[str, int]:
    """The videos of this host's files, by their paths."""
    found = Files(state.database).of(paths) if paths else []
    return {file.path: file.video_id for file in found if file.video_id is not None}


def _only_file(job: JobInfo) -> str | None:
    paths = job.request.paths if isinstance(job.request, IngestRequest) else ()
    return paths[0] if len(paths) == 1 and job.num_files == 1 else None


def _has_faults(job: JobInfo) -> bool:
    return any(job.counts[state] for state in _FAULTS)


def _title(job: JobInfo) -> str:
    """What a job is about: a file or folder by its name."""
    match job.request:
        case IngestRequest(paths=paths):
            name = PurePath(paths[0]).name or paths[0]
            return name if len(paths) == 1 else f"{name} and {len(paths) - 1:,} more"
        case BackfillRequest(descriptions=True):
            return "Describe what stills show"
        case BackfillRequest(spaces=None):
            return "What models still have to look at"
        case BackfillRequest(spaces=spaces):
            return f"What {', '.join(spaces or ())} still has to look at"
        case ForgetRequest(missing=True):
            return "Forget missing files"
        case ForgetRequest(video_ids=ids):
            return f"Forget {counted(len(ids), 'video')}"


def _outcomes(job: JobInfo) -> list[str]:
    """10 done, 3 already here, 1 failed."""
    counts = dict(job.counts)
    counts[JobFileState.UNCHANGED] += job.num_known
    words = _OUTCOMES if job.kind is JobKind.INGEST else _OUTCOMES | {JobFileState.DONE: "done"}
    return [f"{counts[state]:,} {word}" for state, word in words.items() if counts[state]]


def _at_work(at: FileAtWork) -> str:
    """What is done with a file: decoding, 41 %."""
    if at.stage is None:
        return "begun"
    word = STAGES.get(at.stage, at.stage)
    return word if at.part is None else f"{word}, {int(at.part * 100)} %"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _done_part(at: FileAtWork) -> float:
    """Of a file, as if its stages took equally long."""
    stages = list(STAGES)
    if at.stage not in stages:
        return 0.0
    return (stages.index(at.stage) + (at.part or 0.0)) / len(stages)


def _left(seconds: float) -> str:
    """How long something still takes: about 4 min left."""
    if seconds < 60:
        return "less than a minute left"
    minutes = round(seconds / 60)
    return f"about {minutes} min left" if minutes < 90 else f"about {round(minutes / 60):,} h left"
