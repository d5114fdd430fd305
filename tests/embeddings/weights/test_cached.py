"""Files and folders appear whole or not at all, and are made again when they are damaged."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fasteners
import psutil
import pytest

from embeddings.weights.cached import made_by_one, sealed_file, written_whole
from tests.helpers.commands import ROOT


def test_a_file_has_its_name_only_when_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    with written_whole(path) as partial:
        partial.write_text("content")
        assert not path.exists()
    assert path.read_text() == "content"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_another_process_put_there_meanwhile_stays(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with written_whole(folder) as partial:
        for each in (partial, folder):
            each.mkdir()
            (each / "file").write_text(each.name)
    assert (folder / "file").read_text() == "folder"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_half_written_folder_is_removed(tmp_path: Path) -> None:
    def write(partial: Path) -> None:
        partial.mkdir()
        (partial / "file").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError), written_whole(tmp_path / "folder") as partial:
        write(partial)
    assert list(tmp_path.iterdir()) == []


MAKER = """
import sys, time
from pathlib import Path
from embeddings.weights.cached import sealed_file

path, number = Path(sys.argv[1]), sys.argv[2]

def make(target):
    with target.open("w") as file:
        for _ in range(50):
            file.write(number)
            file.flush()
            time.sleep(0.005)
    with path.with_name("made").open("a") as made:
        made.write(number)

print("ready", flush=True)
sys.stdin.readline()
print(sealed_file(path, make).read_text(), flush=True)
"""


def test_processes_that_want_a_file_at_once_make_it_once(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "graph"
    made = [
        subprocess.Popen(
            [sys.executable, "-c", MAKER, str(path), str(number)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for process in made:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in made:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    found = {process.communicate(timeout=60)[0] for process in made}
    assert [process.returncode for process in made] == [0] * 4
    assert len(found) == 1, "all read the same"
    assert len((path.parent / "made").read_text()) == 1
    left = sorted(each.name for each in path.parent.iterdir())
    assert left == ["graph", "graph.lock", "graph.sha256", "made"]


WAITER = """
import sys
from pathlib import Path
from embeddings.weights.cached import made_by_one

with made_by_one(Path(sys.argv[1])):
    print("in", flush=True)
    sys.stdin.readline()
"""


def test_who_waited_for_another_is_alone_too(tmp_path: Path) -> None:
    path, lock = tmp_path / "graph", tmp_path / "graph.lock"
    with made_by_one(path):
        waiter = subprocess.Popen(
            [sys.executable, "-c", WAITER, str(path)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 60
        while str(lock) not in [file.path for file in psutil.Process(waiter.pid).open_files()]:
            assert time.monotonic() < until
            time.sleep(0.01)
    assert waiter.stdout is not None
    assert waiter.stdout.readline() == "in\n"
    third = fasteners.InterProcessLock(lock)
    try:
        assert not third.acquire(blocking=False)
    finally:
        waiter.communicate("out\n", timeout=60)
    assert third.acquire(blocking=False)
    third.release()


def test_threads_that_want_a_file_at_once_make_it_once(tmp_path: Path) -> None:
    numbers: list[int] = []

    def make(target: Path) -> None:
        numbers.append(len(numbers))
        time.sleep(0.1)
        target.write_text("content")

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(sealed_file, tmp_path / "graph", make) for _ in range(4)]
        assert {each.result().read_text() for each in asked} == {"content"}
    assert numbers == [0]


def writes(text: str) -> Callable[[Path], None]:
    """What makes a file of a text."""

    def make(target: Path) -> None:
        target.write_text(text)

    return make


def test_what_a_killed_process_had_begun_is_removed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "graph.0123456789ab.part").write_text("half")
    (tmp_path / "graph-of-another.0123456789ab.part").write_text("half")
    sealed_file(tmp_path / "graph", writes("whole"))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "graph",
        "graph-of-another.0123456789ab.part",
        "graph.lock",
        "graph.sha256",
    ]


def test_a_sealed_file_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "graph"
    assert sealed_file(path, writes("first")) == path
    sealed_file(path, writes("second"))
    assert path.read_text() == "first"


@pytest.mark.parametrize("damage", ["flipped", "cut off", "without seal", "gone"])
def test_a_damaged_sealed_file_is_made_again(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "graph"

    def make(target: Path) -> None:
        target.write_text("content")

    sealed_file(path, make)
    match damage:
        case "flipped":
            path.write_text("cOntent")
        case "cut off":
            path.write_text("cont")
        case "without seal":
            path.with_name("graph.sha256").unlink()
        case "gone":
            path.unlink()
    sealed_file(path, make)
    assert path.read_text() == "content"
    left = sorted(p.name for p in tmp_path.iterdir())
    assert left == ["graph", "graph.lock", "graph.sha256"]


def test_a_sealed_file_whose_making_fails_leaves_nothing_half_behind(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        target.write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        sealed_file(tmp_path / "graph", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["graph.lock"]
