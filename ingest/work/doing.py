"""One thing of a job, from its turn to its outcome."""

from collections.abc import Mapping

from database.errors import ObjectRefused, TooSlow
from database.jobs.worklog import BegunFile
from database.models import JobFileState, JobKind
from ingest.errors import Interrupted
from ingest.files.discover import discover
from ingest.files.found import FoundFile
from ingest.files.objects import is_place_gone
from ingest.files.outcome import Outcome, OutcomeStatus, printable
from ingest.work.bench import DESCRIPTIONS, Bench
from ingest.work.reports import Reports
from ingest.work.trying import TryLater, ends_job, insist, passes, reason_of


def do_file(bench: Bench, job_id: int, path: str) -> None:
    """Does a file of a job, or a space of a backfill, unless that has been done by now. Raises
    TryLater, and nothing else."""
    file = insist(lambda: bench.log.begin_file(job_id, path))
    if file is None:
        return
    try:
        outcome = _done(bench, file)
    except Interrupted:
        insist(lambda: bench.log.give_back_file(file))
        raise TryLater from None
    except Exception as error:
        reason = reason_of(error)
        if passes(error, file.attempt):
            pardon = not isinstance(error, TooSlow)
            insist(lambda: bench.log.give_back_file(file, reason, pardon=pardon))
            raise TryLater from None
        is_heard = insist(lambda: bench.log.end_file(file, JobFileState.FAILED, reason))
        if is_heard and ends_job(error):
            insist(lambda: bench.log.fail(job_id, reason))
        return
    state = JobFileState(outcome.status.value)
    told = (outcome.reason, outcome.scenes, outcome.moments)
    insist(lambda: bench.log.end_file(file, state, *told))


def _done(bench: Bench, file: BegunFile) -> Outcome:
    if file.kind is JobKind.BACKFILL:
        return _describe(bench, file) if file.path == DESCRIPTIONS else _fill(bench, file)
    try:
        found = _look(file.path)
    except ObjectRefused as error:  # of this object alone: the job goes on
        return Outcome(printable(file.path), OutcomeStatus.FAILED, str(error))
    if found is None:
        reason = "it was gone when its turn came"
        return Outcome(printable(file.path), OutcomeStatus.SKIPPED, reason)
    ingest = bench.ingest()
    with ingest.removal.run():
        (known,) = ingest.known_outcomes([found])  # by another job, or by a worker that is gone
        if known is not None:
            return known
        outcome = ingest.ingest_file(found, Reports(bench, file))
    if outcome.status in (OutcomeStatus.DONE, OutcomeStatus.PARTIAL):
        bench.grew(outcome.moments)
    return outcome


def _look(path: str) -> FoundFile | None:
    """The file as it is now, with the subtitles beside it."""
    if is_place_gone(path):
        return None
    return next((found for found in discover([path]) if str(found.place) == path), None)


def _fill(bench: Bench, file: BegunFile) -> Outcome:
    """A space, whose key stands for a path."""
    filler, reports = bench.filler(), Reports(bench, file)
    space = filler.encoders.spaces[file.path]
    coverage = filler.spaces.coverage(space.key)
    num, most = 0, max(1, coverage.wanted - coverage.embedded)

    def report(_space: object, num_embedded: int) -> None:
        nonlocal num
        num += num_embedded
        reports(None, "embed", min(1.0, num / most))

    return _outcome(file, num, filler.fill([space], report).faults)


def _describe(bench: Bench, file: BegunFile) -> Outcome:
    """The descriptions that keyframes lack."""
    from ingest.describing import DescribedLibrary, describer_of

    filler, reports = bench.filler(), Reports(bench, file)
    library = DescribedLibrary.of(bench.database, filler)
    most = max(1, library.descriptions.count().missing)
    num = 0

    def report(num_described: int) -> None:
        nonlocal num
        num += num_described
        reports(None, "describe", min(1.0, num / most))

    reports(None, "describe", 0.0)
    told = library.describe(describer_of(bench.settings, filler.encoders), report)
    return _outcome(file, num, told.faults)


def _outcome(file: BegunFile, num: int, faults: Mapping[int, str]) -> Outcome:
    """What became of a backfill that has stored `num` moments or vectors."""
    if not faults:
        return Outcome(file.path, OutcomeStatus.DONE, moments=num)
    video_id, reason = next(iter(faults.items()))
    others = f"; {len(faults) - 1} others" if len(faults) > 1 else ""
    return Outcome(
        file.path, OutcomeStatus.PARTIAL, f"video {video_id}: {reason}{others}", moments=num
    )
