"""The page of the record: how far it is sealed, signed, witnessed and audited."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from incidents.audit.findings import read_finding
from incidents.audit.nightly import last_audit
from incidents.ledger.checkpoint import parse_checkpoint
from incidents.ledger.note import parse_note
from incidents.models import Audit, Checkpoint, Cosigned, OrganisationKind, Witness
from incidents.pages import PageRequest, page
from incidents.sealing.asking import signer_standing
from incidents.sealing.places import newest_note
from incidents.sealing.vitals import measure_sealing

_SIGNER: Final = {
    "none": "Nobody signs here. What follows rests on the operator's word alone.",
    "separated": "A process and a user of their own. Whoever takes over this site cannot"
    " sign.",
    "not separated": "A process of its own, but the same user as the site. Whoever takes"
    " over this site could take the key.",
}
_SIDES: Final = {OrganisationKind.AGENCY: "an agency", OrganisationKind.LAB: "a lab"}
_AGAINST: Final = {
    "cosigned": "the newest head that enough witnesses signed",
    "signed": "the newest head that the log signed",
    "sealed": "the newest head, which nobody signed",
}


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """A witness, as everybody may know it."""

    name: str
    side: str
    size: int
    said_at: datetime | None
    trouble: str


@page("GET")
def log_page(request: PageRequest) -> HttpResponse:
    """Show how the record stands. It holds numbers and hashes, and nobody's content."""
    audit = last_audit()
    context = {
        "vitals": measure_sealing(),
        "facts": _facts(),
        "note": newest_note() or "",
        "witnesses": _witnesses(),
        "audit": audit,
        "audit_facts": _audit_facts(audit) if audit else [],
        "findings": [str(read_finding(one)) for one in audit.findings] if audit else [],
    }
    return render(request, "config/log.html", context)


def _facts() -> list[dict[str, Any]]:
    sealed = Checkpoint.objects.order_by("-size").first()
    if sealed is None:
        return [{"label": "Signer", "value": _SIGNER[signer_standing()]}]
    signed = Checkpoint.objects.exclude(note="").order_by("-size").first()
    seen = Cosigned.objects.filter(quorum_at__isnull=False)
    witnessed = seen.order_by("-size", "-which").first()
    rows: list[dict[str, Any]] = [
        {"label": "Entries sealed", "value": sealed.size},
        {"label": "Last sealed", "at": sealed.sealed_at},
        {"label": "Signed up to", "value": signed.size if signed else "nothing yet"},
        {
            "label": "Witnessed up to",
            "value": witnessed.size if witnessed else "nothing yet",
        },
        {"label": "Signer", "value": _SIGNER[signer_standing()]},
    ]
    if signed:
        origin = parse_checkpoint(parse_note(signed.note).text).origin
        rows.insert(0, {"label": "Name of the log", "value": origin})
    if witnessed:
        seen_at = {"label": "Last witnessed", "at": witnessed.quorum_at}
        rows.insert(-1, seen_at)
    return rows


def _witnesses() -> list[WitnessRow]:
    rows = Witness.objects.filter(is_active=True).select_related("organisation")
    return [
        WitnessRow(
            name=one.slug,
            side=_side(one),
            size=one.size,
            said_at=one.said_at,
            trouble="does not answer" if one.failures else "",
        )
        for one in rows
    ]


def _side(witness: Witness) -> str:
    if witness.organisation is None:
        return "a body outside"
    kind = OrganisationKind(witness.organisation.kind)
    return _SIDES.get(kind, "the operator")


def _audit_facts(audit: Audit) -> list[dict[str, Any]]:
    return [
        {"label": "Ended", "at": audit.ended_at},
        {"label": "Entries computed anew", "value": audit.size},
        {"label": "Held against", "value": _AGAINST[audit.against]},
        {
            "label": "Outcome",
            "value": "Everything fits." if audit.is_intact else "NOT everything fits.",
        },
    ]
