"""A command that lasts, as a worker does: it says which process it is, and ends when it is told to.

What it says goes to the file that LASTING_LOG names.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

LOG = "LASTING_LOG"


def _say(word: str) -> None:
    with Path(os.environ[LOG]).open("a") as log:
        log.write(f"{word} {os.getpid()} {os.nice(0)}\n")


def _end(_signal: int, _frame: FrameType | None) -> None:
    _say("ended")
    sys.exit(0)


def main() -> None:
    """Waits for its end."""
    signal.signal(signal.SIGTERM, _end)
    _say("begun")
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
