"""What a browser does to add files to a library, and a server that ends and comes again."""

import base64
import contextlib
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Locator, Page

from database.jobs.jobs import Jobs
from database.jobs.records import BackfillRequest, IngestRequest
from database.jobs.worklog import BegunFile, Thing, WorkLog
from database.models import JobFileState
from database.opening import open_database
from database.server.connection import Database
from ingest.settings import IngestSettings
from tests.helpers.commands import start_command
from tests.helpers.http import Log, Serving, free_port, serving, wait_until_ready
from tests.helpers.strange import ARABIC

ADDING = "/library/jobs"
_DROP = """([files, kinds]) => {
  const transfer = new DataTransfer();
  for (const [name, type, data] of files) {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  for (const kind of kinds) {
    const init = { bubbles: true, cancelable: true, dataTransfer: transfer };
    document.body.dispatchEvent(new DragEvent(kind, init));
  }
}"""


def drop(page: Page, *files: Path, kind: str = "video/mp4", over: bool = False) -> None:
    """Drops small files on a page; or holds them over it only."""
    given = [[file.name, kind, base64.b64encode(file.read_bytes()).decode()] for file in files]
    page.evaluate(_DROP, [given, ["dragover"] if over else ["drop"]])


def choose(page: Page, *files: Path) -> None:
    """Chooses files to be sent."""
    page.get_by_label("Drop films or whole folders").set_input_files(list(files))


def sending(page: Page, name: str) -> Locator:
    """The row of a file that is being sent."""
    return (
        page.get_by_role("list", name="Files that are sent")
        .get_by_role("listitem")
        .filter(has_text=name)
    )


def job(page: Page, title: str) -> Locator:
    """A job by what it is about."""
    return page.locator(".job").filter(has=page.get_by_role("link", name=title, exact=True))


def write_silence(path: Path, num_bytes: int) -> Path:
    """A sound file of this size, of nothing, so that it takes no room on most disks."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(48_000)
        sound.setnframes((num_bytes - 44) // 4)
        sound.writeframes(b"")
    with path.open("r+b") as file:
        file.truncate(num_bytes)
    return path


class Restarted:
    """A server at one address, which ends and comes again."""

    def __init__(self, settings: IngestSettings, **variables: str) -> None:
        self._settings, self._variables = settings, {"API_WORKER": "false"} | variables
        self._port = free_port()
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=60)
        self.server = self._started()

    def end(self) -> None:
        """As kill -9 does."""
        with self.server.process as process:
            process.kill()
            self.server.log.text()

    def start(self) -> None:
        """The same address answers again."""
        self.server = self._started()

    def _started(self) -> Serving:
        process = start_command(
            "api", "--port", self._port, settings=self._settings, **self._variables
        )
        wait_until_ready(process, self._client)
        return Serving(process, self._client, Log(process))

    @classmethod
    @contextlib.contextmanager
    def serving(cls, settings: IngestSettings, **variables: str) -> Iterator["Restarted"]:
        """Such a server, until the block ends."""
        made = cls(settings, **variables)
        try:
            yield made
        finally:
            made.end()
            made._client.close()


class Network:
    """What stands between a page and its server."""

    def __init__(self, page: Page) -> None:
        self._client = page.context.new_cdp_session(page)
        self._client.send("Network.enable")

    def limit(self, bytes_per_s: float) -> None:
        """The page sends no faster; -1 sets no limit."""
        self._emulate(bytes_per_s, offline=False)

    def cut(self) -> None:
        """There is none."""
        self._emulate(-1, offline=True)

    def _emulate(self, bytes_per_s: float, *, offline: bool) -> None:
        self._client.send(
            "Network.emulateNetworkConditions",
            {
                "offline": offline,
                "latency": 0,
                "downloadThroughput": -1,
                "uploadThroughput": bytes_per_s,
            },
        )


@dataclass(frozen=True)
class Crew:
    """A worker that is a test: it says how far jobs are, and does nothing of them."""

    database: Database

    @property
    def log(self) -> WorkLog:
        """What workers write."""
        return WorkLog(self.database)

    def begin(self, folder: str, *names: str, num_known: int = 0) -> int:
        """A job over a folder, in which these files were found to be read."""
        job_id = Jobs(self.database).submit(IngestRequest((folder,)))
        step = self.log.begin_step(job_id, scanned=False)
        assert step is not None
        things = [Thing(f"{folder}/{name}") for name in names]
        self.log.found(step, things, num_known)
        self.log.scanned(step)
        return job_id

    def work(self, job_id: int, path: str, stage: str, part: float | None = None) -> BegunFile:
        """Begins a file, and is so far with it."""
        begun = self.log.begin_file(job_id, path)
        assert begun is not None
        self.log.report(begun, stage, part)
        return begun

    def end(self, job_id: int, path: str, reason: str | None = None) -> None:
        """Has done a file; or it has failed, for a reason."""
        begun = self.log.begin_file(job_id, path)
        assert begun is not None
        self.log.end_file(begun, JobFileState.FAILED if reason else JobFileState.DONE, reason)


@contextlib.contextmanager
def adding_library(settings: IngestSettings) -> Iterator[Serving]:
    """A server of jobs in every state, which no test changes."""
    with contextlib.closing(open_database(settings)) as database:
        crew, jobs = Crew(database), Jobs(database)
        failed = crew.begin("/films", "cut.mp4", "whole.mp4", num_known=12)
        crew.end(failed, "/films/cut.mp4", "only 2.4 s of 5.0 s could be decoded")
        crew.end(failed, "/films/whole.mp4")
        crew.log.done(failed)
        jobs.cancel(crew.begin(f"/films/{ARABIC}", "one.mp4"))
        crew.log.fail(jobs.submit(IngestRequest(("/gone",))), "no such file or folder: /gone")
        jobs.pause(crew.begin("/films/" + "a very long folder " * 12, "one.mp4", "two.mp4"))
        under_way = crew.begin("/talks", *(f"{ARABIC} {number}.mp4" for number in range(4)))
        crew.end(under_way, f"/talks/{ARABIC} 0.mp4")
        crew.work(under_way, f"/talks/{ARABIC} 1.mp4", "speech", 0.41)
        jobs.submit(BackfillRequest(None))
        with serving(settings) as server:
            yield server
