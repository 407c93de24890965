"""Finds who was handed values that were erased since, so that they are told.

Source: GDPR Article 19. A bundle holds a value when it reaches to the value's entry, but
not to the one that says it is erased, and no rule withheld it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from incidents.custody.erasing import RECIPIENTS_TIMER
from incidents.custody.recipients import add_notices
from incidents.custody.replaying import AGAIN
from incidents.events.feed import read_fields
from incidents.events.record import recording
from incidents.evidence.models import BundleState, EvidenceBundle
from incidents.evidence.redaction import Redaction, rules_from_body
from incidents.ledger.models import Entry
from incidents.timers.models import Timer
from incidents.timers.schedule import register_handler

# One that is being built may hold what was read a moment before.
_HOLDING: Final = (BundleState.BUILDING, BundleState.READY, BundleState.EXPIRED)


@dataclass(frozen=True, slots=True)
class _Gone:
    """What one entry says is erased."""

    entry: Entry
    named: Sequence[Mapping[str, Any]]
    basis: str
    erasure: str


def register_handlers() -> None:
    """Have the timers of erasures come here."""
    register_handler(RECIPIENTS_TIMER, note_recipients)


def note_recipients(timers: Sequence[Timer], now: datetime) -> None:
    """Note whom to tell of these erasures, in a fixed number of statements."""
    entries = Entry.objects.filter(pk__in=[timer.subject_id for timer in timers])
    rows = list(entries.order_by("pk"))
    fields = read_fields(rows)
    gone = [_gone(entry, fields[entry.pk]) for entry in rows]
    bundles = EvidenceBundle.objects.filter(
        audience__in={entry.stream_id for entry in rows}, state__in=_HOLDING
    )
    known = list(bundles.order_by("pk"))
    with recording(now):
        for is_again in (False, True):
            some = [one for one in gone if one.basis.startswith(AGAIN) == is_again]
            add_notices(_rows(some, known, now), is_again=is_again, now=now)


def _gone(entry: Entry, said: Mapping[str, Any]) -> _Gone:
    return _Gone(entry, said["erased"], said["basis"], said["erasure"])


def _rows(
    gone: Sequence[_Gone], bundles: Sequence[EvidenceBundle], now: datetime
) -> list[dict[str, Any]]:
    """Return a row for each bundle and erasure of which it holds something."""
    counts: Counter[tuple[int, str]] = Counter()
    bases = {one.erasure: one.basis for one in gone}
    for bundle in bundles:
        for one in gone:
            if one.entry.stream_id == bundle.audience_id:
                counts[bundle.pk, one.erasure] += _held(bundle, one)
    by_id = {bundle.pk: bundle for bundle in bundles}
    return [
        _row(by_id[pk], erasure, bases[erasure], count, now)
        for (pk, erasure), count in counts.items()
        if count
    ]


def _held(bundle: EvidenceBundle, gone: _Gone) -> int:
    if bundle.total >= gone.entry.seq:
        return 0
    redaction = Redaction(rules_from_body(bundle.redactions))
    return sum(
        named["seq"] <= bundle.total
        and not redaction.of_entry(named["seq"])
        and not redaction.of_field(named["seq"], named["field"])
        for named in gone.named
    )


def _row(
    bundle: EvidenceBundle, erasure: str, basis: str, count: int, now: datetime
) -> dict[str, Any]:
    return {
        "organisation_id": bundle.organisation_id,
        "incident_id": bundle.incident_id,
        "bundle": bundle.uid,
        "recipient": bundle.recipient,
        "exported_at": bundle.ready_at or now,
        "erasure": erasure,
        "basis": basis,
        "value_count": count,
    }
