"""The end of a command that is stopped: by Ctrl-C, by SIGTERM.

The first signal ends it in order: what waits in the main thread is left by KeyboardInterrupt, files
at work end at their next report, a video that is being stored is stored. What does not get there
within GRACE_S, or until a second signal, is cut off. Nothing is lost by that, at any point, as by
kill -9: what stages found appears on disk whole or not at all, a video's rows are one transaction,
and the next run removes or resumes what is left.
"""

import multiprocessing
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
from rich.console import Console

from embeddings.cli import EXIT_INTERRUPTED

GRACE_S = 1.0
"""People wait 2 s; a video is stored in less than 1 s, a model's call may last for minutes."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ending = threading.Lock()
"""Taken by who ends the process, and never given back."""
_last_words: list[Callable[[], None]] = []
"""Called once before the process ends, the newest first."""
_saying = threading.Lock()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Where a signal ends the command, with EXIT_INTERRUPTED and one line on stderr; in the main
    thread. Nothing is left to be ended after it.
    """
    # Python handles a signal in the main thread, as soon as that leaves a model or a system call;
    # this pipe wakes another thread whatever the main one is in.
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for each in _SIGNALS:
        signal.signal(each, signal.default_int_handler)
    threading.Thread(target=_wait_for_the_end, args=(reader,), daemon=True).start()
    try:
        yield
    except KeyboardInterrupt:
        _end()
    except SystemExit as end:
        if end.code == EXIT_INTERRUPTED:  # typer's word for KeyboardInterrupt
            _end()
        raise
    finally:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)


@contextmanager
def last_words(say: Callable[[], None]) -> Iterator[None]:
    """Where a signal that ends the command has `say` called first, once, from any thread."""
    _last_words.append(say)
    try:
        yield
    except KeyboardInterrupt:
        _say_last_words()
        raise
    finally:
        with _saying, suppress(ValueError):  # it has been said
            _last_words.remove(say)


def _say_last_words() -> None:
    with _saying, suppress(OSError):  # of a reader that has gone
        while _last_words:
            _last_words.pop()()


def _wait_for_the_end(reader: int) -> None:
    os.read(reader, 1)
    select.select([reader], [], [], GRACE_S)
    _end()


def end_children() -> None:
    """Ends what this process has started: its children that decode, and, in order, the programs
    that it runs."""
    for child in multiprocessing.active_children():
        child.kill()
    for program in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it has just ended by itself
            program.terminate()


def _end() -> None:
    """Ends this process and all that it has started."""
    _ending.acquire()
    try:
        end_children()
        _say_last_words()
        Console(stderr=True).show_cursor()  # that a progress bar has hidden
        sys.stderr.write("interrupted; run the same command again to go on\n")
        sys.stderr.flush()
    finally:
        os._exit(EXIT_INTERRUPTED)
