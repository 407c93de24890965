"""Gives whoever filed or acknowledged a receipt that any C2SP verifier can check."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.http import Http404

from incidents.events.feed import shown_entries
from incidents.evidence.proving import proving_head
from incidents.incident.models import Acknowledgement, Incident
from incidents.incident.receipts import (
    ACKNOWLEDGED,
    FILED,
    FILED_KINDS,
    acknowledged_entries,
)
from incidents.ledger.models import Entry
from incidents.ledger.proof_file import ProofFile, write_proof
from incidents.organisations.models import User
from incidents.sealing.places import places_of
from incidents.sealing.tree import inclusion_path

RETRY_AFTER_SECONDS: Final = 2
ACTS: Final = (FILED, ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry, and its proof file once the log has proved it."""

    number: int
    entry: Entry
    proof: bytes | None
    is_cosigned: bool = False

    @property
    def leaf_hash(self) -> str:
        """The hash of the entry's leaf, in hexadecimal digits."""
        return bytes(self.entry.leaf_hash).hex()

    def filename(self, incident: Incident) -> str:
        """Return the name that the file has for people."""
        return f"{incident.ref}-entry-{self.number}.tlog-proof"


def receipt_of_entry(
    incident: Incident, organisation_ids: Collection[int], number: int
) -> Receipt:
    """Return the receipt of an entry by its number in the timeline of these sides.

    Raises Http404 when their timeline has no such entry.
    """
    entries = shown_entries(incident, organisation_ids)
    if not 1 <= number <= len(entries):
        raise Http404
    return _receipt(number, entries[number - 1])


def receipt_of_act(
    incident: Incident, organisation_ids: Collection[int], act: str, *, user: User
) -> Receipt:
    """Return the receipt of the newest act of this name. Raises Http404.

    Of acknowledgements it is the person's own, else the newest of their organisations.
    """
    if act == ACKNOWLEDGED:
        row = _acknowledgement(incident, organisation_ids, user)
        return receipt_of_acknowledgement(incident, row)
    entries = shown_entries(incident, organisation_ids)
    found = [place for place, one in enumerate(entries) if one.kind in FILED_KINDS]
    if not found:
        raise Http404
    return _receipt(found[-1] + 1, entries[found[-1]])


def receipt_of_acknowledgement(
    incident: Incident, row: Acknowledgement | None
) -> Receipt:
    """Return the receipt of an acknowledgement. Raises Http404."""
    entry = acknowledged_entries([row]).get(row.pk) if row else None
    if row is None or entry is None:
        raise Http404
    shown = [one.pk for one in shown_entries(incident, [row.organisation_id])]
    return _receipt(shown.index(entry.pk) + 1, entry)


def _acknowledgement(
    incident: Incident, organisation_ids: Collection[int], user: User
) -> Acknowledgement | None:
    rows = incident.acknowledgements.filter(organisation__in=organisation_ids)
    newest = rows.order_by("-pk")
    return newest.by(user).first() or newest.first()


def _receipt(number: int, entry: Entry) -> Receipt:
    index = places_of([entry.pk]).get(entry.pk)
    head = None if index is None else proving_head(index)
    if index is None or head is None:
        return Receipt(number, entry, None)
    path = tuple(inclusion_path(index, head.size))
    # The leaf goes along, so that the file says by itself what it is a proof of.
    proof = write_proof(ProofFile(index, path, head.note, bytes(entry.leaf)))
    return Receipt(number, entry, proof, head.is_cosigned)
