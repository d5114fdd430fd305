"""What mends each kind of fault that `python -m database check` finds. Everything is looked at once
more before it is changed, under the claim of its content, so that an ingest may run beside it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from database.checking.checked import Checked
from database.checking.disk import is_given_up, is_jpeg, named_keyframes
from database.checking.faults import Finding, Kind
from database.checking.jobs import LEASE_S, close_files
from database.checking.mending import recount, remove_bad_vectors, take_outcomes
from database.errors import DatabaseUnreachable
from database.jobs.sweep import sweep
from database.videos.forgetting import keyframe_folder, remove_orphans, unless_busy
from database.videos.read import IntactFile, Library
from embeddings.errors import SceneseekError
from ingest.atomic import remove
from ingest.errors import Interrupted
from ingest.files.discover import discover
from ingest.files.outcome import OutcomeStatus
from ingest.files.presence import is_gone
from ingest.library.backfilling import Filler
from ingest.library.keyframes import make_missing
from ingest.library.null_statistics import refresh_null_statistics
from ingest.library.spaces import activate_complete
from ingest.media.clips import Footage
from ingest.pipeline import Ingest, Report

BUSY = "an ingest is working on it just now: run this again when it has ended"
Failures = Iterator[tuple[Finding, str]]
"""What could not be mended, each with the reason."""


@dataclass
class Remedies:
    """What a library is mended with."""

    ingest: Ingest
    library: Library
    checked: Checked
    report: Report
    has_new_rows: bool = field(default=False, init=False)
    """Whether videos or vectors were stored."""

    def all(self) -> dict[Kind, Callable[[Sequence[Finding]], Failures]]:
        """The remedy of each kind that has one, for some findings at a time; in an order in which
        none undoes or needs what comes after it."""
        return {
            Kind.MISCOUNTED: self._count,
            Kind.GONE: self._mark_missing,
            Kind.NO_OUTCOME: self._look_again,
            Kind.RETURNED: self._take_up,
            Kind.CHANGED: self._ingest_findings,
            Kind.SCENES: partial(_each, self._make_anew),
            Kind.BACKWARDS: partial(_each, self._make_anew),
            Kind.TRACKLESS: partial(_each, self._make_anew),
            Kind.KEYFRAME_LOST: partial(_each, self._make_keyframes),
            Kind.VECTOR_BAD: partial(_each, self._remove_vectors),
            Kind.VECTOR_LACKING: self._embed,
            Kind.NO_INDEX: partial(_each, self._build_index),
            Kind.UNSETTLED: lambda _findings: self._settle(),
            Kind.ORPHAN: self._remove_orphans,
            Kind.KEYFRAME_STRAY: self._remove_keyframes,
            Kind.GIVEN_UP: partial(_each, self._remove_work),
            Kind.STALLED: lambda _findings: self._sweep(),
            Kind.UNENDED: lambda _findings: self._close_files(),
        }

    def finish(self) -> None:
        """What an ingest does when it has stored something: searches weigh by it."""
        self.ingest.removal.settle()
        if self.has_new_rows:
            spaces = self.ingest.spaces_to_fill()
            refresh_null_statistics(self.ingest.spaces, spaces, self.ingest.encoders)
            self.ingest.store.analyse()
            activate_complete(self.ingest.spaces)

    def _count(self, findings: Sequence[Finding]) -> Failures:
        recount(self.checked, _video_ids(findings))
        return iter(())

    def _mark_missing(self, findings: Sequence[Finding]) -> Failures:
        gone = [finding.path for finding in findings if is_gone(Path(finding.path))]
        self.ingest.removal.mark_missing(gone)
        self.ingest.removal.settle()
        return iter(())

    def _look_again(self, findings: Sequence[Finding]) -> Failures:
        """Files that lead to a video have its outcome; the others are ingested if they are there,
        or else there is nothing to say of them."""
        paths = [finding.path for finding in findings]
        take_outcomes(self.checked, paths)
        others = [finding for finding in findings if finding.video_id is None]
        gone = [finding for finding in others if is_gone(Path(finding.path))]
        self.ingest.store.forget_files([finding.path for finding in gone])
        yield from self._ingest_findings([each for each in others if each not in gone])

    def _take_up(self, findings: Sequence[Finding]) -> Failures:
        yield from self._ingest_findings(findings)
        self.ingest.removal.settle()

    def _ingest_findings(self, findings: Sequence[Finding]) -> Failures:
        with self.ingest.removal.run():
            yield from _each(self._ingest_finding, findings)

    def _ingest_finding(self, finding: Finding) -> str | None:
        return self._ingest_file(finding.path)

    def _make_anew(self, finding: Finding) -> str | None:
        """Where it cannot be done now, the next ingest of the file does it."""
        assert finding.video_id is not None
        self.ingest.store.set_again([finding.video_id], again=True)
        there = self.library.get_intact(finding.video_id)
        place = there.path if isinstance(there, IntactFile) else there.address
        return self._ingest_file(str(place))

    def _ingest_file(self, path: str) -> str | None:
        for file in discover([path]):
            outcome = self.ingest.ingest_file(file, self.report)
            if outcome.status in (OutcomeStatus.FAILED, OutcomeStatus.SKIPPED):
                return outcome.reason
            self.has_new_rows = True
        return None

    def _make_keyframes(self, finding: Finding) -> str | None:
        video_id, content = finding.video_id, finding.content
        assert video_id is not None
        named = [path for _, path in self.ingest.store.keyframes_of(video_id)]
        if any(str(Path(path).parent) != keyframe_folder(content) for path in named):
            return self._make_anew(finding)  # rows that name pictures of something else

        def make() -> bool:
            video = self.library.get_video(video_id)
            max_pixels = self.ingest.decode_options.max_pixels
            film = self.ingest.fetched.film(self.library, video_id)
            footage = Footage(film, video.clock, max_pixels)
            folder = self.checked.keyframes_dir
            keyframes = self.ingest.store.keyframes_of(video_id)
            for _, path in keyframes:
                if not is_jpeg(folder, path):
                    remove(folder / path)
            make_missing(keyframes, footage, folder, self.ingest.isolation, self.library.shared)
            return True

        return self._claimed(content, make)

    def _remove_vectors(self, finding: Finding) -> str | None:
        assert finding.video_id is not None
        remove_bad_vectors(self.checked, finding.video_id, finding.space)
        return None

    def _embed(self, findings: Sequence[Finding]) -> Failures:
        keys = {finding.space for finding in findings}
        spaces = [space for space in self.ingest.spaces_to_fill() if space.key in keys]
        filler = Filler(
            self.library,
            self.ingest.spaces,
            self.ingest.encoders,
            self.ingest.isolation,
            self.checked.keyframes_dir,
            self.ingest.decode_options.max_pixels,
            self.ingest.fetched,
        )
        filled = filler.fill(spaces, lambda _space, _num: None, video_ids=_video_ids(findings))
        self.has_new_rows = True
        for finding in findings:
            if (reason := filled.faults.get(finding.video_id or 0)) is not None:
                yield finding, reason

    def _build_index(self, finding: Finding) -> str | None:
        self.ingest.spaces.index(finding.space)
        return None

    def _settle(self) -> Failures:
        self.ingest.removal.settle()
        return iter(())

    def _remove_orphans(self, findings: Sequence[Finding]) -> Failures:
        remove_orphans(self.checked.keyframes_dir, self.ingest.removal, self.ingest.store)
        orphans = set(self.ingest.removal.orphans())
        return ((finding, BUSY) for finding in findings if finding.content in orphans)

    def _remove_keyframes(self, findings: Sequence[Finding]) -> Failures:
        by_content: dict[str, list[Finding]] = defaultdict(list)
        for finding in findings:
            by_content[finding.content].append(finding)
        for content, strays in by_content.items():
            if self._claimed(content, partial(self._remove_stray, content, strays)) is not None:
                yield from ((finding, BUSY) for finding in strays)

    def _remove_stray(self, content: str, strays: Iterable[Finding]) -> bool:
        named = named_keyframes(self.checked, [content])
        for path in (self.checked.keyframes_dir / each.path for each in strays):
            if str(path.relative_to(self.checked.keyframes_dir)) not in named:
                remove(path)
                with suppress(OSError):  # others lie there
                    path.parent.rmdir()
        return True

    def _remove_work(self, finding: Finding) -> str | None:
        folder = Path(finding.path)

        def clear() -> bool:
            if is_given_up(folder):
                remove(folder)
            return True

        return self._claimed(finding.content, clear)

    def _sweep(self) -> Failures:
        sweep(self.checked.database, LEASE_S)
        return iter(())

    def _close_files(self) -> Failures:
        close_files(self.checked)
        return iter(())

    def _claimed(self, content: str, act: Callable[[], bool]) -> str | None:
        return None if unless_busy(self.ingest.store, content, act) else BUSY


def _each(mend: Callable[[Finding], str | None], findings: Sequence[Finding]) -> Failures:
    """A remedy for one finding after the other: a failure is that of one alone. The remedy says why
    it did not work, or raises it."""
    for finding in findings:
        try:
            reason = mend(finding)
        except (Interrupted, DatabaseUnreachable):
            raise
        except (SceneseekError, OSError) as error:
            reason = str(error)
        if reason is not None:
            yield finding, reason


def _video_ids(findings: Iterable[Finding]) -> list[int]:
    return sorted({finding.video_id for finding in findings if finding.video_id is not None})
