"""Asks Go's checksum-database code, which nobody here wrote, about our log.

The code lies in the toolchain, vendored; `sumdb.go` beside this file only asks it. The
driver is built once, offline, and kept under `var/`.
"""

import base64
import functools
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

CHECKOUT = Path(settings.BASE_DIR)
SOURCE = Path(__file__).with_name("sumdb.go")
TOOLS = CHECKOUT / ".venv-proof" / "bin"
PARTS = ("note", "tlog")
MODULE = """\
module tocsin/proof

go 1.25

require golang.org/x/mod v0.0.0

replace golang.org/x/mod => ./xmod
"""
MISSING = "Go is not installed; `make test-proof` installs it"


def ask(questions: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return "ok" for each question, or why not. Bytes become base64."""
    lines = [json.dumps(one, default=as_text) for one in questions]
    done = subprocess.run(
        [driver()], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def as_text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


@functools.cache
def driver() -> Path:
    """Build the driver unless this very one is there; skips where there is no Go."""
    found = shutil.which("go", path=f"{TOOLS}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(MISSING)
    root = Path(_go(found, "env", "GOROOT").strip())
    mark = hashlib.sha256(SOURCE.read_bytes() + str(root).encode()).hexdigest()[:16]
    cache = CHECKOUT / "var" / "proof"
    built = cache / f"sumdb-{mark}"
    if not built.exists():
        _build(found, root, cache, built)
    return built


def _build(go: str, root: Path, cache: Path, built: Path) -> None:
    vendored = root / "src/cmd/vendor/golang.org/x/mod/sumdb"
    if not vendored.is_dir():
        pytest.skip(f"this Go has no {vendored}")
    work = cache / f"build-{os.getpid()}"
    for part in PARTS:
        shutil.copytree(vendored / part, work / "xmod" / "sumdb" / part)
    (work / "xmod" / "go.mod").write_text("module golang.org/x/mod\n\ngo 1.25\n")
    (work / "go.mod").write_text(MODULE)
    shutil.copy(SOURCE, work / "main.go")
    _go(go, "build", "-o", f"{built}.new", ".", work=work, cache=cache)
    Path(f"{built}.new").replace(built)
    shutil.rmtree(work)


def _go(go: str, *words: str, work: Path | None = None, cache: Path = Path()) -> str:
    offline = {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    places = {"GOCACHE": str(cache / "go-cache"), "GOPATH": str(cache / "go-path")}
    environment = {**os.environ, **offline, "CGO_ENABLED": "0"}
    done = subprocess.run(
        [go, *words],
        cwd=work,
        env=environment | (places if work else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
