"""Reads the record back for a person: the entries that their side may see, in order."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q

from incidents.events.kind import BODY
from incidents.events.kinds import KINDS
from incidents.events.models import AudienceStream, Purpose
from incidents.ledger.append import disclosure_context
from incidents.ledger.canonical import open_disclosure
from incidents.ledger.keyring import decrypt, unwrap
from incidents.ledger.models import Disclosure, Entry, Erased

if TYPE_CHECKING:
    from incidents.incident.models import Incident

ERASED = "(erased)"


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One step as its reader may see it. `seq` counts the reader's own view from 1."""

    seq: int
    kind: str
    at: datetime
    actor: dict[str, Any]
    summary: str
    data: dict[str, Any]
    entry_id: int
    stream: str
    stream_seq: int
    # What of it is erased, when, and by which entry of its stream.
    erased: str = ""


def timeline(
    incident: "Incident", organisation_ids: Collection[int]
) -> list[TimelineItem]:
    """Return the incident's steps for these organisations' side, oldest first.

    An event that stands in two of their streams is shown once, from the private one.
    """
    return _items(shown_entries(incident, organisation_ids))


def shown_entries(
    incident: "Incident", organisation_ids: Collection[int]
) -> list[Entry]:
    """Return the entries behind the timeline, in its order."""
    streams = readable_streams(incident, organisation_ids)
    entries = Entry.objects.filter(stream__in=[s.stream_id for s in streams])
    private = {s.stream_id for s in streams if s.purpose == Purpose.PRIVATE}
    kept: dict[uuid.UUID, Entry] = {}
    marked = entries.annotate(
        is_erased=Exists(Erased.objects.filter(entry=OuterRef("pk")))
    )
    for entry in marked.order_by("id"):
        if entry.source_event not in kept or entry.stream_id in private:
            kept[entry.source_event] = entry
    return sorted(kept.values(), key=lambda entry: entry.pk)


def readable_streams(
    incident: "Incident", organisation_ids: Collection[int]
) -> list[AudienceStream]:
    """Return the streams that hold the incident's steps for these organisations.

    An agency reads its pair only while the share lasts; the owner reads all its own.
    """
    own = Q(organisation__in=organisation_ids)
    shared_now = Q(agency__in=organisation_ids, closed_at=None)
    purposes = [Purpose.PRIVATE, Purpose.PAIR]
    rows = AudienceStream.objects.filter(incident=incident, purpose__in=purposes)
    return list(rows.filter(own | shared_now))


def read_fields(entries: Iterable[Entry]) -> dict[int, dict[str, Any]]:
    """Decrypt the entries' fields: {entry id: {name: value}}, `body` spread out."""
    opened: dict[int, dict[str, Any]] = {
        pk: {name: open_disclosure(text)[1] for name, text in texts.items()}
        for pk, texts in read_disclosures(entries).items()
    }
    return {pk: {**found.pop(BODY, {}), **found} for pk, found in opened.items()}


def read_disclosures(entries: Iterable[Entry]) -> dict[int, dict[str, str]]:
    """Decrypt the entries' disclosures: {entry id: {name: disclosure}}.

    One that was erased is not there.
    """
    by_id = {entry.pk: entry for entry in entries}
    texts: dict[int, dict[str, str]] = {pk: {} for pk in by_id}
    keys: dict[int, bytes] = {}
    rows = (
        Disclosure.objects.filter(entry__in=by_id).select_related("key").order_by("id")
    )
    for row in rows:
        entry = by_id[row.entry_id]
        if row.key_id not in keys:
            keys[row.key_id] = unwrap(row.key)
        context = disclosure_context(entry.stream_id, entry.seq, row.name)
        text = decrypt(keys[row.key_id], row.body, context=context).decode("ascii")
        texts[entry.pk][row.name] = text
    return texts


def _items(entries: list[Entry]) -> list[TimelineItem]:
    fields = read_fields(entries)
    gone = _erasures([e.pk for e in entries if getattr(e, "is_erased", False)])
    return [
        _item(seq, e, fields[e.pk], erased=gone.get(e.pk, ""))
        for seq, e in enumerate(entries, start=1)
    ]


def _erasures(entry_ids: list[int]) -> dict[int, str]:
    """Return for each of these entries what of it was erased, when and by which entry."""
    if not entry_ids:
        return {}
    rows = Erased.objects.filter(entry__in=entry_ids).select_related("decision")
    told: dict[int, list[str]] = {}
    for row in rows.order_by("id"):
        when = f"{row.decision.at.astimezone(UTC):%Y-%m-%d}"
        text = f"{row.name} erased on {when} by decision {row.decision.seq}"
        told.setdefault(row.entry_id, []).append(text)
    return {pk: "; ".join(texts) for pk, texts in told.items()}


def _item(
    seq: int, entry: Entry, fields: dict[str, Any], *, erased: str
) -> TimelineItem:
    actor = fields.pop("actor", {"kind": "system", "name": ERASED})
    return TimelineItem(
        seq=seq,
        kind=entry.kind,
        at=entry.at,
        actor=actor,
        summary=KINDS[entry.kind].summarise(fields),
        data=fields,
        entry_id=entry.pk,
        stream=str(entry.stream_id),
        stream_seq=entry.seq,
        erased=erased,
    )
