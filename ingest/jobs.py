"""python -m ingest.jobs: what workers do; show, pause, resume, cancel, retry or move one job."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from database.jobs.jobs import MAX_PRIORITY, Jobs
from database.jobs.records import (
    ENDED,
    IngestRequest,
    JobFileInfo,
    JobInfo,
    WorkerInfo,
    document_of,
)
from database.models import JobFileState
from database.opening import open_database
from embeddings import cli
from embeddings.cli import AsJson, new_app, read_settings
from ingest.files.outcome import printable
from ingest.progress import STAGES
from ingest.settings import IngestSettings
from ingest.work.asking import no_worker

MAX_ID = 2**63 - 1
NUM_SHOWN = 20
_PAGE = 1000
_TOLD = (
    JobFileState.FAILED,
    JobFileState.PARTIAL,
    JobFileState.SKIPPED,
    JobFileState.CANCELLED,
    JobFileState.WORKING,
)
"""Files of which there is something to say; --json lists all."""

app = new_app("The jobs of a library: with no command, a list of them.")

JobId = Annotated[int, typer.Argument(help="The job's number.", min=1, max=MAX_ID)]


@app.callback(invoke_without_command=True)
def list_jobs(
    context: typer.Context,
    every: Annotated[
        bool, typer.Option("--all", help=f"All, not the newest {NUM_SHOWN} alone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Says which jobs there are, how far each is, and which workers live."""
    if context.invoked_subcommand is not None:
        return
    jobs = _open()
    infos = jobs.page(limit=NUM_SHOWN)
    while every and (page := jobs.page(before=infos[-1].id, limit=_PAGE) if infos else []):
        infos += page
    workers = jobs.workers()
    if as_json:
        rows = [_row(info) for info in infos]
        typer.echo(json.dumps({"jobs": rows, "workers": [_worker_row(w) for w in workers]}))
        return
    for info in infos:
        typer.echo(_line(info))
    typer.echo(f"{_counted(len(workers), 'worker')}, {_counted(len(infos), 'job')}")
    _tell_if_idle(infos, workers)


@app.command()
def show(job: JobId, as_json: AsJson = False) -> None:
    """Says how far a job is, and what became of its files."""
    jobs = _open()
    info = jobs.get(job)
    files = _files(jobs, job, None if as_json else _TOLD)
    if as_json:
        typer.echo(json.dumps(_row(info) | {"files": [_file_row(file) for file in files]}))
        return
    typer.echo(_line(info))
    for file in files:
        told = file.reason or _stage(file)
        typer.echo(f"{file.state.value:<10}{printable(file.path)}" + (told and f": {told}"))
    _tell_if_idle([info], jobs.workers())


@app.command()
def pause(job: JobId, as_json: AsJson = False) -> None:
    """Has nothing more of a job begun until it is resumed."""
    _change(Jobs.pause, job, as_json=as_json)


@app.command()
def resume(job: JobId, as_json: AsJson = False) -> None:
    """Goes on with a paused job."""
    _change(Jobs.resume, job, as_json=as_json)


@app.command()
def cancel(job: JobId, as_json: AsJson = False) -> None:
    """Ends a job, with the files at work."""
    _change(Jobs.cancel, job, as_json=as_json)


@app.command()
def retry(job: JobId, as_json: AsJson = False) -> None:
    """Has the files of a job done again that failed, or that were cancelled with it."""
    _change(Jobs.retry, job, as_json=as_json)


@app.command()
def priority(
    job: JobId,
    value: Annotated[
        int,
        typer.Argument(
            min=-MAX_PRIORITY, max=MAX_PRIORITY, help="0 by default; the higher comes first."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Has a job done before those of a lower priority."""
    _change(lambda jobs, job: jobs.prioritise(job, value), job, as_json=as_json)


def _open() -> Jobs:
    return Jobs(open_database(read_settings(IngestSettings)))


def _change(change: Callable[[Jobs, int], JobInfo], job: int, *, as_json: bool) -> None:
    info = change(_open(), job)
    typer.echo(json.dumps(_row(info)) if as_json else _line(info))


def _files(jobs: Jobs, job: int, states: tuple[JobFileState, ...] | None) -> list[JobFileInfo]:
    files: list[JobFileInfo] = []
    while page := jobs.files(job, states, files[-1].path if files else None, _PAGE):
        files += page
    return files


def _tell_if_idle(infos: list[JobInfo], workers: list[WorkerInfo]) -> None:
    alive = {worker.origin for worker in workers}
    waiting = {info.origin for info in infos if info.state not in ENDED}
    for origin in sorted(waiting - alive):
        typer.echo(no_worker(origin), err=True)


def _line(info: JobInfo) -> str:
    what = info.kind.value
    if isinstance(info.request, IngestRequest):
        first, *others = info.request.paths
        what += f" {printable(first)}" + (f" and {len(others)} more" if others else "")
    told = [f"{num} {state.value}" for state, num in info.counts.items() if num]
    if info.num_known:
        told.append(f"{info.num_known} as before")
    if info.left_s is not None:
        told.append(f"{info.left_s / 60:.0f} min left")
    if info.reason is not None:
        told.append(info.reason)
    return f"{info.id:>5}  {info.state.value:<10}{what}" + (f": {', '.join(told)}" if told else "")


def _stage(file: JobFileInfo) -> str:
    """What is done with it, in the words of a direct ingest."""
    if file.stage is None:
        return ""
    word = STAGES.get(file.stage, file.stage)
    return word if file.part is None else f"{word}, {file.part:.0%}"


def _row(info: JobInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "kind": info.kind.value,
        "origin": info.origin,
        "state": info.state.value,
        "priority": info.priority,
        "request": document_of(info.request),
        "reason": info.reason,
        "created_at": info.created_at.isoformat(),
        "started_at": info.started_at and info.started_at.isoformat(),
        "ended_at": info.ended_at and info.ended_at.isoformat(),
        "num_files": info.num_files,
        "num_ended": info.num_ended,
        "num_known": info.num_known,
        "counts": {state.value: num for state, num in info.counts.items()},
        "files_per_minute": info.files_per_minute,
        "left_s": info.left_s,
    }


def _file_row(file: JobFileInfo) -> dict[str, Any]:
    return {
        "path": printable(file.path),
        "status": file.state.value,
        "reason": file.reason,
        "scenes": file.scenes,
        "moments": file.moments,
        "stage": file.stage,
        "part": file.part,
    }


def _worker_row(worker: WorkerInfo) -> dict[str, Any]:
    return {
        "origin": worker.origin,
        "machine": worker.machine,
        "pid": worker.pid,
        "seen_s_ago": round((datetime.now(UTC) - worker.seen_at).total_seconds(), 1),
    }


def _counted(num: int, what: str) -> str:
    return f"{num} {what}" if num == 1 else f"{num} {what}s"


if __name__ == "__main__":
    cli.run(app)
