"""Takes out of the tables what repeats an erased value, by the table of columns.

Not of the statutory record (decisions, instants, clocks, filings): it must be kept by
law, and what was filed must stay what it was. Raw deliveries and mail leave by their
own retention.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.apps import apps
from django.db.models import CharField, JSONField, Lookup, Model, TextField
from django.db.models.functions import Cast

from incidents.incident.models import Incident
from incidents.ledger.canonical import JsonValue
from incidents.organisations.models import Organisation, User

GONE: Final = "(erased)"
# Shorter words stand in too much that has nothing to do with the value.
_SHORTEST: Final = 4
_KEPT: Final = frozenset(
    {
        *("incidents.Hold", "incidents.Erasure", "incidents.IdempotencyKey"),
        *("escalation.AnchorValue", "escalation.AnchorChoice", "escalation.Decision"),
        *("escalation.AssessmentAnswer", "escalation.StatutoryClock"),
        *("escalation.DueDate", "escalation.DelayNotice", "escalation.Extension"),
        *("escalation.Filing", "escalation.FilingVersion", "escalation.FilingRemark"),
        *("escalation.FilingRecipient", "escalation.FilingRequest"),
        *("escalation.FilingRequestStep", "escalation.FilingTransfer"),
        *("escalation.RegimeText", "escalation.LegalProfile"),
    }
)
_AT_ONCE: Final = 500
# Columns that other code must be able to read.
_INSTEAD: Final = {"zone": "UTC", "email": "erased-{pk}@erased.invalid"}


@TextField.register_lookup
class HasOneOf(Lookup):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Whether a text contains one of a list of others, however many, in one condition."""

    lookup_name = "has_one_of"

    def get_prep_lookup(self) -> Any:
        """Take the list as it is."""
        return list(self.rhs)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Return the condition and its parameters."""
        left, parameters = self.process_lhs(compiler, connection)
        return (
            f"EXISTS (SELECT FROM unnest(%s::text[]) AS w WHERE strpos({left}, w) > 0)",
            [self.rhs, *parameters],
        )


# {model's label: {column: (what it holds, the look-up to whose it is)}}
Columns = Mapping[str, Mapping[str, tuple[str, str]]]
_columns: dict[str, Mapping[str, tuple[str, str]]] = {}


def register_columns(columns: Columns) -> None:
    """Have erasure walk these columns; called when the app is ready."""
    _columns.update(columns)


def texts_in(values: Iterable[JsonValue]) -> list[str]:
    """Return every text in the values that is long enough to be told, longest first."""
    found = {text for value in values for text in _texts(value)}
    return sorted((t for t in found if len(t) >= _SHORTEST), key=len, reverse=True)


def clear_incidents(
    texts: Mapping[int, Iterable[str]], organisation: Organisation
) -> int:
    """Replace each incident's texts in the organisation's rows of it; returns how many.

    Takes two statements for each declared column, however many incidents and texts.
    """
    words: dict[int | None, Mapping[str, str]] = {
        incident: dict.fromkeys(sorted(found, key=len, reverse=True), GONE)
        for incident, found in texts.items()
    }
    if not any(words.values()):
        return 0
    changed = 0
    for model, name, path in _declared("content"):
        if model is Incident:
            key = "pk"
        elif _has_incident(model):
            key = "incident_id"
        else:
            continue
        rows = model._default_manager.filter(**{f"{key}__in": list(words)})  # noqa: SLF001  public by Django's docs
        own = rows.filter(**{path: organisation})
        changed += _replace(own, name, words, key)
    return changed


def clear_person(person: User, organisation: Organisation) -> int:
    """Make the person's own columns say nothing, and their name go from the others'.

    Their e-mail address becomes the same meaningless one everywhere, so that what names
    them still leads to one and the same row.
    """
    pseudonym = _INSTEAD["email"].format(pk=person.pk)
    words = {person.email: pseudonym}
    if len(person.name) >= _SHORTEST:
        words[person.name] = GONE
    changed = 0
    for model, name, path in _declared("content"):
        rows = model._default_manager.filter(**{path: organisation})  # noqa: SLF001  public by Django's docs
        changed += _replace(rows, name, {None: words})
    for model, name, path in _declared("personal"):
        wanted = {"pk": person.pk} if path == "self" else {path: person}
        for row in model._default_manager.filter(**wanted):  # noqa: SLF001  public by Django's docs
            changed += _blank(row, name)
    return changed


def _declared(holds: str) -> Iterator[tuple[type[Model], str, str]]:
    for label, columns in sorted(_columns.items()):
        model = apps.get_model(label)
        for name, (kind, path) in columns.items():
            field = model._meta.get_field(name)  # noqa: SLF001  public by Django's docs
            is_plain = isinstance(field, CharField | TextField | JSONField)
            if kind == holds and path and is_plain and label not in _KEPT:
                yield model, name, path


def _has_incident(model: type[Model]) -> bool:
    fields = model._meta.get_fields()  # noqa: SLF001  public by Django's docs
    return any(field.name == "incident" and field.concrete for field in fields)


def _replace(
    rows: Any, name: str, words: Mapping[int | None, Mapping[str, str]], key: str = ""
) -> int:
    """Put other words for these in one column of the rows; returns how many changed.

    With a `key` each row has words of its own, those under the value of that column.
    """
    field = rows.model._meta.get_field(name)  # noqa: SLF001  public by Django's docs
    is_json = isinstance(field, JSONField)
    every = sorted({word for found in words.values() for word in found})
    spelt = [json.dumps(w, ensure_ascii=False)[1:-1] if is_json else w for w in every]
    told = rows.annotate(told=Cast(name, TextField())).filter(told__has_one_of=spelt)
    changed = []
    for row in told.order_by("pk"):
        old = getattr(row, name)
        new = old
        for word, instead in words[getattr(row, key) if key else None].items():
            new = _without(new, word, instead)
        if new != old:
            cut = new[: field.max_length] if isinstance(new, str) else new
            setattr(row, name, cut)
            changed.append(row)
    rows.model._default_manager.bulk_update(changed, [name], batch_size=_AT_ONCE)  # noqa: SLF001  public by Django's docs
    return len(changed)


def _blank(row: Model, name: str) -> int:
    old = getattr(row, name)
    if old in ("", None):
        return 0
    new: Any = type(old)()
    if isinstance(old, str):
        new = _INSTEAD.get(name, "erased-{pk}").format(pk=row.pk)
    type(row)._default_manager.filter(pk=row.pk).update(**{name: new})  # noqa: SLF001  public by Django's docs
    return 1


def _without(value: Any, word: str, instead: str) -> Any:
    """Return the value with another word for this one, where it is not part of a longer one."""
    if isinstance(value, str):
        return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _: instead, value)
    if isinstance(value, list):
        return [_without(item, word, instead) for item in value]
    if isinstance(value, dict):
        return {key: _without(item, word, instead) for key, item in value.items()}
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
