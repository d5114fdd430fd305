"""An ingest that runs beside a load until the load ends."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.media import looped

_NICE = "19"
_ROUNDS = 3
"""Of the sample, in each film: two minutes."""


@contextmanager
def ingest_beside(home: Path, folder: Path) -> Iterator[None]:
    """Ingests one new film after the other at nice 19, as long as the block runs."""
    folder.mkdir()
    ended = threading.Event()
    working = threading.Thread(target=_ingest, args=(home, folder, ended))
    working.start()
    try:
        yield
    finally:
        ended.set()
        working.join()


def _ingest(home: Path, folder: Path, ended: threading.Event) -> None:
    number = 0
    while not ended.is_set():
        number += 1
        film = looped(folder / f"beside {number}.mp4", _ROUNDS)
        command = ("nice", "-n", _NICE, sys.executable, "-m", "ingest", str(film), "--quiet")
        process = subprocess.Popen(
            command, env={**os.environ, "SCENESEEK_HOME": str(home)}, start_new_session=True
        )
        _lower_session(process.pid)
        while process.poll() is None and not ended.wait(0.2):
            pass
        process.terminate()
        process.wait()
        film.unlink()
    print(f"ingested beside: {number} films of two minutes, the last one in part\n", flush=True)


def _lower_session(pid: int) -> None:
    """Gives the session of a process its niceness: where Linux schedules by session, a process's
    own counts only among those of its session, and PostgreSQL has another."""
    with contextlib.suppress(FileNotFoundError):  # no such scheduling here
        Path(f"/proc/{pid}/autogroup").write_text(_NICE)
