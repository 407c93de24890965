import subprocess
import sys
from pathlib import Path

import pytest

AUTOGROUP = Path("/proc/self/autogroup")
CODE = """
import os
from pathlib import Path
from config.niceness import be_nice
before = os.nice(0)
be_nice(7)
print(os.nice(0) - before, Path("/proc/self/autogroup").read_text().split()[-1])
"""


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="no sched_autogroup in this kernel")
def test_niceness_counts_against_other_sessions_too() -> None:
    told = subprocess.run(
        [sys.executable, "-c", CODE],
        start_new_session=True,
        capture_output=True,
        check=True,
        text=True,
    )
    assert told.stdout.split() == ["7", "7"]
