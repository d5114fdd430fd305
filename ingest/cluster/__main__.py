"""python -m ingest.cluster PATH...: what python -m ingest does, on the machines of a cluster."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while all this is loaded

from collections.abc import Iterator
from typing import Annotated

import typer

from database.opening import INGESTING, open_database
from database.videos.read import Library
from embeddings.cli import AsJson, new_app, read_settings
from embeddings.loaded import Encoders
from embeddings.registry.spaces import get_profile
from ingest.cli import EXIT_SOME_FAILED, run
from ingest.cluster.extra import require_ray
from ingest.files.discover import Discovery, discover
from ingest.lanes import Ended
from ingest.library.spaces import profile_of, require_profile, take_up_profile
from ingest.pipeline import Ingest, Report, make_ingest
from ingest.running import run_files, tell_not_searched
from ingest.settings import IngestSettings

app = new_app()


@app.command()
def main(
    paths: Annotated[
        list[str], typer.Argument(help="Folders, files or globs, and s3://bucket/folder.")
    ],
    address: Annotated[
        str,
        typer.Option(help="host:port of the cluster's head, or auto; by default this machine."),
    ] = "local",
    as_json: AsJson = False,
    profile: Annotated[
        str | None,
        typer.Option(help="bundled, standard or quality; by default what the library has."),
    ] = None,
    keyframes_only: Annotated[
        bool, typer.Option("--keyframes-only", help="Decode I-frames only, less exact.")
    ] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try files again that failed.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Make videos anew that are in the library.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no table.")] = False,
) -> None:
    """Makes videos searchable, many files at a time on many machines (docs/scale.md).

    All machines need the extra `ray`, the files and SCENESEEK_HOME under the same paths, and reach
    DATABASE_URL. Running it again does only what is new. Exit codes as python -m ingest.
    """
    require_ray()
    from ingest.cluster.files import FileTask, ingest_on_cluster
    from ingest.cluster.joining import joined, shared_settings
    from ingest.cluster.models import cards_of_cluster

    settings = read_settings(IngestSettings)
    if profile is not None:
        require_profile(get_profile(profile), Encoders(settings.runtime()))
    files = discover(paths)
    database = open_database(settings, connections=INGESTING)
    if not quiet:
        typer.echo(f"Library: {database.description}", err=True)
    library = Library(database)
    ingest = make_ingest(
        database,
        settings,
        profile_of(library, profile),
        keyframes_only=keyframes_only,
        retry=retry,
        again=again,
    )
    if profile is not None:
        take_up_profile(ingest.profile, library, ingest.spaces)

    def lanes(files: Discovery, ingest: Ingest, report: Report) -> Iterator[Ended]:
        with joined(address):
            shared = shared_settings(settings)
            task = FileTask(shared, ingest.profile, keyframes_only, tuple(files.roots))
            cards = cards_of_cluster(shared.runtime(1))
            yield from ingest_on_cluster(files, ingest, task, cards, report)

    faults = run_files(files, ingest, lanes, None, dry_run=False, as_json=as_json, quiet=quiet)
    if profile is not None:
        tell_not_searched(ingest)
    if faults:
        raise typer.Exit(EXIT_SOME_FAILED)


if __name__ == "__main__":
    run(app)
