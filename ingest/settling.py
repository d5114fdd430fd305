"""The end of a run, when all its files have an outcome: what is missing is marked, what no file
leads to goes, and what was left behind is removed. Not before: files that swap names, or move from
one folder to another, are met one after the other."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from database.videos.forgetting import remove_orphans
from ingest.files.leftovers import remove_leftovers
from ingest.files.missing import Forgotten, forget_missing, mark_missing, missing_under
from ingest.library.null_statistics import refresh_null_statistics
from ingest.library.titles import follow_names
from ingest.pipeline import Ingest


def renew_statistics(ingest: Ingest) -> None:
    """What searches know of a library beside its rows: how unrelated queries score, how frequent
    words are.
    """
    refresh_null_statistics(ingest.spaces, ingest.spaces_to_fill(), ingest.encoders)
    ingest.store.analyse()


@dataclass(frozen=True)
class Settled:
    """What the end of a run has found."""

    num_missing: int
    """Files of the run's folders that are gone, and not forgotten."""
    forgotten: Forgotten | None
    """None unless missing files were to be forgotten."""


def settle(roots: Collection[Path], ingest: Ingest, grace: timedelta | None) -> Settled:
    """Settles the library after a run over `roots`; with `grace`, what has been missing for so long
    is forgotten, of the whole library if there are no roots."""
    mark_missing(roots, ingest.removal)
    forgotten = None
    if grace is not None:
        forgotten = forget_missing(roots, grace, ingest.removal)
    ingest.removal.settle()
    follow_names(ingest.names)
    remove_orphans(ingest.keyframes_dir, ingest.removal, ingest.store)
    remove_leftovers(ingest.work_dir, ingest.keyframes_dir, ingest.store)
    missing = missing_under(roots, ingest.removal)
    return Settled(sum(1 for _ in missing), forgotten)
