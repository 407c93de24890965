"""Put a mapping, a body and what the one makes of the other into the words of a page."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from incidents.intake.adapters.adapter import Adapter
from incidents.intake.adapters.mapping import LABEL_PREFIX, STATE_PREFIX
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.mapping_form import (
    FIELD_PREFIX,
    LABELS,
    MAX_TEXT,
    ORDER,
    MappingForm,
    start_choices,
)
from incidents.intake.mapping_preview import (
    PRESET_OF,
    Problem,
    Seen,
    shape_of,
)
from incidents.intake.mapping_trying import (
    GENERIC,
    last_bodies,
    shown_seen,
    try_mapping,
)
from incidents.intake.models import Delivery, Source


def text_of(body: bytes) -> str:
    """Return a body as it is read best: JSON indented, anything else as it is."""
    try:
        document = json.loads(body.decode("utf-8-sig"))
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
    return text if len(text) <= MAX_TEXT else body.decode("utf-8", "replace")


def seen_in(
    source: Source, form: MappingForm, delivery: Delivery | None
) -> Seen | None:
    """Return what the form's body means by the form's mapping; None without a body."""
    body = form.cleaned_data.get("body", "")
    if not body.strip():
        return None
    return try_mapping(
        source,
        body.encode(),
        mapping=form.mapping if source.tool == GENERIC else None,
        severity_map=form.cleaned_data.get("severity_map", {}),
        headers=delivery.headers if delivery else {},
    )


def mapping_context(
    source: Source, form: MappingForm, *, delivery: Delivery | None, seen: Seen | None
) -> dict[str, Any]:
    """Return the variables of the page on a source's mapping."""
    adapter = ADAPTERS[source.tool]
    problems = [*_line_problems(form), *(seen.problems if seen else ())]
    return {
        "source": source,
        "tool": adapter,
        "form": form,
        "is_generic": source.tool == GENERIC,
        "rows": list(_rows(form, seen, problems)),
        "paths": _paths(adapter, form, seen),
        "starts": start_choices(),
        "has_start": source.tool in PRESET_OF,
        "bodies": last_bodies(source),
        "chosen": delivery.uid if delivery else None,
        "seen": seen,
        "problems": problems,
        "alerts": shown_seen(seen)["alerts"] if seen else [],
        "renewed": ",".join(f"#found-{name}" for name in ORDER),
    }


def field_of(name: str) -> str:
    """Return the field of the form in which a part of a mapping is written."""
    if name.startswith(LABEL_PREFIX):
        return "labels_each"
    if name.startswith(STATE_PREFIX):
        return "states"
    return FIELD_PREFIX + name


def _line_problems(form: MappingForm) -> list[Problem]:
    """Return what is wrong with lines and sizes, in the words of the form."""
    return [
        Problem(str(form.fields[name].label), "", str(error))
        for name, errors in form.errors.items()
        if name in form.fields and not name.startswith(FIELD_PREFIX)
        for error in errors
    ]


def _rows(
    form: MappingForm, seen: Seen | None, problems: list[Problem]
) -> Iterator[dict[str, Any]]:
    wrong = {problem.field.rpartition(".")[2]: problem for problem in problems}
    found = seen.found if seen else {}
    for name in ORDER:
        bound = form[FIELD_PREFIX + name]
        yield {
            "name": name,
            "field": bound,
            "found": found.get(name, ""),
            "is_missing": bool(seen and bound.value() and not found.get(name)),
            "problem": wrong.get(name),
        }


def _paths(
    adapter: Adapter, form: MappingForm, seen: Seen | None
) -> list[dict[str, str]]:
    """Return the paths of a preset that read this body, with what each finds."""
    preset = PRESET_OF.get(adapter.tool)
    if preset is None:
        return []
    mapping: Mapping[str, str] = shape_of(
        form.cleaned_data.get("body", "").encode(), preset
    )
    found = seen.found if seen else {}
    return [
        {
            "label": LABELS[name][0] if name in LABELS else name,
            "path": path,
            "found": found.get(name, ""),
        }
        for name, path in (mapping or preset.shapes[0].mapping).items()
    ]
