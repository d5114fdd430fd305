"""What children of the isolation tests do; importable, so that a fork server can run it."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from ingest.errors import VideoUnreadable
from ingest.media.decode import Decoded, DecodeOptions, decode_file

Report = Callable[[float], None]


def add(first: int, second: int, report: Report) -> int:
    """Behaves."""
    report(0.5)
    return first + second


def count(limit: int, report: Report) -> Iterator[int]:
    """Gives numbers as they are asked for; the one after the last is a fault."""
    yield from range(limit)
    raise VideoUnreadable(f"there is no {limit}")


def crash(report: Report) -> None:
    """Dies of a wrong pointer, as a decoder does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def be_killed(report: Report) -> None:
    """Ends as what takes the last of a machine's memory does."""
    os.kill(os.getpid(), signal.SIGKILL)


def stall(report: Report) -> None:
    """Says one thing, then nothing any more."""
    report(0.1)
    time.sleep(60)


def eat_memory(report: Report) -> int:
    """Takes a gigabyte."""
    return len(bytearray(1 << 30))


def draw_too_large(report: Report) -> tuple[int, ...]:
    """Takes a gigabyte for a picture."""
    return cv2.resize(np.zeros((8, 8), np.uint8), (1 << 15, 1 << 15)).shape


def refuse(report: Report) -> None:
    """Finds a fault in its file."""
    raise VideoUnreadable("has neither video nor audio")


def trip(report: Report) -> None:
    """Has a bug."""
    raise ZeroDivisionError


def read_missing_file(report: Report) -> None:
    """Fails in the operating system."""
    raise FileNotFoundError(2, "No such file or directory", "/nowhere")


def fill_disk(report: Report) -> None:
    """Has no room to write."""
    raise OSError(28, "No space left on device")


def tell_process_id(report: Report) -> None:
    """Tells who it is, and never ends by itself."""
    while True:
        report(os.getpid())
        time.sleep(0.01)


def tell_process_id_and_stall(report: Report) -> None:
    """Tells who it is, then nothing any more."""
    report(os.getpid())
    time.sleep(60)


def data_mb(report: Report) -> int:
    """Tells what the limit of memory counts."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmData:")[1].split()[0]) >> 10


def decode_on_sixteen_processors(
    path: Path, folder: Path, options: DecodeOptions, report: Report
) -> Decoded:
    """Decodes where FFmpeg finds so many processors."""
    maps = Path("/proc/self/maps").read_text().split()
    library = next(name for name in maps if "libavutil" in name)
    ctypes.CDLL(library).av_cpu_force_count(16)
    return decode_file(path, folder, options, report)
