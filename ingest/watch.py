"""python -m ingest.watch [FOLDER...]: the library follows folders."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while all this is loaded

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from database.forms import is_storable
from database.opening import WORKING, open_database
from embeddings import cli
from ingest.errors import UsageError
from ingest.files.discover import is_met
from ingest.settings import IngestSettings
from ingest.watching.watcher import Watcher

END_S = 3.0
"""How long a folder is waited for in the end; one may lie on a disk that hangs."""

app = cli.new_app()


@app.command()
def main(
    named: Annotated[
        list[str] | None, typer.Argument(help="Folders; by default those of INGEST_WATCH.")
    ] = None,
) -> None:
    """Follows folders: new and changed files become jobs once they are whole, files that are gone
    are marked as missing.

    What jobs hold is done by python -m ingest.worker. It runs until Ctrl-C or SIGTERM; each thing
    that it does is a line on stderr. docs/jobs.md says more. Exit codes: 0 ended, 1 failed, 2
    usage.
    """
    settings = cli.read_settings(IngestSettings)
    folders = _folders([_absolute(each) for each in named or ()] or settings.watched_folders)
    stopped = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stopped.set())
    with contextlib.closing(open_database(settings, connections=WORKING)) as database:
        _watch([Watcher(each, database, stopped) for each in folders], stopped)


def _watch(watchers: Sequence[Watcher], stopped: threading.Event) -> None:
    """Runs watchers side by side until they are stopped. Raises what ends one of them."""
    faults: list[Exception] = []

    def run(watcher: Watcher) -> None:
        try:
            watcher.run()
        except Exception as error:
            faults.append(error)
            stopped.set()

    # Daemons: the end of the process does not wait for a disk that hangs.
    threads = [threading.Thread(target=run, args=(each,), daemon=True) for each in watchers]
    for thread in threads:
        thread.start()
    stopped.wait()
    for thread in threads:
        thread.join(END_S)
    for fault in faults:
        raise fault


def _absolute(named: str) -> Path:
    return Path(os.path.abspath(os.path.expanduser(named)))  # noqa: PTH100, PTH111


def _folders(named: Sequence[Path]) -> list[Path]:
    """The folders, without those that lie in another one. Raises UsageError."""
    if not named:
        raise UsageError("say which folders to watch: as arguments, or in INGEST_WATCH")
    for folder in named:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"not a folder: {folder}")
        if not is_storable(str(folder)):
            raise UsageError("the name of a folder is not valid UTF-8; rename it")
    return [each for each in dict.fromkeys(named) if not is_met(each, set(named) - {each})]


if __name__ == "__main__":
    cli.log_to_stderr()
    cli.run(app)
