"""Gives whoever acknowledged by a link the receipt of it, without signing in.

The link was enough to acknowledge; the receipt holds digests, and is of that act alone.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from escalation.notifications.ack_links import LinkExpired, LinkInvalid, read_token
from escalation.notifications.answering import find_answerable, incident_of
from escalation.notifications.models import Notification
from incidents.evidence.handing_receipts import receipt_or_waiting
from incidents.evidence.receipts import receipt_of_acknowledgement
from incidents.incident.receipts import acknowledged_entries, leaf_of
from incidents.incident.tlp import may_carry_content
from incidents.models import Acknowledgement, Incident, User


@never_cache
@require_safe
def acknowledge_receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Download the proof of what was said by this link, or by its signed-in reader."""
    try:
        notification = find_answerable(read_token(token))
    except (LinkExpired, LinkInvalid):
        raise Http404 from None
    incident = incident_of(notification)
    receipt = receipt_of_acknowledgement(incident, _own(notification, request.user))
    title = title_by_link(incident)
    response = receipt_or_waiting(request, incident, receipt, title=title)
    response["X-Robots-Tag"] = "noindex"
    # The address holds the token.
    response["Referrer-Policy"] = "same-origin"
    return response


def link_receipt(notification: Notification, user: Any, token: str) -> dict[str, str]:
    """Return the leaf of the reader's acknowledgement and where its proof is; or nothing."""
    row = _own(notification, user)
    entry = acknowledged_entries([row]).get(row.pk) if row else None
    if entry is None:
        return {}
    return leaf_of(entry) | {"url": reverse("receipt-by-link", args=[token])}


def title_by_link(incident: Incident) -> str:
    """Return the title if its label lets whoever holds a link know it."""
    is_free = may_carry_content(incident.tlp, "link", inside=True)
    return incident.title if is_free else ""


def _own(notification: Notification, user: Any) -> Acknowledgement | None:
    """Return the newest that was given by such a link, else by the signed-in reader."""
    rows = Acknowledgement.objects.filter(
        incident=notification.incident_id, organisation=notification.organisation_id
    ).order_by("-pk")
    by_link = rows.filter(user=None, link_user=notification.recipient_user, via="link")
    mine = rows.filter(user=user) if isinstance(user, User) else rows.none()
    return mine.first() or by_link.first()
