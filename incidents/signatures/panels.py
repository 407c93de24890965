"""What signing adds to the incident's page: a button for who has a key and has not signed."""

import json
from typing import Any

from django.urls import reverse

from incidents.incident.models import Incident
from incidents.incident.panels import Part, Seen
from incidents.ledger.party_ack import ACK_TYPE
from incidents.signatures.signing import ToSign, active_keys, to_sign


def signing_panel(seen: Seen) -> Part:
    """Return what the reader may sign; nothing for whoever has no key."""
    asked = to_sign(seen.incident, seen.person)
    shown = signing_context(seen.incident, asked) if asked else {}
    return Part(context={"signing": shown} if shown.get("fingerprints") else {})


def signing_context(incident: Incident, asked: ToSign) -> dict[str, Any]:
    """Return what the form of a signature shows."""
    row = asked.acknowledgement
    keys = active_keys(row.user, row) if row.user else []
    return {
        "url": reverse("incident-sign", args=[incident.ref]),
        "done_url": incident.get_absolute_url(),
        "at": row.at,
        "organisation": row.organisation,
        "type": ACK_TYPE,
        "payloads": asked.texts,
        "request": json.dumps({"payloads": asked.texts}, ensure_ascii=False),
        "fingerprints": " ".join(key.fingerprint for key in keys),
    }
