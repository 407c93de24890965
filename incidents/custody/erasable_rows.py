"""Lists for a form which values of an incident can be chosen, and reads the choice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import F

from incidents.custody.erasing import read_rows
from incidents.custody.places import erasable
from incidents.errors import BadInput
from incidents.events.kinds import KINDS
from incidents.incident.models import Incident
from incidents.organisations.models import Organisation

_SHOWN: Final = 500
_PREVIEW: Final = 80


@dataclass(frozen=True, slots=True)
class Row:
    """One value that may be chosen. `code` is what the form sends."""

    code: str
    at: datetime
    kind: str
    seq: int
    field: str
    value: str


def rows_of(incident: Incident, organisation: Organisation) -> list[Row]:
    """Return the values of the organisation's entries of the incident, oldest first.

    A copy in a pair stream is not listed: it goes with the one in the private stream. Nor
    are names of people: they go with the person.
    """
    own = erasable(incident, organisation).filter(key=F("entry__stream__key"))
    found = own.exclude(name="actor").select_related("entry", "key")
    rows = list(found.order_by("entry_id", "name")[:_SHOWN])
    shown: dict[tuple[Any, str], Row] = {}
    for row, value in zip(rows, read_rows(rows), strict=True):
        entry = row.entry
        shown.setdefault(
            (entry.source_event, row.name),
            Row(
                code=f"{entry.stream_id}:{entry.seq}:{row.name}",
                at=entry.at,
                kind=KINDS[entry.kind].name,
                seq=entry.seq,
                field=row.name,
                value=_preview(value),
            ),
        )
    return list(shown.values())


def chosen_fields(codes: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the form chose. Raises BadInput."""
    return [_named(code) for code in codes]


def _named(code: str) -> dict[str, Any]:
    parts = code.split(":")
    if len(parts) != 3 or not parts[1].isdecimal():  # noqa: PLR2004  stream, seq, name
        raise BadInput("fields", code, "Choose values of the list.")
    return {"stream": parts[0], "seq": int(parts[1]), "field": parts[2]}


def _preview(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("name") or ", ".join(f"{k}: {v}" for k, v in value.items())
    text = str(value)
    return text if len(text) <= _PREVIEW else f"{text[:_PREVIEW]}…"
