"""The page of the record: how far it is sealed, signed, witnessed and audited."""

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from config.log_reading import OTHER_SIDE, KnownWitness, Standing, read_standing
from incidents.audit.findings import read_finding
from incidents.models import Audit, OrganisationKind
from incidents.pages import PageRequest, page
from incidents.stamping.vitals import measure_stamps
from incidents.timers.clock import read_now

_SIGNER: Final = {
    "none": "Nobody signs here. What follows rests on the operator's word alone.",
    "separated": "A process and a user of their own. Whoever takes over this site cannot"
    " sign.",
    "not separated": "A process of its own, but the same user as the site. Whoever takes"
    " over this site could take the key.",
}
_SIDES: Final = {
    OrganisationKind.AGENCY: "an agency",
    OrganisationKind.LAB: "a lab",
    OrganisationKind.PLATFORM: "the operator",
    OTHER_SIDE: "a body outside",
}
_AGAINST: Final = {
    "cosigned": "the newest head that enough witnesses signed",
    "signed": "the newest head that the log signed",
    "sealed": "the newest head, which nobody signed",
}


@page("GET")
def log_page(request: PageRequest) -> HttpResponse:
    """Show how the record stands. It holds numbers and hashes, and nobody's content."""
    standing = read_standing(read_now())
    audit = standing.audit
    context = {
        "vitals": standing.vitals,
        "facts": _facts(standing),
        "note": standing.checkpoint,
        "witnesses": [_witness_row(one) for one in standing.witnesses],
        "stamps": measure_stamps(),
        "formers": standing.formers,
        "audit": audit,
        "audit_facts": _audit_facts(audit) if audit else [],
        "findings": [str(read_finding(one)) for one in audit.findings] if audit else [],
    }
    return render(request, "config/log.html", context)


def _facts(standing: Standing) -> list[dict[str, Any]]:
    signer = {"label": "Signer", "value": _SIGNER[standing.signer]}
    if standing.sealed_at is None:
        return [signer]
    rows: list[dict[str, Any]] = [
        {"label": "Entries sealed", "value": standing.vitals.sealed_size},
        {"label": "Last sealed", "at": standing.sealed_at},
        {"label": "Signed up to", "value": _size(standing.vitals.signed_size)},
        {"label": "Witnessed up to", "value": _size(standing.witnessed_size)},
    ]
    if standing.origin:
        rows.insert(0, {"label": "Name of the log", "value": standing.origin})
    if standing.witnessed_at:
        rows.append({"label": "Last witnessed", "at": standing.witnessed_at})
    return [*rows, signer]


def _size(size: int) -> object:
    return size or "nothing yet"


def _witness_row(witness: KnownWitness) -> dict[str, Any]:
    return {
        "name": witness.name,
        "side": _SIDES[witness.side],
        "size": witness.size,
        "said_at": witness.said_at,
        "trouble": "" if witness.answers else "does not answer",
    }


def _audit_facts(audit: Audit) -> list[dict[str, Any]]:
    return [
        {"label": "Ended", "at": audit.ended_at},
        {"label": "Entries computed anew", "value": audit.size},
        {"label": "Held against", "value": _AGAINST[audit.against]},
        {
            "label": "Files of incidents hashed anew",
            "value": f"{audit.files} of {audit.files_of}",
        },
        {
            "label": "Outcome",
            "value": "Everything fits." if audit.is_intact else "NOT everything fits.",
        },
    ]
