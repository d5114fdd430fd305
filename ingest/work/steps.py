"""What concerns a job as a whole: what there is to do is looked for, and the job is ended."""

from collections.abc import Callable
from pathlib import Path

from database.errors import TooSlow
from database.jobs.jobs import Jobs
from database.jobs.records import BackfillRequest, IngestRequest
from database.jobs.worklog import Step
from database.models import JobFileState, SpaceState
from database.objects.address import Address, is_address
from ingest.errors import Interrupted
from ingest.work.bench import Bench
from ingest.work.scanning import scan
from ingest.work.trying import TryLater, insist, passes, reason_of


def do_scan(bench: Bench, job_id: int) -> None:
    """Looks for what there is to do for a job. Raises TryLater, and nothing else."""

    def work(step: Step) -> None:
        if scan(bench, step):
            bench.log.scanned(step)
        else:
            bench.log.give_back_step(step)

    _do(bench, job_id, work, scanned=False)


def do_finish(bench: Bench, job_id: int) -> None:
    """Ends a job, all of whose files have an outcome. Raises TryLater, and nothing else."""

    def work(step: Step) -> None:
        match step.request:
            case IngestRequest(paths=paths):
                _finish_ingest(bench, job_id, paths)
            case BackfillRequest():
                _finish_backfill(bench, job_id)
        bench.log.done(job_id)

    _do(bench, job_id, work, scanned=True)


def _do(bench: Bench, job_id: int, work: Callable[[Step], None], *, scanned: bool) -> None:
    step = insist(lambda: bench.log.begin_step(job_id, scanned=scanned))
    if step is None:
        return
    try:
        work(step)
    except Interrupted:
        insist(lambda: bench.log.give_back_step(step))
        raise TryLater from None
    except Exception as error:
        reason = reason_of(error)
        if passes(error, step.attempt):
            pardon = not isinstance(error, TooSlow)
            insist(lambda: bench.log.give_back_step(step, reason, pardon=pardon))
            raise TryLater from None
        insist(lambda: bench.log.fail_step(step, reason))


def _finish_ingest(bench: Bench, job_id: int, paths: tuple[str, ...]) -> None:
    from ingest.library.spaces import activate_complete
    from ingest.settling import renew_statistics, settle

    ingest = bench.ingest()
    roots = [Path(path) for path in paths if not is_address(path)]
    places = [Address.parse(path) for path in paths if is_address(path)]
    settle(roots, ingest, None, places)
    counts = Jobs(bench.database).get(job_id).counts
    if counts[JobFileState.DONE] + counts[JobFileState.PARTIAL]:
        renew_statistics(ingest)
        activate_complete(ingest.spaces)


def _finish_backfill(bench: Bench, job_id: int) -> None:
    from ingest.library.null_statistics import refresh_null_statistics
    from ingest.library.spaces import activate_complete

    filler = bench.filler()
    names = [file.path for file in Jobs(bench.database).files(job_id)]
    keys = [name for name in names if name in filler.encoders.spaces]
    chosen = [filler.encoders.spaces[key] for key in keys]
    refresh_null_statistics(filler.spaces, chosen, filler.encoders)
    activate_complete(filler.spaces)
    infos = filler.spaces.all()
    for key in (key for key in keys if infos[key].state is SpaceState.ACTIVE):
        filler.spaces.index(key)
