"""Gives whoever filed or acknowledged the leaf of their entry at once, to keep.

Where its proof is fetched from later is said along: the log seals it within seconds.
"""

import base64
from collections.abc import Iterable
from typing import Final

from django.urls import reverse

from incidents.errors import Unavailable
from incidents.events.models import AudienceStream, Purpose
from incidents.incident.models import Acknowledgement, Incident
from incidents.ledger.models import Entry
from incidents.organisations.models import User

FILED: Final = "filed"
ACKNOWLEDGED: Final = "acknowledged"
FILED_KINDS: Final = ("incident.opened", "incident.imported")
ACKNOWLEDGED_KIND: Final = "incident.acknowledged"


def receipt_of(incident: Incident) -> dict[str, str]:
    """Return the leaf of the entry with which the incident began here, and its hash.

    Raises Unavailable when the incident has no such entry, which must not happen.
    """
    stream = AudienceStream.objects.filter(
        incident=incident,
        purpose=Purpose.PRIVATE,
        organisation_id=incident.organisation_id,
    )
    entries = Entry.objects.filter(
        stream__in=stream.values("stream_id"), kind__in=FILED_KINDS
    )
    entry = entries.order_by("seq").first()
    if entry is None:
        raise Unavailable
    return leaf_of(entry) | {"path": proof_path(incident.ref, FILED)}


def acknowledgement_receipts(rows: Iterable[Acknowledgement]) -> list[dict[str, str]]:
    """Return the receipts of these, in their order, in two statements.

    Requires select_related("incident").
    """
    known = list(rows)
    entries = acknowledged_entries(known)
    return [
        {
            "ref": row.incident.ref,
            **leaf_of(entries[row.pk]),
            "path": proof_path(row.incident.ref, ACKNOWLEDGED),
        }
        for row in known
        if row.pk in entries
    ]


def acknowledged_entries(rows: Iterable[Acknowledgement]) -> dict[int, Entry]:
    """Return {acknowledgement's id: its entry in its own organisation's record}."""
    known = list(rows)
    streams = AudienceStream.objects.filter(
        incident__in={row.incident_id for row in known}, purpose=Purpose.PRIVATE
    )
    places = {
        (stream.incident_id, stream.organisation_id): stream.stream_id
        for stream in streams
    }
    # An acknowledgement and its entry have one instant, that of their transaction.
    entries = Entry.objects.filter(
        stream__in=list(places.values()),
        kind=ACKNOWLEDGED_KIND,
        at__in={row.at for row in known},
    )
    found = {(entry.stream_id, entry.at): entry for entry in entries.order_by("pk")}
    placed = (
        (row, places.get((row.incident_id, row.organisation_id))) for row in known
    )
    return {
        row.pk: found[stream, row.at]
        for row, stream in placed
        if stream is not None and (stream, row.at) in found
    }


def own_acknowledgements(
    user: User, organisation_ids: Iterable[int], refs: Iterable[str]
) -> list[Acknowledgement]:
    """Return the newest that the person gave on each of these incidents."""
    rows = Acknowledgement.objects.by(user).filter(
        organisation__in=list(organisation_ids), incident__ref__in=list(refs)
    )
    newest = {
        row.incident_id: row for row in rows.select_related("incident").order_by("pk")
    }
    return list(newest.values())


def leaf_of(entry: Entry) -> dict[str, str]:
    """Return the exact bytes that were recorded, and their hash, as text."""
    leaf = base64.b64encode(bytes(entry.leaf)).decode()
    return {"leaf": leaf, "leaf_hash": bytes(entry.leaf_hash).hex()}


def proof_path(ref: str, act: str) -> str:
    """Return where the proof of what was done is fetched from."""
    return reverse("api:receipt-act", args=[ref, act])
