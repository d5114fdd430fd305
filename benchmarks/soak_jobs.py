"""make soak-jobs: three workers and a server on one database, any of which is killed at random.

`python -m benchmarks.soak_jobs [MINUTES] [SEED]`, 10 minutes by default. Films are made and
ingested by jobs, in a steady stream. Every 12 to 25 s the server, its worker or one of two others
is killed (kill -9) and started again after 4 s; PostgreSQL is stopped twice, for 3 s and for 30 s.
At the end each film has to be in the library once. Prints what was measured, what was wanted and
whether it held; exits 1 if something did not.
"""

import contextlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import psutil

from benchmarks.measure import percentile
from benchmarks.media import beginning
from benchmarks.servers import free_port
from benchmarks.soak import Line, report
from embeddings.cli import read_settings
from ingest.settings import IngestSettings
from tests.helpers.crew import Member, Postgres, Watch, own_postgres, wait_for

MINUTES = 10.0
_KILL_AFTER_S, _BACK_AFTER_S = (12.0, 25.0), 4.0
_AWAY_S = (3.0, 30.0)
_MOST_OPEN = 10
"""Films that wait or are worked on, before another one is made."""
_ELSEWHERE_S = 60.0
_PATIENCE_S = 300.0
_FILM_S = 6.0
_OPEN = "SELECT count(*) FROM job WHERE state IN ('waiting', 'working')"
_GIVEN_UP = "SELECT job_id FROM job_file WHERE state = 'failed' AND reason LIKE 'its worker ended%'"
_FAULTS = "SELECT path, state::text, reason FROM job_file WHERE state NOT IN ('done', 'unchanged')"
_SERVER_WORKER = "ingest.worker"


@dataclass
class Crew:
    """Who works on the library, and what was done to them."""

    folder: Path
    postgres: Postgres
    rng: random.Random
    port: int = field(default_factory=free_port)
    kills: "Counter[str]" = field(default_factory=Counter)
    films: list[Path] = field(default_factory=list)
    """Those that a job was accepted for."""
    num_given_up: int = 0

    def __post_init__(self) -> None:
        self.watch = Watch(self.postgres)
        self.variables = {
            "SCENESEEK_HOME": str(self.folder / "home"),
            "DATABASE_URL": self.postgres.url,
            "API_MEDIA_ROOTS": str(self.folder / "films"),
        }
        self.server = self._member("server", "api", "--port", str(self.port))
        self.workers = [self._member(f"worker {n}", "ingest.worker") for n in (2, 3)]

    @property
    def members(self) -> list[Member]:
        """Those that are started here; the server starts a worker beside itself."""
        return [self.server, *self.workers]

    def prepare(self) -> None:
        """Makes the library, and its models ready."""
        first = beginning(self.folder / "first.mp4", _FILM_S)
        self.films.append(first)
        assert self.run("database", "upgrade").returncode == 0
        assert self.run("ingest", str(first)).returncode == 0

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another command over the same library."""
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def harass(self, minutes: float) -> None:
        """Kills one after the other, and stops PostgreSQL twice meanwhile."""
        begun_s = time.monotonic()
        outages = [
            threading.Timer(minutes * 60 * part, self.postgres.be_away, (away_s,))
            for part, away_s in zip((1 / 3, 2 / 3), _AWAY_S, strict=True)
        ]
        for outage in outages:
            outage.start()
        while time.monotonic() < begun_s + minutes * 60:
            time.sleep(self.rng.uniform(*_KILL_AFTER_S))
            victim = self.rng.choice([None, *self.members])
            self._kill(victim)
        for outage in outages:
            outage.join()

    def feed(self, ended: threading.Event) -> None:
        """Makes films and asks for each to be ingested, until it is to end."""
        (self.folder / "films").mkdir()
        for number in count():
            film = beginning(self.folder / f"film {number}.mp4", _FILM_S)
            film = film.rename(self.folder / "films" / film.name)
            while not (accepted := self._submit(film)) and not ended.wait(0.5):
                pass
            self.films += [film] * accepted
            while not ended.is_set() and not wait_for(self._wants_more, 1.0):
                pass
            if ended.is_set():
                return

    def all_done(self) -> bool:
        """Whether all jobs come to their end within some minutes."""
        return wait_for(lambda: self.postgres.rows(_OPEN) == [(0,)], _PATIENCE_S)

    def try_again(self) -> bool:
        """Does as a person does about films that were given up: three kills are enough to suspect
        a film, and chance hits some so often."""
        jobs = [row[0] for row in self.postgres.rows(_GIVEN_UP)]
        self.num_given_up = len(jobs)
        url = f"http://127.0.0.1:{self.port}/jobs"
        return all(httpx.post(f"{url}/{job}/retry", timeout=30).is_success for job in jobs)

    def _member(self, name: str, *arguments: str) -> Member:
        return Member(name, arguments, self.variables, self.folder / f"{name}.log")

    def _kill(self, victim: Member | None) -> None:
        """Kills somebody; None is the server's own worker, which the server starts again."""
        self.watch.killed()
        self.kills[victim.name if victim else "worker 1"] += 1
        if victim is not None:
            victim.kill()
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.server.pid).children():
                if _SERVER_WORKER in child.cmdline():
                    child.kill()

    def _submit(self, film: Path) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            url = f"http://127.0.0.1:{self.port}/jobs"
            answer = httpx.post(url, json={"kind": "ingest", "paths": [str(film)]}, timeout=30)
            if answer.status_code not in (202, 503):
                raise AssertionError(f"{answer.status_code} {answer.text}")
            return answer.status_code == 202
        return False

    def _wants_more(self) -> bool:
        return int(self.postgres.rows(_OPEN)[0][0]) < _MOST_OPEN


def soak(crew: Crew, minutes: float) -> list[Line]:
    """All of it: the lines of the table."""
    crew.prepare()
    crew.postgres.count_stored()
    ended = threading.Event()
    feeding = threading.Thread(target=crew.feed, args=(ended,))
    begun_s = time.monotonic()
    with ExitStack() as until_end:
        for member in crew.members:
            until_end.enter_context(member.kept(_BACK_AFTER_S))
        until_end.enter_context(crew.watch.looking())
        feeding.start()
        try:
            crew.harass(minutes)
        finally:
            ended.set()
            feeding.join()
        is_done = crew.all_done() and crew.try_again() and crew.all_done()
    took_s = time.monotonic() - begun_s
    exits = [member.end() for member in crew.members]
    print(f"{len(crew.films)} films in {took_s:.0f} s; killed: {dict(crew.kills)}; {exits=}\n")
    return verdict(crew, is_done)


def verdict(crew: Crew, is_done: bool) -> list[Line]:
    """What the library holds, and what was wanted."""
    there = {path for (path,) in crew.postgres.rows("SELECT path FROM file WHERE status = 'done'")}
    lost = [film for film in crew.films if str(film) not in there]
    num_videos = int(crew.postgres.rows("SELECT count(*) FROM video")[0][0])
    twice = crew.postgres.rows("SELECT FROM stored GROUP BY content_hash HAVING count(*) > 1")
    faults = crew.postgres.rows(_FAULTS)
    for fault in faults[:10]:
        print(*fault)
    check = crew.run("database", "check")
    if check.returncode:
        print(check.stdout[-2000:], check.stderr[-2000:])
    waits_s = crew.watch.waits_s
    for wait_s, attempt, path in sorted(crew.watch.waits):
        print(f"begun again after {wait_s:5.1f} s, attempt {attempt}: {Path(path).name}")
    print()
    worst_s = max(waits_s, default=0.0)
    median_s = percentile(waits_s, 0.5) if waits_s else 0.0
    tracebacks = sum(_tracebacks(member) for member in crew.members)
    num_ended = sum(member.num_ended for member in crew.members)
    return [
        ("all jobs ended", is_done, "True", is_done),
        ("films lost", len(lost), "0", not lost),
        ("videos", num_videos, f"{len(crew.films)}", num_videos == len(crew.films)),
        ("films stored twice", len(twice), "0", not twice),
        ("files with another outcome than done", len(faults), "0", not faults),
        ("given up after three kills, tried again", crew.num_given_up, "", True),
        ("files of the killed, begun again", len(waits_s), "> 0", bool(waits_s)),
        ("the same, after s: median", round(median_s, 1), "", True),
        ("the same, worst", round(worst_s, 1), f"≤ {_ELSEWHERE_S:g}", worst_s <= _ELSEWHERE_S),
        ("python -m database check: exit code", check.returncode, "0", not check.returncode),
        ("commands that ended by themselves", num_ended, "0", not num_ended),
        ("tracebacks in their logs", tracebacks, "0", not tracebacks),
    ]


def _tracebacks(member: Member) -> int:
    said = member.said()
    if num := said.count("Traceback"):
        print(f"{member.name}: {said[max(said.index('Traceback') - 500, 0) :][:4000]}\n")
    return num


def main(minutes: float = MINUTES, seed: int = 1) -> bool:
    """Runs it in folders of its own; whether everything held."""
    models = read_settings(IngestSettings).models_dir
    with tempfile.TemporaryDirectory(prefix="sceneseek-soak-") as name:
        folder = Path(name)
        (folder / "home").mkdir()
        if models.is_dir():
            (folder / "home" / "models").symlink_to(models)
        with own_postgres(folder / "postgres") as postgres:
            crew = Crew(folder, postgres, random.Random(seed))
            return report(soak(crew, minutes))


if __name__ == "__main__":
    given: Sequence[str] = sys.argv[1:]
    held = main(float(given[0]) if given else MINUTES, int(given[1]) if len(given) > 1 else 1)
    sys.exit(not held)
