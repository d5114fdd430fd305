"""python -m ingest PATH..."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while all this is loaded

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import typer

from database.opening import INGESTING, open_database
from database.videos.read import Library
from embeddings.cli import AsJson, new_app, read_settings
from embeddings.loaded import Encoders
from embeddings.registry.spaces import get_profile
from embeddings.runtime import num_cores
from ingest.cli import EXIT_SOME_FAILED, run
from ingest.errors import UsageError
from ingest.files.discover import Discovery, discover
from ingest.lanes import Ended, ingest_files
from ingest.library.spaces import profile_of, require_profile, take_up_profile
from ingest.pipeline import Ingest, Report, make_ingest
from ingest.running import run_files, tell_not_searched
from ingest.settings import IngestSettings

MAX_JOBS = 12
"""Each file at work has models, a decoder and now and then a connection to itself."""
DEFAULT_JOBS = min(num_cores(), MAX_JOBS)

app = new_app()

ProfileName = Annotated[
    str | None, typer.Option(help="bundled, standard or quality; by default what the library has.")
]
Paths = Annotated[
    list[str] | None, typer.Argument(help="Folders, files or globs, and s3://bucket/folder.")
]
Jobs = Annotated[int, typer.Option(min=1, max=MAX_JOBS, help="Files to work on at a time.")]
KeyframesOnly = Annotated[
    bool,
    typer.Option(
        "--keyframes-only", help="Decode I-frames only: for very large libraries, less exact."
    ),
]


DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, do nothing.")]
Retry = Annotated[bool, typer.Option("--retry", help="Try files again that failed.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress and no table: what failed, and numbers.")
]
Again = Annotated[bool, typer.Option("--again", help="Make videos anew that are in the library.")]
ForgetMissing = Annotated[
    bool,
    typer.Option(
        "--forget-missing", help="Remove what is gone: of these paths, or of all without any."
    ),
]
Detach = Annotated[
    bool,
    typer.Option("--detach", help="Leave it to workers (python -m ingest.worker), and end."),
]


@app.command()
def main(
    paths: Paths = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    profile: ProfileName = None,
    jobs: Jobs = DEFAULT_JOBS,
    keyframes_only: KeyframesOnly = False,
    retry: Retry = False,
    quiet: Quiet = False,
    again: Again = False,
    forget: ForgetMissing = False,
    detach: Detach = False,
) -> None:
    """Makes videos searchable: scenes, speech, on-screen text, and what is shown.

    Running it again does only what is new. Exit codes: 0 all done, 1 failed, 2 usage, 3 some
    files failed or could be read in part only (each is named with its reason), 130 interrupted.
    docs/ingest.md says what is read, and what to do about each reason.
    """
    settings = read_settings(IngestSettings)
    if not paths and not forget:
        raise UsageError("say what to ingest: folders, files or globs")
    if dry_run and (again or forget):
        raise UsageError("--dry-run goes with neither --again nor --forget-missing")
    if detach:
        if dry_run or forget or profile is not None or keyframes_only:
            raise UsageError("--detach goes with --retry and --again alone")
        _detach(paths or [], retry=retry, again=again, as_json=as_json)
        return
    if profile is not None:
        require_profile(get_profile(profile), Encoders(settings.runtime()))
    files = discover(paths or [])
    database = open_database(settings, connections=INGESTING)
    if not quiet:
        typer.echo(f"Library: {database.description}", err=True)
    library = Library(database)
    chosen = profile_of(library, profile)
    ingest = make_ingest(
        database, settings, chosen, keyframes_only=keyframes_only, retry=retry, again=again
    )
    changes_profile = profile is not None and not dry_run
    if changes_profile:
        take_up_profile(ingest.profile, library, ingest.spaces)
    grace = timedelta(days=settings.ingest_forget_after_days) if forget else None

    def lanes(files: Discovery, ingest: Ingest, report: Report) -> Iterator[Ended]:
        return ingest_files(files, ingest, jobs, report)

    has_faults = run_files(
        files, ingest, lanes, grace, dry_run=dry_run, as_json=as_json, quiet=quiet
    )
    if changes_profile:
        tell_not_searched(ingest)
    if has_faults:
        raise typer.Exit(EXIT_SOME_FAILED)


def _detach(paths: list[str], *, retry: bool, again: bool, as_json: bool) -> None:
    """Asks workers for what the command would do, and says by which number to follow it."""
    from ingest.work.asking import submit_paths

    database = open_database(read_settings(IngestSettings))
    job, lacking = submit_paths(database, paths, retry=retry, again=again)
    typer.echo(
        json.dumps({"job": job})
        if as_json
        else f"job {job}: python -m ingest.jobs show {job} says how far it is"
    )
    if lacking is not None:
        typer.echo(lacking, err=True)


if __name__ == "__main__":
    run(app)
