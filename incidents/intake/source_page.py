"""Put a source, its deliveries and the outcome of a test into the words of its page."""

import uuid
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from incidents.incident.models import CATEGORY_CHOICES, Incident
from incidents.incident.severity import severity_at
from incidents.intake.adapters.adapter import TRIAL_TITLE
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.delivery_chart import charts_of
from incidents.intake.models import Alert, Delivery, DeliveryState, Source
from incidents.intake.source_facts import facts_of
from incidents.intake.source_health import Place, judge
from incidents.intake.sources import key_apart, source_key, source_url
from incidents.intake.tail import tail_of
from incidents.intake.trust import old_key_of, proof_of, refusals_of
from incidents.organisations.models import User
from incidents.organisations.roles import Action, can

SHOWN_UNREADABLE: Final = 10
SHOWN_CHARACTERS: Final = 2_000
_NOTICES: Final = {"good": "success", "warn": "warning", "bad": "error", "off": "info"}


def source_context(
    person: User, source: Source, *, test: str, now: datetime
) -> dict[str, Any]:
    """Return the variables of a source's page; `test` is the uid of a test's delivery."""
    adapter = ADAPTERS[source.tool]
    deliveries = source.deliveries.order_by("-pk")
    unreadable = deliveries.filter(state=DeliveryState.UNREADABLE)[:SHOWN_UNREADABLE]
    test_uid = _uuid(test)
    tested = deliveries.filter(uid=test_uid).first() if test_uid else None
    can_configure = can(person, Action.CONFIGURE, source.organisation)
    return {
        "source": {
            "uid": source.uid,
            "name": source.name,
            "get_tool_display": adapter.name,
            # Whoever has the address can post, so that reading is not enough for it.
            "url": source_url(source) if can_configure else "",
            "key": key_apart(source) if can_configure else "",
            "is_enabled": source.is_enabled,
        },
        "can_configure": can_configure,
        "setup": adapter.setup,
        "docs_url": adapter.docs_url,
        "example": example_for(source) if can_configure else "",
        "test_result": _test_result(tested) if tested else None,
        "is_waiting": bool(tested and tested.state == DeliveryState.PENDING),
        **tail_of(source),
        "charts": charts_of(source, now=now),
        "unreadable": [_unreadable(row) for row in unreadable],
        "trust": trust_context(source, now=now),
        **health_context(source, now=now),
        "facts": _facts(source),
    }


def health_context(source: Source, *, now: datetime) -> dict[str, Any]:
    """Return how the source is, since when, and where to mend it."""
    facts = facts_of([source], now=now)[source.pk]
    health = judge(facts, now=now)
    return {
        "health": health,
        "notice": _NOTICES[health.level],
        "mend": _mend(source, health.place, topic=facts.refused_value),
        "last_at": facts.last_at,
        "count": facts.count,
        "failed": facts.failed,
        "refused_at": facts.refused_at,
    }


def _mend(source: Source, place: Place, *, topic: str) -> dict[str, str] | None:
    """Return where a source can be mended, and what that place is called.

    A topic that was refused stands in the form there, to be looked at and saved.
    """
    if place == "trust" and topic:
        query = urlencode({"kind": source.verification, "topic": topic})
        url = reverse("source-trust", args=[source.uid])
        return {"url": f"{url}?{query}", "label": "Add this topic"}
    page = reverse("source-detail", args=[source.uid])
    places = {
        "setup": (f"{page}#address", "Set-up"),
        "trust": (reverse("source-trust", args=[source.uid]), "Proof of senders"),
        "unreadable": (f"{page}#unreadable", "What could not be read"),
        "edit": (reverse("source-edit", args=[source.uid]), "Change the source"),
        "status": (reverse("status"), "Status"),
    }
    if place not in places:
        return None
    url, label = places[place]
    return {"url": url, "label": label}


def trust_context(source: Source, *, now: datetime) -> dict[str, Any]:
    """Return what the source's page says of its senders."""
    kept_until = source.old_secret_ends_at
    return {
        "proves": proof_of(source),
        "old_key": old_key_of(source, now=now),
        "old_secret_ends_at": kept_until if kept_until and kept_until > now else None,
        "refusals": refusals_of(source),
    }


def example_for(source: Source) -> str:
    """Return what to write in the tool, ready to be copied."""
    if source.mapping:
        return ""
    return ADAPTERS[source.tool].example(url=source_url(source), key=source_key(source))


def _test_result(delivery: Delivery) -> dict[str, Any]:
    if delivery.state == DeliveryState.PENDING:
        return {"level": "info", "text": "Stored. It is being read now."}
    if delivery.state == DeliveryState.IGNORED:
        return {"level": "info", "text": f"It arrived and was read. {delivery.error}"}
    if delivery.state == DeliveryState.PROCESSED:
        incident = _incident_of(delivery)
        text = "It arrived and was read."
        if incident:
            text = "It arrived, was read, and belongs to the incident"
        return {"level": "success", "text": text, "incident": incident}
    return {"level": "error", "text": f"It could not be read. {delivery.error}"}


def _incident_of(delivery: Delivery) -> Incident | None:
    """Return the incident of a delivery's alerts; a repeated trial counts up an old one."""
    alerts = Alert.objects.filter(source_id=delivery.source_id, incident__isnull=False)
    found = alerts.filter(delivery=delivery) or alerts.filter(
        title__contains=TRIAL_TITLE
    )
    alert = found.select_related("incident").order_by("-event_at").first()
    return alert.incident if alert else None


def _unreadable(row: Delivery) -> dict[str, Any]:
    body = bytes(row.body or b"")
    return {
        "uid": row.uid,
        "received_at": row.received_at,
        "size_bytes": row.size_bytes,
        "error": row.error,
        "body_start": body[:SHOWN_CHARACTERS].decode("utf-8", "replace"),
        "has_body": row.body is not None,
    }


def _facts(source: Source) -> list[dict[str, Any]]:
    resolves = (
        "when all alerts clear and nobody has touched it"
        if source.resolves_incidents
        else "no"
    )
    return [
        {"label": "Organisation", "value": source.organisation.name},
        {
            "label": "Default category",
            "value": dict(CATEGORY_CHOICES)[source.default_category],
        },
        {
            "label": "Default severity",
            "value": f"{source.default_severity} {severity_at(source.default_severity).name}",
        },
        {"label": "Default TLP", "value": source.default_tlp},
        {"label": "Resolves itself", "value": resolves},
        *_handling(source),
        {"label": "Since", "at": source.created_at},
    ]


def _handling(source: Source) -> list[dict[str, Any]]:
    """Return how alerts become incidents, as far as that was chosen."""
    words = [f"{word} = {level}" for word, level in source.severity_map.items()]
    window, expiry = source.group_window_minutes, source.expires_after_minutes
    quiet = source.quiet_after_hours
    return [
        {"label": "Severity words", "value": ", ".join(words) or "the usual ones"},
        {"label": "Grouped by", "value": ", ".join(source.group_by) or "the tool"},
        {
            "label": "A group takes alerts",
            "value": f"{window} min after its last" if window else "while it is open",
        },
        {
            "label": "An alert ends",
            "value": f"{expiry} min after its last word"
            if expiry
            else "when the tool says so",
        },
        {"label": "An alert flaps", "value": _flaps(source)},
        {
            "label": "Silence",
            "value": f"an incident after {quiet} h" if quiet else "is no incident",
        },
    ]


def _flaps(source: Source) -> str:
    if not source.flap_changes:
        return "not looked for"
    return f"after {source.flap_changes} changes within {source.flap_minutes} min"


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
