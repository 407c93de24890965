"""Makes a process give way to others where processors are scarce."""

import contextlib
import os
from pathlib import Path
from typing import Final

# Where Linux shares processors out among login sessions first (sched_autogroup), the
# niceness of a process counts only against others of its own session.
_OF_SESSION: Final = Path("/proc/self/autogroup")


def be_nice(niceness: int) -> None:
    """Give this process a niceness, and its session too; 0 to 19.

    Call it in a process that leads its session. Alone, it is no slower for it.
    """
    os.nice(niceness)
    with contextlib.suppress(OSError):
        _OF_SESSION.write_text(str(niceness))
