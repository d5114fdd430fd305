"""A watched folder in a test that turns its clock, and that does its jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from database.jobs.jobs import Jobs
from database.jobs.records import IngestRequest, JobInfo
from database.videos.read import Library
from ingest.settings import IngestSettings
from ingest.watching.place import place_of
from ingest.watching.watcher import Visit
from tests.helpers.hosts import Host, host


@dataclass
class Clock:
    """Seconds, as the test says."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Watched:
    """A folder, the host that watches it, and the jobs that come of it."""

    host: Host
    folder: Path
    clock: Clock = field(default_factory=Clock)
    told: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.jobs = Jobs(self.host.database)
        self.begin()

    def begin(self) -> None:
        """As a process that has just been started."""
        place = place_of(self.folder)
        assert place is not None
        self.visit = Visit(self.folder, place, self.host.database, self.clock)

    def look(self, *names: str, after: float = 0.0) -> None:
        """Has the watcher told of these files, `after` so many seconds."""
        self.clock.now_s += after
        self.visit.follow({self.folder / name for name in names})

    def submitted(self) -> list[list[str]]:
        """The names of the files of each job that is new since this was asked."""
        new = [job for job in self.jobs.page() if job.id not in self.told]
        self.told |= {job.id for job in new}
        paths = [map(Path, paths_of(job)) for job in reversed(new)]
        return [sorted(str(each.relative_to(self.folder)) for each in one) for one in paths]

    def work(self) -> None:
        """Does all jobs that wait, as a worker does."""
        for job in reversed(self.jobs.page()):
            if job.ended_at is None:
                self.host.ingest(*map(Path, paths_of(job)))
                self.jobs.cancel(job.id)

    def take_up(self) -> None:
        """Brings all of the folder into the library."""
        self.look()
        self.look(after=5.0)
        self.work()
        self.look(after=20.0)
        self.submitted()

    def videos(self) -> dict[str, int]:
        """The id of each video that searches find, by its title."""
        found = Library(self.host.database).list_videos(limit=99)
        return {video.title: video.id for video in found if video.missing_since is None}


def paths_of(job: JobInfo) -> tuple[str, ...]:
    """What a job is to ingest."""
    assert isinstance(job.request, IngestRequest)
    return job.request.paths


@contextmanager
def watched(folder: Path, settings: IngestSettings, home: Path) -> Iterator[Watched]:
    """A folder that is watched by a host of its own."""
    folder.mkdir(exist_ok=True)
    with host("studio", settings, home) as made:
        yield Watched(made, folder)
