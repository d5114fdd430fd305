"""What is said of a run that is interrupted."""

import os
import subprocess
import sys

import pytest

from tests.helpers.commands import ROOT

INTERRUPTED = "interrupted; run the same command again to go on\n"


def end(program: str) -> subprocess.CompletedProcess[str]:
    """A program that is ended by Ctrl-C, in the middle of it."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_program_that_has_just_ended_by_itself_does_not_keep_the_end_from_being_said() -> None:
    done = end(
        "import os, signal, subprocess, psutil\n"
        "from ingest.interruption import ended_by_signals\n"
        "child = subprocess.Popen(['true'])\n"
        "gone = psutil.Process(child.pid)\n"
        "child.wait()\n"
        "psutil.Process.children = lambda self: [gone]\n"
        "with ended_by_signals():\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
    )
    assert (done.returncode, done.stderr) == (130, INTERRUPTED)


@pytest.mark.parametrize("stuck", ["pass", "gate.wait()"], ids=["ends by itself", "is cut off"])
def test_last_words_are_said_once_whichever_thread_ends_the_process(stuck: str) -> None:
    done = end(
        "import os, signal, threading\n"
        "from ingest.interruption import ended_by_signals, last_words\n"
        "gate = threading.Event()\n"
        "say = lambda text: lambda: print(text, flush=True)\n"
        "with ended_by_signals(), last_words(say('done: 1')), last_words(say('bars go')):\n"
        "    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "    try: gate.wait()\n"
        f"    finally: {stuck}\n"
    )
    assert (done.returncode, done.stderr) == (130, INTERRUPTED)
    assert done.stdout == "bars go\ndone: 1\n"
