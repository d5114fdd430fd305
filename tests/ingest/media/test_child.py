"""A child that misbehaves fails its own file, for the true reason, and nothing else."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import psutil
import pytest

from database.errors import DiskFull
from ingest.errors import DecoderKilled, VideoUnreadable
from ingest.media import child
from ingest.media.child import Isolation
from tests.helpers import children
from tests.helpers.commands import ROOT


def ignore(part: float) -> None:
    """Progress that nobody looks at."""


def run(
    function: Callable[..., object],
    *arguments: object,
    stall_s: float = 20.0,
    on_progress: Callable[[float], None] = ignore,
) -> object:
    return Isolation(512, stall_s).run(function, *arguments, on_progress=on_progress)


def test_a_child_that_behaves_gives_its_result_and_its_progress() -> None:
    told: list[float] = []
    assert run(children.add, 2, 3, on_progress=told.append) == 5
    assert told == [0.5]


def test_a_child_gives_one_thing_after_the_other_and_its_fault_where_it_comes() -> None:
    numbers = Isolation(512, 20.0).stream(children.count, 3, on_progress=ignore)
    assert [next(numbers) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(VideoUnreadable, match="there is no 3"):
        next(numbers)


def test_a_child_ends_when_nobody_wants_more() -> None:
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    numbers = Isolation(512, 20.0).stream(children.count, 10**9, on_progress=ignore)
    next(numbers)
    numbers.close()
    after = {p.pid for p in psutil.Process().children(recursive=True)}
    assert len(after - before) <= 1  # the fork server


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (children.crash, r"the decoder crashed \(SIGSEGV\)"),
        pytest.param(
            *(children.eat_memory, "needs more than 512 MB of memory"),
            marks=pytest.mark.skipif(sys.platform != "linux", reason="no limit of memory"),
        ),
        pytest.param(
            *(children.draw_too_large, "needs more than 512 MB of memory"),
            marks=pytest.mark.skipif(sys.platform != "linux", reason="no limit of memory"),
        ),
        (children.refuse, "has neither video nor audio"),
        (children.trip, "the decoder ended without a result"),
        (children.read_missing_file, "cannot be read: No such file or directory"),
    ],
)
def test_a_child_that_fails_gives_the_true_reason(
    function: Callable[..., object], reason: str
) -> None:
    with pytest.raises(VideoUnreadable, match=reason):
        run(function)


def test_a_child_that_is_killed_says_nothing_about_its_file() -> None:
    with pytest.raises(DecoderKilled, match="the decoder was killed"):
        run(children.be_killed)


def test_a_child_is_started_although_the_process_it_is_forked_from_is_killed_just_then() -> None:
    assert run(children.add, 1, 1) == 2
    (server,) = (p for p in psutil.Process().children() if "forkserver" in "".join(p.cmdline()))
    server.suspend()  # so that it is asked for a child, and does not answer
    results: list[object] = []
    asking = threading.Thread(target=lambda: results.append(run(children.add, 2, 3)))
    asking.start()
    time.sleep(0.5)
    server.kill()
    asking.join(60)
    assert results == [5]


def test_a_child_that_cannot_be_started_says_nothing_about_its_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_process: object) -> None:
        raise EOFError

    monkeypatch.setattr(child._context.Process, "start", start)
    with pytest.raises(DecoderKilled, match="decoders are started from was killed"):
        run(children.add, 2, 3)


def test_a_child_that_stalls_is_ended() -> None:
    started = time.monotonic()
    with pytest.raises(VideoUnreadable, match="made no progress for 1 s"):
        run(children.stall, stall_s=1.0)
    assert time.monotonic() - started < 45  # by itself it stalls for 60 s


def test_a_full_disk_ends_the_run_and_not_only_the_file() -> None:
    with pytest.raises(DiskFull, match=r"^the disk of SCENESEEK_HOME is full: free [^:]*$"):
        run(children.fill_disk)


def test_a_person_who_stops_the_run_ends_the_child() -> None:
    process_ids: list[int] = []

    def stop(part: float) -> None:
        process_ids.append(round(part))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(children.tell_process_id, on_progress=stop)
    assert not psutil.pid_exists(process_ids[0])


def test_the_next_file_is_decoded_as_if_nothing_had_happened() -> None:
    with pytest.raises(VideoUnreadable):
        run(children.crash)
    assert run(children.add, 1, 1) == 2


def test_a_child_goes_on_when_a_terminal_signals_all_processes_of_a_command() -> None:
    told: list[float] = []

    def signal_it(part: float) -> None:
        told.append(part)
        if len(told) == 1:
            for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(round(part), each)
        if len(told) == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(children.tell_process_id, on_progress=signal_it)


STUCK = """
from ingest.media.child import Isolation
from tests.helpers import children
Isolation(512, 60.0).run(
    children.tell_process_id_and_stall, on_progress=lambda part: print(round(part), flush=True)
)
"""


def test_a_child_that_is_stuck_ends_with_the_process_that_started_it() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", STUCK], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, left = psutil.wait_procs([child], timeout=10)
    assert left == []


@pytest.mark.skipif(sys.platform != "linux", reason="no limit of memory")
def test_a_child_begins_with_its_memory_to_itself_however_many_processors_there_are() -> None:
    data_mb = run(children.data_mb)
    assert isinstance(data_mb, int)
    assert data_mb < 220  # each further processor was 140 more
