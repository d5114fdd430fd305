"""Files are worked on a few at a time; what concerns the run ends it soon."""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from database.errors import DatabaseUnreachable
from embeddings.errors import WeightsMissing
from ingest.errors import Interrupted
from ingest.files.batches import BATCH
from ingest.files.found import FoundFile
from ingest.files.outcome import Outcome, OutcomeStatus
from ingest.lanes import ingest_files
from ingest.pipeline import Report

FILES = [FoundFile(Path(f"/v/{number}.mp4"), 1, 1) for number in range(20)]


def ignore(path: Path, stage: str, part: float | None) -> None:
    """Progress that nobody looks at."""


class Ingest:
    """Takes its time over each file, and reports all along."""

    def __init__(self, fails_at: Path | None = None) -> None:
        self.fails_at = fails_at
        self.num_done = 0
        self.most_at_once = self._at_once = 0
        self._lock = threading.Lock()
        self.removal = self
        self.models_loaded = threading.Event()
        self.num_loads = 0

    @contextmanager
    def run(self) -> Iterator[None]:
        yield

    def known_outcomes(self, files: Sequence[FoundFile]) -> list[Outcome | None]:
        return [None for _ in files]

    def load_models(self) -> None:
        self.num_loads += 1
        self.models_loaded.set()

    def ingest_file(self, file: FoundFile, report: Report) -> Outcome:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        for part in range(5):
            report(file.path, "decode", part / 5)
            threading.Event().wait(0.01)
        if file.path == self.fails_at:
            raise DatabaseUnreachable("it does not answer")
        with self._lock:
            self._at_once -= 1
            self.num_done += 1
        return Outcome(str(file.path), OutcomeStatus.DONE)


def run(ingest: Ingest, jobs: int, **options: object) -> list[Outcome]:
    ended = ingest_files(FILES, ingest, jobs, ignore, **options)  # type: ignore[arg-type]
    return [each.outcome for each in ended]


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_file_has_an_outcome_and_no_more_are_at_work_than_allowed(jobs: int) -> None:
    ingest = Ingest()
    outcomes = run(ingest, jobs)
    assert sorted(outcome.path for outcome in outcomes) == sorted(str(f.path) for f in FILES)
    assert ingest.most_at_once == jobs


def test_models_are_loaded_while_the_first_file_is_decoded() -> None:
    class NeedsModels(Ingest):
        def ingest_file(self, file: FoundFile, report: Report) -> Outcome:
            report(file.path, "decode", 0.5)
            assert self.models_loaded.wait(10)
            return super().ingest_file(file, report)

    ingest = NeedsModels()
    assert len(run(ingest, 3)) == len(FILES)
    assert ingest.num_loads == 1


def test_models_that_cannot_be_loaded_fail_the_files_that_need_them_and_no_others() -> None:
    class Lacks(Ingest):
        def load_models(self) -> None:
            raise WeightsMissing("a model is not here", "a model")

    assert {outcome.status for outcome in run(Lacks(), 2)} == {OutcomeStatus.DONE}


def test_no_models_are_loaded_for_files_that_cannot_be_decoded() -> None:
    class Refuses(Ingest):
        def ingest_file(self, file: FoundFile, report: Report) -> Outcome:
            report(file.path, "decode", 0.0)
            return Outcome(str(file.path), OutcomeStatus.FAILED, "no video")

    ingest = Refuses()
    assert len(run(ingest, 2)) == len(FILES)
    assert not ingest.models_loaded.is_set()


def test_what_concerns_the_run_ends_it_before_most_files_are_done() -> None:
    ingest = Ingest(fails_at=FILES[1].path)
    with pytest.raises(DatabaseUnreachable):
        run(ingest, 2)
    assert ingest.num_done < 10


def test_a_run_that_is_stopped_ends_in_the_middle_of_a_file() -> None:
    ingest = Ingest()
    stopped = threading.Event()
    outcomes = ingest_files(FILES, ingest, 2, ignore, stopped)  # type: ignore[arg-type]
    next(outcomes)
    stopped.set()
    with pytest.raises(Interrupted):
        list(outcomes)
    assert ingest.num_done < 10


def test_files_are_looked_for_as_they_are_needed() -> None:
    looked_for: list[FoundFile] = []

    def find() -> Iterator[FoundFile]:
        for number in range(5 * BATCH):
            looked_for.append(FoundFile(Path(f"/v/{number}.mp4"), 1, 1))
            yield looked_for[-1]

    ended = ingest_files(find(), Ingest(), 2, ignore)  # type: ignore[arg-type]
    for _ in range(3):
        next(ended)
    assert len(looked_for) == BATCH
    assert isinstance(ended, Generator)
    ended.close()


def test_a_file_whose_outcome_is_known_takes_no_lane_and_keeps_its_number() -> None:
    class KnowsEven(Ingest):
        def known_outcomes(self, files: Sequence[FoundFile]) -> list[Outcome | None]:
            known = Outcome("as before", OutcomeStatus.UNCHANGED)
            return [known if int(file.path.stem) % 2 == 0 else None for file in files]

    ingest = KnowsEven()
    ended = list(ingest_files(FILES, ingest, 2, ignore))  # type: ignore[arg-type]
    assert ingest.num_done == 10
    assert {each.number: each.outcome.path for each in ended} == {
        number: f"/v/{number}.mp4" if number % 2 else "as before" for number in range(20)
    }
    assert all(each.is_new == bool(each.number % 2) for each in ended)


def test_a_run_of_known_files_is_stopped_too() -> None:
    class KnowsAll(Ingest):
        def known_outcomes(self, files: Sequence[FoundFile]) -> list[Outcome | None]:
            return [Outcome(str(file.path), OutcomeStatus.UNCHANGED) for file in files]

    stopped = threading.Event()
    ended = ingest_files(FILES, KnowsAll(), 2, ignore, stopped)  # type: ignore[arg-type]
    next(ended)
    stopped.set()
    with pytest.raises(Interrupted):
        next(ended)


def test_a_run_without_files_ends_at_once() -> None:
    assert list(ingest_files([], Ingest(), 2, ignore)) == []  # type: ignore[arg-type]
