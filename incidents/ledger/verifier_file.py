"""Builds the verifier, or another program of the ledger, as one file to be handed over.

    python -m incidents.ledger.verifier_file dist/tocsin-verify.pyz
    python -m incidents.ledger.verifier_file FILE incidents.ledger.witness_pull

Follows the imports from the program, so that nothing is forgotten and nothing else goes
in. The same sources give the same bytes: whoever got the file from elsewhere builds it
from a checkout and compares.
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT: Final = Path(__file__).parents[2]
PROGRAM: Final = "incidents.ledger.verify.__main__"

_PACKAGE: Final = "incidents"
_MTIME: Final = (1980, 1, 1, 0, 0, 0)
_FIRST_LINE: Final = b"#!/usr/bin/env python3\n"
_START: Final = """\
import sys

from {program} import main

sys.exit(main())
"""


def needed_files(program: str = PROGRAM) -> list[Path]:
    """Return the program's files, relative to the checkout, in order."""
    found: set[Path] = set()
    waiting = [program]
    while waiting:
        path = _path_of(waiting.pop())
        if path is None or path in found:
            continue
        found |= {path, *_packages_above(path)}
        waiting += _imports_of(path)
    return sorted(found)


def _path_of(module: str) -> Path | None:
    path = Path(*module.split("."))
    if path.parts[0] != _PACKAGE:
        return None
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((one for one in candidates if (ROOT / one).is_file()), None)


def _packages_above(path: Path) -> Iterator[Path]:
    for folder in path.parents:
        if folder != Path():
            yield folder / "__init__.py"


def _imports_of(path: Path) -> Iterator[str]:
    """Yield what a file imports of ours, be it a module or a name in one."""
    for node in ast.walk(ast.parse((ROOT / path).read_bytes())):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                yield from (module, *(f"{module}.{one.name}" for one in names))
            case ast.Import(names=names):
                yield from (one.name for one in names)


def build(target: Path, program: str = PROGRAM) -> str:
    """Write the file and return its SHA-256 in hexadecimal digits."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w+b") as file:
        file.write(_FIRST_LINE)
        with ZipFile(file, "a", ZIP_DEFLATED) as archive:
            for path in needed_files(program):
                archive.writestr(_info(path.as_posix()), (ROOT / path).read_bytes())
            archive.writestr(_info("__main__.py"), _START.format(program=program))
    target.chmod(0o755)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name, _MTIME)
    info.compress_type = ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o644 << 16
    return info


if __name__ == "__main__":
    made = Path(sys.argv[1])
    sys.stdout.write(f"{build(made, *sys.argv[2:3])}  {made}\n")
