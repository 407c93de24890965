import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the product in which files may be broken."""
    ignored = shutil.ignore_patterns("__pycache__", "static")
    for name in ("config", "incidents", "escalation"):
        shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=ignored)
    shutil.copy(CHECKOUT / "manage.py", tmp_path)
    return tmp_path


def _start(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=checkout,
        env={**os.environ, "TOCSIN_DATA": str(checkout / "var")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        (
            'unit = "days"',
            'unit = "moons"',
            "stages[0].terms[0].unit: 'moons' is unknown: use one of hours, days, "
            "weeks, months, business_days.",
        ),
        (
            'jurisdiction = "California"\n',
            "",
            "jurisdiction: It is missing: write a text.",
        ),
    ],
)
def test_start_stops_at_a_broken_regime_naming_file_key_and_remedy(
    checkout: Path, before: str, after: str, complaint: str
):
    file = checkout / "escalation/regimes/data/us-ca-sb53.toml"
    file.write_text(file.read_text().replace(before, after))

    done = _start(checkout, "check")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"tocsin: regimes/data/us-ca-sb53.toml: {complaint}"
    )


def test_start_goes_on_with_the_files_that_came_with_us(checkout: Path):
    done = _start(checkout, "check")

    assert (done.returncode, done.stdout) == (
        0,
        "System check identified no issues (0 silenced).\n",
    )
