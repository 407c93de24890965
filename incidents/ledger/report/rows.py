"""Writes one entry of a record as a row of its timeline."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from incidents.ledger.bundle_parts import REDACTED
from incidents.ledger.report.markup import table_row, text
from incidents.ledger.verify.entries import Hidden, Seen
from incidents.ledger.verify.instants import written

TITLES: Final = ("Entry", "Says", "Proved between", "What")
MAX_DEPTH: Final = 6

Bound = tuple[int | None, int | None]

_APART: Final = ("actor", "body")


def row_of(entry: Seen | Hidden, bounds: Bound) -> str:
    """Return the row. `bounds` are seconds since 1970."""
    is_seen = isinstance(entry, Seen)
    said = written(entry.at_ms) if isinstance(entry, Seen) else "withheld"
    cells = (
        text(f"{entry.seq}"),
        text(said),
        text(bounded(bounds)),
        _what(entry) if isinstance(entry, Seen) else _withheld_whole(entry),
    )
    anchor = f"entry-{entry.seq}" if is_seen or entry.seq else ""
    return table_row(zip(TITLES, cells, strict=True), anchor=anchor)


def bounded(bounds: Bound) -> str:
    """Return in words between which instants an entry got its place.

    >>> bounded((0, None))
    'not before 1970-01-01 00:00:00 UTC'
    """
    lower, upper = (None if one is None else written(one * 1000) for one in bounds)
    if lower is None and upper is None:
        return "no witness says"
    if upper is None:
        return f"not before {lower}"
    return f"not after {upper}" if lower is None else f"{lower}\nand {upper}"


def kind_in_words(kind: str) -> str:
    """Return a kind of entry as people read it.

    >>> kind_in_words("incident.severity_changed")
    'Incident: severity changed'
    """
    what, _, change = kind.partition(".")
    return f"{what.capitalize()}: {change}".replace("_", " ")


def ground_in_words(ground: str) -> str:
    """Return why a field is withheld, as people read it.

    >>> ground_in_words("redacted:FOIA b(6)")
    'redacted by FOIA b(6)'
    """
    authority = ground.removeprefix(REDACTED)
    return ground if authority == ground else f"redacted by {authority}"


def who(entry: Seen) -> str:
    """Return by whom an entry says it is."""
    actor = entry.fields.get("actor")
    if not isinstance(actor, dict):
        return ""
    parts = (actor.get(name) for name in ("name", "role", "organisation"))
    return ", ".join(part for part in parts if isinstance(part, str) and part)


def said_by(entry: Seen) -> dict[str, Any]:
    """Return what an entry discloses, without who: fields of its body and others."""
    body = entry.fields.get("body")
    said = dict(body) if isinstance(body, dict) else {}
    return said | {
        name: value for name, value in entry.fields.items() if name not in _APART
    }


def _what(entry: Seen) -> str:
    by = who(entry)
    lines = [f"<strong>{text(kind_in_words(entry.kind))}</strong>"]
    if by:
        lines.append(f' <span class="by">by {text(by)}</span>')
    said = "".join(
        f"<dt>{text(name)}</dt><dd>{text(value)}</dd>"
        for name, value in sorted(_flat(said_by(entry)))
    )
    lines.append(f"<dl>{said}</dl>" if said else "")
    lines += [
        f'<p class="withheld">{text(name)}: {text(ground_in_words(ground))}</p>'
        for name, ground in sorted(entry.withheld.items())
    ]
    return "".join(lines)


def _withheld_whole(entry: Hidden) -> str:
    return f'<p class="withheld">Withheld as a whole: {text(entry.authority)}</p>'


def _flat(
    said: Mapping[str, Any], above: str = "", depth: int = 1
) -> Iterator[tuple[str, str]]:
    """Yield the values with the names that lead to them."""
    for name, value in said.items():
        path = f"{above}{name}".replace("_", " ")
        if isinstance(value, dict) and value and depth < MAX_DEPTH:
            yield from _flat(value, f"{path}: ", depth + 1)
        elif isinstance(value, str):
            yield path, value
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            yield path, ", ".join(value) or "none"
        elif isinstance(value, list) and depth < MAX_DEPTH:
            numbered = {f"{number}": one for number, one in enumerate(value, start=1)}
            yield from _flat(numbered, f"{path} ", depth + 1)
        else:
            yield path, _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
