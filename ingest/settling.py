"""The end of a run, when all its files have an outcome: what is missing is marked, what no file
leads to goes, and what was left behind is removed. Not before: files that swap names, or move from
one folder to another, are met one after the other."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from database.objects.address import Address
from database.videos.forgetting import remove_orphans
from database.videos.places import place_of
from database.videos.removal import Removal
from ingest.files.leftovers import remove_leftovers
from ingest.files.missing import (
    Forgotten,
    Kept,
    forget_missing,
    mark_missing,
    mark_missing_objects,
    missing_under,
)
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


def settle(
    roots: Collection[Path],
    ingest: Ingest,
    grace: timedelta | None,
    places: Collection[Address] = (),
) -> Settled:
    """Settles the library after a run over `roots`, and over `places` of buckets; with `grace`,
    what has been missing for so long is forgotten, of all files of this host if there are none."""
    own = [(roots, ingest.removal)] if roots or not places else []
    of_buckets = [(place, ingest.at(place.origin).removal) for place in places]
    looked_at = own + [([Path(place.path)], removal) for place, removal in of_buckets]
    for _, removal in own:
        mark_missing(roots, removal)
    for place, removal in of_buckets:
        mark_missing_objects(place, removal)
    forgotten = None
    if grace is not None:
        each = [_forget_missing(at, grace, removal) for at, removal in looked_at]
        forgotten = Forgotten(
            [path for one in each for path in one.paths],
            [kept for one in each for kept in one.kept],
        )
    ingest.removal.settle()
    follow_names(ingest.names)
    remove_orphans(ingest.keyframes_dir, ingest.removal, ingest.store)
    remove_leftovers(ingest.work_dir, ingest.keyframes_dir, ingest.store)
    missing = (file for at, removal in looked_at for file in missing_under(at, removal))
    return Settled(sum(1 for _ in missing), forgotten)


def _forget_missing(at: Collection[Path], grace: timedelta, removal: Removal) -> Forgotten:
    """What `forget_missing` answers, with the addresses of objects."""
    forgotten = forget_missing(at, grace, removal)
    return Forgotten(
        [place_of(removal.origin, path) for path in forgotten.paths],
        [Kept(place_of(removal.origin, kept.path), kept.reason) for kept in forgotten.kept],
    )
