"""What there is to do for a job: looked for, entered, and handed out while it is looked for."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from database.errors import NotFound
from database.forms import is_storable
from database.jobs.records import BackfillRequest, ForgetRequest, IngestRequest
from database.jobs.worklog import Step, Thing
from database.models import JobFileState
from ingest.files.batches import batches
from ingest.files.discover import Discovery, discover
from ingest.files.found import FoundFile
from ingest.files.objects import is_place_gone
from ingest.files.outcome import FAULTS, Outcome, printable
from ingest.work.bench import DESCRIPTIONS, Bench

if TYPE_CHECKING:
    from ingest.pipeline import Ingest

EVERY_S = 1.0
Item = TypeVar("Item")


def scan(bench: Bench, step: Step) -> bool:
    """Enters all that a job has to do; False if it was stopped before the end. It may be begun
    again at any point.

    Raises what concerns the whole job: WeightsMissing, UnknownSpace, DatabaseError, Interrupted.
    """
    match step.request:
        case IngestRequest():
            return _scan_paths(bench, step, step.request)
        case BackfillRequest():
            return _scan_spaces(bench, step, step.request)
        case ForgetRequest():
            return _forget(bench, step, step.request)


def _scan_paths(bench: Bench, step: Step, request: IngestRequest) -> bool:
    from ingest.library.spaces import require_speech

    ingest = bench.ingest(retry=request.retry, again=request.again)
    require_speech(ingest.profile, ingest.encoders)
    ingest.spaces_to_fill()
    num_known = 0
    with ingest.removal.run():
        for batch in batches(_files_of(request)):
            met = bench.log.known(step.job_id, [_name(file) for file in batch])
            new = [file for file in batch if _name(file) not in met]
            for looked_at in _in_time(_things(ingest, new)):
                bench.require_running()
                things = [thing for thing in looked_at if thing is not None]
                num_known += len(looked_at) - len(things)
                if not bench.log.found(step, things, num_known):
                    return False
    return True


def _in_time(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items in lists, one about every second: a thousand files may be told at once, or take
    minutes, on a slow disk or where each is refused."""
    piece: list[Item] = []
    due = time.monotonic() + EVERY_S
    for item in items:
        piece.append(item)
        if time.monotonic() >= due:
            yield piece
            piece, due = [], time.monotonic() + EVERY_S
    if piece:
        yield piece


def _files_of(request: IngestRequest) -> Discovery:
    """What is there by now: a path that has gone since it was asked for is no fault of the job."""
    return discover([path for path in request.paths if not is_place_gone(path)])


def _things(ingest: "Ingest", files: Sequence[FoundFile]) -> Iterator[Thing | None]:
    """What is to be done of each file, or what is wrong with it; None where there is nothing to
    tell."""
    for file, known in zip(files, ingest.known_outcomes(files), strict=True):
        outcome = known
        if outcome is None and file.refusal is not None:  # told without any work
            outcome = ingest.ingest_file(file, lambda *_: None)
        yield Thing(_name(file)) if outcome is None else _told(file, outcome)


def _told(file: FoundFile, outcome: Outcome) -> Thing | None:
    if outcome.status not in FAULTS:
        return None
    return Thing(_name(file), JobFileState(outcome.status.value), outcome.reason)


def _name(file: FoundFile) -> str:
    path = str(file.place)
    return path if is_storable(path) else printable(path)


def _scan_spaces(bench: Bench, step: Step, request: BackfillRequest) -> bool:
    from embeddings.registry.spaces import choose_spaces
    from ingest.library.spaces import spaces_to_fill

    if request.descriptions:
        return bench.log.found(step, [Thing(DESCRIPTIONS)], 0)
    filler = bench.filler()
    if request.spaces is None:
        chosen = list(spaces_to_fill(filler.spaces, filler.encoders))
    else:
        chosen = choose_spaces(request.spaces, filler.encoders.spaces)
    for space in chosen:
        filler.encoders.require_weights(space)
    filler.spaces.add(chosen)
    return bench.log.found(step, [Thing(space.key) for space in chosen], 0)


def _forget(bench: Bench, step: Step, request: ForgetRequest) -> bool:
    """Here and now: it takes no time that would be worth a queue."""
    for video_id in request.video_ids:
        if not bench.log.found(step, [_forgotten_video(bench, video_id)], 0):
            return False
    return bench.log.found(step, _forgotten_files(bench) if request.missing else [], 0)


def _forgotten_video(bench: Bench, video_id: int) -> Thing:
    from database.videos.forgetting import forget_videos

    ingest = bench.ingest()
    try:
        (video,) = forget_videos(
            [video_id], bench.keyframes_dir, ingest.removal, ingest.store, bench.require_running
        )
    except NotFound as error:
        return Thing(f"video {video_id}", JobFileState.SKIPPED, str(error))
    path = printable(video.files[0][1]) if video.files else "a video without a file"
    return Thing(f"video {video_id}", JobFileState.DONE, path)


def _forgotten_files(bench: Bench) -> list[Thing]:
    from ingest.settling import settle

    settled = settle((), bench.ingest(), bench.grace)
    assert settled.forgotten is not None
    gone = [Thing(path, JobFileState.DONE) for path in settled.forgotten.paths]
    kept = [Thing(k.path, JobFileState.SKIPPED, k.reason) for k in settled.forgotten.kept]
    return [*gone, *kept]
