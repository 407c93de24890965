import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
MODULES = ("checkpoint", "heads", "leaf", "note", "proof_file", "tiles")


def test_what_verifies_loads_without_a_framework():
    imports = "; ".join(f"import incidents.ledger.{name}" for name in MODULES)
    program = f"{imports}; import sys; print({{'django', 'celery'}} & {{*sys.modules}})"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout == "set()\n"
