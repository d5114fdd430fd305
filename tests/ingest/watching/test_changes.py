"""What the system tells of a folder, and that the watcher ticks on where it tells nothing."""

import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.watching import changes as module
from ingest.watching.changes import changes

_TOLD_OF_ONE = """
import sys, threading
from pathlib import Path
from ingest.watching.changes import changes
told = changes(Path(sys.argv[1]), threading.Event())
next(told)
Path(sys.argv[1], "a", "film.mp4").touch()
print(next(told), next(told))
"""


@pytest.fixture
def stopped() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def wait_for(told: Iterator[set[Path]], path: Path) -> None:
    """Until a path is told."""
    deadline = time.monotonic() + 20
    while path not in next(told):
        assert time.monotonic() < deadline


def test_what_comes_and_goes_anywhere_below_is_told(
    tmp_path: Path, stopped: threading.Event
) -> None:
    told = changes(tmp_path, stopped)
    assert next(told) == set()
    (tmp_path / "new" / "deep").mkdir(parents=True)
    wait_for(told, tmp_path / "new")
    film = tmp_path / "new" / "deep" / "film.mp4"
    film.write_bytes(b"film")
    wait_for(told, film)
    film.rename(tmp_path / "moved.mp4")
    wait_for(told, tmp_path / "moved.mp4")
    (tmp_path / "moved.mp4").unlink()
    wait_for(told, tmp_path / "moved.mp4")
    assert next(told) == set()


def test_where_nothing_can_be_told_it_ticks_on_and_says_so(
    tmp_path: Path, stopped: threading.Event
) -> None:
    told = changes(tmp_path / "absent", stopped)
    with capture_logs() as lines:
        assert next(told) == next(told) == set()
    (line,) = lines
    assert line["event"].startswith("changes were not told")


def test_a_name_that_cannot_be_told_is_told_of_once_and_all_others_go_on(
    tmp_path: Path, stopped: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 1.0)
    told = changes(tmp_path, stopped)
    next(told)
    with capture_logs() as lines:
        for _ in range(2):
            Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.mp4")).touch()
            wait_for(told, tmp_path)
    assert len(lines) == 1
    (tmp_path / "good.mp4").touch()
    wait_for(told, tmp_path / "good.mp4")


@pytest.mark.parametrize(
    ("limited", "told"),
    [
        ("unshare -Ur sh -c 'echo 3 > /proc/sys/user/max_inotify_watches; exec \"$@\"' sh", False),
        ("setpriv --bounding-set=-dac_override,-dac_read_search", True),
    ],
    ids=["too many folders", "a folder that may not be read"],
)
def test_folders_that_cannot_be_watched_do_not_end_it(
    limited: str, told: bool, tmp_path: Path
) -> None:
    for name in "abcd":
        (tmp_path / name).mkdir()
    (tmp_path / "d").chmod(0)
    command = [*shlex.split(limited), sys.executable, "-c", _TOLD_OF_ONE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "Operation not permitted" in done.stderr or os.geteuid() != 0:
        pytest.skip("limits of its own are not permitted here")
    assert done.returncode == 0, done.stderr
    assert ("a/film.mp4" in done.stdout) == told
    assert ("changes were not told" in done.stdout) != told


def test_it_ends_when_it_is_stopped(tmp_path: Path, stopped: threading.Event) -> None:
    told = changes(tmp_path, stopped)
    next(told)
    stopped.set()
    began = time.monotonic()
    assert list(told) == []
    assert time.monotonic() - began < 2
