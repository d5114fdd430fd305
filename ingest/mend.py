"""python -m ingest.mend: what `python -m database check --repair` runs."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while all this is loaded

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
import typer

from database.check import find, find_faults
from database.checking.checked import Checked
from database.checking.faults import NUM_SHOWN, Fault, Finding, Kind, found, num_kinds
from database.errors import DatabaseUnreachable
from database.objects.address import Address
from database.opening import INGESTING, open_database
from database.videos.read import Library
from embeddings.cli import AsJson, fail, new_app, read_settings
from embeddings.errors import SceneseekError
from ingest.cli import run
from ingest.errors import Interrupted
from ingest.files.batches import batches
from ingest.files.outcome import printable
from ingest.library.spaces import profile_of
from ingest.pipeline import Report, make_ingest
from ingest.progress import STAGES
from ingest.remedies import Remedies
from ingest.settings import IngestSettings

app = new_app()


@app.command()
def main(as_json: AsJson = False) -> None:
    """Mends what python -m database check finds wrong with a library, and checks it again.

    An ingest may run beside it; it can be interrupted and run again. Exit codes: 0 the library is
    sound, 1 something is left (it is named, with the reason), 130 interrupted.
    """
    settings = read_settings(IngestSettings)
    with contextlib.closing(open_database(settings, connections=INGESTING)) as database:
        library = Library(database)
        ingest = make_ingest(database, settings, profile_of(library, None))
        checked = Checked(database, settings.keyframes_dir)
        mended = mend(Remedies(ingest, library, checked, _reporter(quiet=as_json)))
        faults = find_faults(database, settings.keyframes_dir)
    if as_json:
        typer.echo(json.dumps(_document(mended, faults)))
    else:
        typer.echo("\n".join(_lines(mended, faults)))
    if faults:
        fail(f"{num_kinds(faults)} left")


@dataclass
class Told:
    """How much of something, and the names of the first few."""

    number: int = 0
    num_findings: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Counts one thing more."""
        self.number += finding.number
        self.num_findings += 1
        if self.num_findings <= NUM_SHOWN:
            self.first.append(finding.name)

    def sentence(self, kind: Kind) -> str:
        """The same for people."""
        has_more = self.num_findings > NUM_SHOWN
        return found(kind, self.number, self.first, has_more=has_more)

    def as_row(self, kind: Kind) -> dict[str, Any]:
        """The same for programs."""
        return {"fault": kind.value, "number": self.number, "first": self.first}


@dataclass
class Mended:
    """What has become of what was found."""

    done: dict[Kind, Told] = field(default_factory=lambda: defaultdict(Told))
    failed: dict[tuple[Kind, str], Told] = field(default_factory=lambda: defaultdict(Told))
    """By kind and reason."""

    def reasons(self, kind: Kind) -> list[str]:
        """Why something of this kind could not be mended."""
        return [reason for failed, reason in self.failed if failed is kind]


def mend(remedies: Remedies) -> Mended:
    """Does what can be done about every kind of fault; what fails stops nothing else.

    Raises DatabaseUnreachable, Interrupted.
    """
    mended = Mended()
    for kind, remedy in remedies.all().items():
        for batch in batches(find(kind, remedies.checked)):
            left = dict.fromkeys(batch)
            try:
                for finding, reason in remedy(batch):
                    mended.failed[kind, reason].add(finding)
                    del left[finding]
            except (DatabaseUnreachable, Interrupted):
                raise
            except (SceneseekError, OSError) as error:
                for finding in left:
                    mended.failed[kind, str(error)].add(finding)
                continue
            for finding in left:
                mended.done[kind].add(finding)
    remedies.finish()
    return mended


def _lines(mended: Mended, faults: Sequence[Fault]) -> Iterator[str]:
    """What was mended, and what is left, with the reason."""
    for kind, told in mended.done.items():
        yield f"mended: {told.sentence(kind)}"
    kinds_left = {fault.kind for fault in faults}
    for (kind, reason), told in mended.failed.items():
        if kind not in kinds_left:  # such as a file that has changed, and cannot be read now
            yield f"mended: {told.sentence(kind)}: {reason}"
    for fault in faults:
        reasons = "; ".join(mended.reasons(fault.kind))
        yield f"not mended: {fault.found}\n  because: {reasons}" if reasons else fault.as_lines()
    if not faults:
        yield "clean"


def _document(mended: Mended, faults: Sequence[Fault]) -> dict[str, Any]:
    return {
        "mended": [told.as_row(kind) for kind, told in mended.done.items()],
        "failed": [
            {**told.as_row(kind), "reason": reason}
            for (kind, reason), told in mended.failed.items()
        ],
        "faults": [str(fault) for fault in faults],
        "found": [fault.as_row() for fault in faults],
    }


def _reporter(*, quiet: bool) -> Report:
    """Tells each stage of a file once."""
    told: set[tuple[Path | Address, str]] = set()

    def report(place: Path | Address, stage: str, _part: float | None) -> None:
        if not quiet and (place, stage) not in told:
            told.add((place, stage))
            structlog.get_logger().info(STAGES[stage], file=printable(place))

    return report


if __name__ == "__main__":
    run(app)
