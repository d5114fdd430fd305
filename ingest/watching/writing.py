"""Whether a file is being written, as far as the system tells."""

import os
import signal
import sys
from pathlib import Path


def is_open_for_writing(path: Path) -> bool:
    """Whether a program of this machine has a file of a local disk open to write to it; no, where
    nobody knows: of other people's files, on systems other than Linux."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    try:
        # Who opens the file while the lease lasts has a signal sent: by default one that kills.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)  # which there is beside readers only
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False
