"""The check of a library: whether rows, files and keyframes say the same."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from database.checking.checked import Checked
from database.checking.disk import given_up_work, lost_keyframes, stray_keyframes
from database.checking.faults import NUM_SHOWN, Fault, Finding, Kind
from database.checking.files import misplaced_files
from database.checking.jobs import stalled_jobs, unended_files
from database.checking.rows import files_without_outcome, spaces_without_index, wrong_rows
from database.server.connection import Database

_FINDERS: dict[Kind, Callable[[Checked], Iterator[Finding]]] = {
    **{kind: partial(wrong_rows, kind=kind) for kind in Kind},
    Kind.GONE: misplaced_files,
    Kind.RETURNED: misplaced_files,
    Kind.CHANGED: misplaced_files,
    Kind.NO_OUTCOME: files_without_outcome,
    Kind.KEYFRAME_LOST: lost_keyframes,
    Kind.KEYFRAME_STRAY: stray_keyframes,
    Kind.NO_INDEX: spaces_without_index,
    Kind.GIVEN_UP: given_up_work,
    Kind.STALLED: stalled_jobs,
    Kind.UNENDED: unended_files,
}


def find(kind: Kind, checked: Checked) -> Iterator[Finding]:
    """All that is wrong in this way, page by page: what is mended meanwhile is not met again."""
    return (finding for finding in _FINDERS[kind](checked) if finding.kind is kind)


def find_faults(database: Database, keyframes_dir: Path) -> list[Fault]:
    """Every way in which the library is not as it should be; none of a sound one. Of files, those
    of this host are looked at, and of videos those that such a file leads to."""
    checked = Checked(database, keyframes_dir)
    numbers, num_findings = Counter[Kind](), Counter[Kind]()
    first: dict[Kind, list[str]] = defaultdict(list)
    for finder in dict.fromkeys(_FINDERS.values()):
        for finding in finder(checked):
            numbers[finding.kind] += finding.number
            num_findings[finding.kind] += 1
            if num_findings[finding.kind] <= NUM_SHOWN:
                first[finding.kind].append(finding.name)
    return [
        Fault(kind, numbers[kind], tuple(first[kind]), num_findings[kind] > NUM_SHOWN)
        for kind in Kind
        if kind in first
    ]
