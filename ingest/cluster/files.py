"""Files, ingested on a cluster: a row for each, and an actor's models for the story of it."""

import dataclasses
import json
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from ray.actor import ActorHandle

from database.objects.address import Address
from database.opening import INGESTING, open_database
from embeddings.errors import SceneseekError
from embeddings.registry.spaces import Profile
from ingest.cluster.joining import Row, node_name, worked_off
from ingest.cluster.models import Card, encoders_for
from ingest.errors import ClusterUnavailable
from ingest.files.discover import Discovery
from ingest.files.found import FoundFile
from ingest.files.outcome import Outcome, OutcomeStatus
from ingest.lanes import Ended, with_outcomes
from ingest.media.child import begin_without_main
from ingest.pipeline import Ingest, Report, make_ingest
from ingest.settings import IngestSettings

MOST_AT_ONCE = 20_000
"""Files of one dataset: the rest is looked for when these are done."""


@dataclasses.dataclass(frozen=True)
class FileTask:
    """What an actor is to know beside the file."""

    settings: IngestSettings
    profile: Profile
    keyframes_only: bool
    roots: tuple[Path, ...]


class FileWorker:
    """An actor that ingests one file after the other, with models that it loads once."""

    def __init__(self, task: FileTask, cards: Sequence[ActorHandle[Card]]) -> None:
        self._task = task
        self._cards = cards

    def __call__(self, row: Row) -> Row:
        """The outcome of a file as JSON, or what ends the run as `error`."""
        told = {"number": row["number"], "node": node_name(), "outcome": None, "error": None}
        try:
            outcome = self._done(pickle.loads(row["file"]))
        except SceneseekError as error:
            return {**told, "error": str(error)}
        return {**told, "outcome": json.dumps(asdict(outcome))}

    def _done(self, file: FoundFile) -> Outcome:
        ingest = self._ingest
        with ingest.removal.run():
            (known,) = ingest.known_outcomes([file])  # by another, whose machine was lost
            return known or ingest.ingest_file(file, _silent)

    @cached_property
    def _ingest(self) -> Ingest:
        task = self._task
        for root in task.roots:
            if not root.exists():
                raise ClusterUnavailable(
                    f"{root} is not to be seen here: all machines of a cluster need the files "
                    "under the same path, of a disk that they share"
                )
        begin_without_main()
        return make_ingest(
            open_database(task.settings, connections=INGESTING),
            task.settings,
            task.profile,
            keyframes_only=task.keyframes_only,
            retry=True,
            encoders=encoders_for(task.settings.runtime(1), self._cards),
        )


def ingest_on_cluster(
    files: Discovery,
    ingest: Ingest,
    task: FileTask,
    cards: Sequence[ActorHandle[Card]],
    report: Report,
) -> Iterator[Ended]:
    """The outcome of every file, as they end; those that are known, or refused without being
    opened, by this process. Raises ClusterFailed, DatabaseError."""
    rows: list[Row] = []
    with ingest.removal.run():
        for number, (file, known) in enumerate(with_outcomes(files, ingest)):
            if known is not None:
                yield Ended(number, known, is_new=False)
            elif file.refusal is not None:
                yield Ended(number, ingest.ingest_file(file, report), is_new=True)
            else:
                rows.append({"number": number, "file": pickle.dumps(file)})
            if len(rows) == MOST_AT_ONCE:
                yield from _ended(rows, task, cards)
                rows = []
        yield from _ended(rows, task, cards)


def _ended(
    rows: Sequence[Row], task: FileTask, cards: Sequence[ActorHandle[Card]]
) -> Iterator[Ended]:
    for row in worked_off(rows, FileWorker, task, cards):
        told = json.loads(row["outcome"])
        outcome = Outcome(**{**told, "status": OutcomeStatus(told["status"])})
        yield Ended(row["number"], outcome, is_new=True)


def _silent(_place: Path | Address, _stage: str, _part: float | None) -> None:
    """What is told of a file on its way stays on its machine."""
