"""What is new or changed in a watched folder: held until it has stood, then a job."""

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest
from database.videos.stored import Store
from ingest.files.batches import batches
from ingest.files.discover import discover_in
from ingest.files.found import EMPTY, FoundFile
from ingest.files.identity import known_outcomes
from ingest.files.outcome import printable
from ingest.files.presence import mount_of
from ingest.files.sidecars import Beside, is_subtitles
from ingest.watching.disks import remote_mounts
from ingest.watching.temporary import is_temporary
from ingest.watching.writing import is_open_for_writing

STOOD_S = 5.0
"""A file is taken when its size and time of modification have stood for so long."""
STOOD_OPEN_S = 60.0
"""The same, while a program has it open for writing: a copy may rest, a recording be paused."""
TOGETHER_S = 10.0
"""What has stood waits so long for what has not. Files that swap names have to be taken together:
between two jobs, a video that no file leads to would be removed."""
BUSY_S = 15.0
"""A file that a job has already is asked for again after so long."""


@dataclass(frozen=True, slots=True)
class _Held:
    file: FoundFile
    since: float
    """When it was first seen like this."""


class Arrivals:
    """The files of a watched folder that the library does not have as they are. In memory is only
    what is waited for: whatever is lost with the process, the next look at the folder finds."""

    def __init__(self, folder: Path, store: Store, jobs: Jobs, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._store = store
        self._jobs = jobs
        self._clock = clock
        self._remote = remote_mounts()
        self._held: dict[Path, _Held] = {}
        self._submitted: dict[Path, FoundFile] = {}
        """What has been made jobs of, until it has an outcome. As it is, it is submitted only once:
        a job that was cancelled, or that failed, does not come again by itself."""
        self._refused: set[Path] = set()
        """What cannot be ingested as it is and was told of."""

    def look(self, paths: Collection[Path]) -> None:
        """Looks at some paths of the folder and at all below them, and at what is held. Raises
        DatabaseError; then, the same look is to be had again."""
        now = self._clock()
        unseen = set(self._held)
        for batch in batches(self._find({*paths, *unseen})):
            self._take(batch, now)
            unseen -= {file.path for file in batch}
        for path in unseen:
            self._held.pop(path, None)
        if self._folder in paths or not all(path.exists() for path in paths):
            self._submitted = {p: file for p, file in self._submitted.items() if p.exists()}

    def submit(self) -> None:
        """Makes a job of what has stood. Raises DatabaseError; what has no job then stays held."""
        now = self._clock()
        held = [each for each in self._held.values() if each.since <= now]
        stood = [each for each in held if now - each.since >= STOOD_S]
        longest_s = max((now - each.since for each in stood), default=0.0)
        if len(stood) < len(held) and longest_s < STOOD_S + TOGETHER_S:
            return
        for batch in batches(each.file for each in stood if self._is_whole(each, now)):
            self._submit(batch, now)

    def awaited_sizes(self, sizes: Collection[int]) -> set[int]:
        """Those of these sizes that files have which are held, or which a job has to do: files that
        were moved, perhaps. Raises DatabaseError."""
        alike = [file.path for file in self._submitted.values() if file.size_bytes in sizes]
        if alike:
            self.look(alike)  # some may have an outcome by now
        awaited = [held.file for held in self._held.values()] + list(self._submitted.values())
        return {file.size_bytes for file in awaited}.intersection(sizes)

    def _find(self, paths: Collection[Path]) -> Iterator[FoundFile]:
        for file in discover_in(self._folder, _with_owners(paths)):
            is_to_come = file.refusal == EMPTY or self._is_temporary(file.path)
            if is_to_come or file.left_out:
                continue
            if file.refusal is None:
                yield file
            elif file.path not in self._refused and os.path.lexists(file.path):
                self._refused.add(file.path)
                _log("passed over", file=printable(file.path), reason=file.refusal)

    def _is_temporary(self, path: Path) -> bool:
        return any(map(is_temporary, path.relative_to(self._folder).parts))

    def _take(self, files: Collection[FoundFile], now: float) -> None:
        """Holds those files that the library does not have, and lets go of those that it has."""
        asked = [file for file in files if not self._is_held(file)]
        if not asked:
            return
        outcomes = known_outcomes(asked, self._store, retry=False)
        for file, outcome in zip(asked, outcomes, strict=True):
            if outcome is not None:
                self._held.pop(file.path, None)
                self._submitted.pop(file.path, None)
            elif self._submitted.get(file.path) != file:
                self._held[file.path] = _Held(file, now)

    def _is_whole(self, held: _Held, now: float) -> bool:
        path = held.file.path
        if now - held.since >= STOOD_OPEN_S or mount_of(path) in self._remote:
            return True
        return not is_open_for_writing(path)

    def _is_held(self, file: FoundFile) -> bool:
        held = self._held.get(file.path)
        return held is not None and held.file == file

    def _submit(self, files: Collection[FoundFile], now: float) -> None:
        outcomes = known_outcomes(list(files), self._store, retry=False)
        busy = self._jobs.pending([str(file.path) for file in files])
        new = []
        for file, outcome in zip(files, outcomes, strict=True):
            if outcome is not None:  # of somebody else's ingest
                del self._held[file.path]
            elif str(file.path) in busy:
                self._held[file.path] = _Held(file, now + BUSY_S)
            else:
                new.append(file)
        if not new:
            return
        job = self._jobs.submit(IngestRequest(tuple(str(file.path) for file in new)))
        _log("new files", folder=printable(self._folder), num=len(new), job=job)
        for file in new:
            del self._held[file.path]
            self._submitted[file.path] = file


def _log(event: str, **told: object) -> None:
    structlog.get_logger().info(event, **told)


def _with_owners(paths: Iterable[Path]) -> set[Path]:
    """Paths, and for subtitles among them, which may have gone, the files whose they are."""
    found, subtitles = set(paths), defaultdict(set)
    for path in found:
        if is_subtitles(path.name):
            subtitles[path.parent].add(path.name)
    for folder, names in subtitles.items():
        try:
            beside = Beside({*(path.name for path in folder.iterdir()), *names})
        except OSError:
            continue
        found |= {folder / owner for name in names for owner in beside.owners(name)}
    return found
