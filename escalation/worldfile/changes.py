"""Gather what an application of a file changes, as lines for people and the record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db import models

from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.models import Organisation

Sign = Literal["+", "~", "-"]
WHAT = "Configuration file applied"


@dataclass(slots=True)
class Changes:
    """The lines so far; `secrets` are shown once and kept nowhere in clear."""

    now: datetime
    lines: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _of: dict[Organisation, list[str]] = field(default_factory=dict)

    def add(self, sign: Sign, what: str, *organisations: Organisation) -> None:
        """Note one change, which concerns these organisations."""
        line = f"{sign} {what}"
        self.lines.append(line)
        for organisation in organisations:
            self._of.setdefault(organisation, []).append(line)

    def record(self) -> None:
        """Record for each organisation what concerns it. Requires an open recording."""
        for organisation, lines in self._of.items():
            record(
                "config.changed",
                organisation_id=organisation.pk,
                actor=Actor.system(organisation),
                body={"what": WHAT, "changes": lines},
            )


def set_fields(row: models.Model, wanted: Mapping[str, Any]) -> list[str]:
    """Set what differs and return it in words; the row is not saved."""
    differences = []
    for name, value in wanted.items():
        before = getattr(row, name)
        if before != value:
            setattr(row, name, value)
            differences.append(f"{name} {_shown(before)} → {_shown(value)}")
    return differences


def named(prefix: str, parts: Iterable[str]) -> str:
    """Return a line such as `team aurora/duty: name …`."""
    return f"{prefix}: {', '.join(parts)}"


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
