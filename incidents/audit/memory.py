"""Keeps outside the database what an audit must not learn from it.

How far an unfinished audit came, and the last signed head under which everything
fitted: a database that was put back to an older day cannot take that along. One file,
replaced whole; it is neither secret nor believed further than it fits.
"""

import contextlib
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from incidents.audit.findings import Findings, read_finding


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An audit that was broken off."""

    begun_at: datetime
    seen: int
    edge: dict[int, bytes]
    findings: Findings
    opened: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """What the file holds: the note of the last good head, and what is under way.

    `files` and `heads` say after which row and which size the next night goes on.
    """

    note: str = ""
    under_way: UnderWay | None = None
    files: int = 0
    heads: int = 0


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """The file itself. One that cannot be read holds nothing."""

    path: Path
    empty: Memory = field(default=Memory())

    def read(self) -> Memory:
        """Return what is kept."""
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            return Memory(
                str(kept["note"]),
                _read_under_way(kept.get("under_way")),
                files=int(kept.get("files", 0)),
                heads=int(kept.get("heads", 0)),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return self.empty

    def write(self, memory: Memory) -> None:
        """Replace what is kept."""
        kept: dict[str, Any] = {
            "note": memory.note,
            "files": memory.files,
            "heads": memory.heads,
        }
        if memory.under_way is not None:
            kept["under_way"] = _value(memory.under_way)
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        try:
            fresh.write_text(json.dumps(kept), encoding="utf-8")
            fresh.replace(self.path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                fresh.unlink()


def _value(under_way: UnderWay) -> dict[str, Any]:
    return {
        "begun_at": under_way.begun_at.isoformat(),
        "seen": under_way.seen,
        "edge": {
            str(level): b64encode(hashes).decode()
            for level, hashes in under_way.edge.items()
        },
        "findings": [one.value() for one in under_way.findings.kept],
        "opened": under_way.opened,
    }


def _read_under_way(value: Mapping[str, Any] | None) -> UnderWay | None:
    if value is None:
        return None
    findings = Findings()
    findings.add_all(read_finding(one) for one in value["findings"])
    return UnderWay(
        begun_at=datetime.fromisoformat(value["begun_at"]),
        seen=int(value["seen"]),
        edge={int(at): b64decode(text) for at, text in value["edge"].items()},
        findings=findings,
        opened=int(value.get("opened", 0)),
    )
