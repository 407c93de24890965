"""Asks for a bundle; it is built in the background."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from incidents.errors import BadInput, NotPossible
from incidents.events.doorbell import ring_after_commit
from incidents.events.models import AudienceStream
from incidents.events.record import recording
from incidents.evidence.audiences import fields_of
from incidents.evidence.contents import ERASURE_KIND
from incidents.evidence.models import OPEN_STATES, EvidenceBundle
from incidents.evidence.redaction import Rule, rules_to_body
from incidents.incident.models import Incident
from incidents.ledger.bundle_parts import ERASED_FIELD
from incidents.ledger.canonical import parse_leaf
from incidents.ledger.models import Entry, Stream
from incidents.organisations.models import Organisation, User
from incidents.sealing.places import sealed_size

OPEN_AT_ONCE: Final = 5
BELL: Final = "evidence"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be handed out, to whom."""

    stream: AudienceStream
    recipient: str
    rules: tuple[Rule, ...] = ()
    has_files: bool = True
    seen_size: int | None = None


def request_bundle(
    incident: Incident,
    wanted: Wanted,
    *,
    organisation: Organisation,
    user: User | None,
    now: datetime,
) -> EvidenceBundle:
    """Have a bundle built of all that the stream holds now.

    Requires that the organisation may read the stream. Locks the organisation.
    Raises BadInput, and NotPossible when too many are being built for it.
    """
    with recording(now):
        _lock(organisation)
        _require_turn(organisation)
        last = Stream.objects.values_list("last_seq", flat=True).get(
            pk=wanted.stream.stream_id
        )
        _check(wanted, last)
        row = EvidenceBundle.objects.create(
            incident=incident,
            audience=wanted.stream,
            organisation=organisation,
            requested_by=user,
            requested_at=now,
            recipient=wanted.recipient,
            redactions=rules_to_body(wanted.rules),
            has_files=wanted.has_files,
            seen_size=wanted.seen_size,
            wanted_seq=last,
            look_at=now,
        )
        ring_after_commit(BELL)
    return row


def visible_bundles(
    incident: Incident, organisation_ids: Collection[int]
) -> QuerySet[EvidenceBundle]:
    """Return the exports of these organisations; no side sees the other's."""
    rows = EvidenceBundle.objects.filter(
        incident=incident, organisation__in=organisation_ids
    )
    related = ("organisation", "requested_by", "incident")
    sides = ("audience__organisation", "audience__agency")
    return rows.select_related(*related, *sides).order_by("-id")


def _lock(organisation: Organisation) -> None:
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)


def _require_turn(organisation: Organisation) -> None:
    count = EvidenceBundle.objects.filter(
        organisation=organisation, state__in=OPEN_STATES
    ).count()
    if count >= OPEN_AT_ONCE:
        message = f"{count} bundles are being built for {organisation}; wait for one."
        raise NotPossible(message, state={"being_built": count})


def _require_shown(stream: AudienceStream, rule: Rule) -> None:
    """Refuse to withhold what says that something was erased: nothing verified then."""
    erasures = Entry.objects.filter(
        stream=stream.stream_id, seq=rule.entry or 0, kind=ERASURE_KIND
    )
    if rule.field == ERASED_FIELD or (not rule.field and erasures.exists()):
        remedy = "What was erased has to be shown, else the rest does not verify."
        raise BadInput("redactions", rule.line(), remedy)


def _require_there(wanted: Wanted) -> None:
    """Refuse a rule for a field that its entry has not: it would withhold nothing."""
    named = {rule.entry for rule in wanted.rules if rule.entry and rule.field}
    rows = Entry.objects.filter(stream=wanted.stream.stream_id, seq__in=named)
    fields = {
        seq: sorted(parse_leaf(bytes(leaf)).commit)
        for seq, leaf in rows.values_list("seq", "leaf")
    }
    for rule in wanted.rules:
        if rule.field and rule.field not in fields.get(rule.entry or 0, [rule.field]):
            there = ", ".join(fields[rule.entry or 0])
            remedy = f"Entry {rule.entry} has: {there}."
            raise BadInput("redactions", rule.line(), remedy)


def _check(wanted: Wanted, last: int) -> None:
    known = fields_of(wanted.stream) if wanted.rules else []
    for rule in wanted.rules:
        _require_shown(wanted.stream, rule)
        if rule.field and rule.field not in known:
            remedy = f"Its entries have the fields: {', '.join(known)}."
            raise BadInput("redactions", rule.field, remedy)
        if rule.entry is not None and not 1 <= rule.entry <= last:
            remedy = f"Its entries have the numbers 1 to {last}."
            raise BadInput("redactions", rule.entry, remedy)
    _require_there(wanted)
    if wanted.seen_size is not None and wanted.seen_size > sealed_size():
        remedy = "Give a size that the log has reached, or leave it out."
        raise BadInput("seen_size", wanted.seen_size, remedy)
