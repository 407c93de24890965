"""Variables that every page has: the instant, the main menu, and who is looking."""

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from escalation.duties.lists import overdue_reports
from escalation.notifications.mailbox import has_mailbox
from incidents.anonymous.desks import unread_reports
from incidents.mail.mailboxes import held_mail
from incidents.models import OrganisationKind, User
from incidents.organisations.roles import Action, Role, allowed_actions
from incidents.timers.clock import read_now
from incidents.triage.queue import QueueFilters, rows_for


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """Return `now`, `nav` and `viewer`; each is worked out only if the template asks."""
    user = request.user if hasattr(request, "user") else None
    frame: dict[str, Any] = {"now": cache(read_now)}
    if isinstance(user, User):
        person = user
        frame["nav"] = cache(lambda: _nav(person, request.path))
        frame["viewer"] = cache(lambda: _viewer(person))
    return frame


def _nav(person: User, path: str) -> list[dict[str, Any]]:
    memberships = _memberships(person)
    kinds = {kind for kind, _ in memberships}
    works = kinds & {OrganisationKind.LAB, OrganisationKind.AGENCY}
    items = [_item("Home", "home", path)]
    if OrganisationKind.AGENCY in kinds:
        rows = rows_for(person, filters=QueueFilters(), now=read_now())
        items.append(_item("Triage", "triage-queue", path, count=rows.count()))
    if works:
        items.append(_item("Incidents", "incident-list", path))
        items += _duties(person, path)
        items.append(_item("Filings", "filing-list", path))
        items.append(_item("On call", "schedule-list", path))
        items.append(_item("Policies", "policy-list", path))
        items.append(_item("Laws", "regime-list", path))
    unread = unread_reports(person) if works else None
    if unread is not None:
        items.append(_item("Reports", "report-list", path, count=unread))
    held = held_mail(person) if works else None
    if held is not None:
        items.append(_item("E-mail", "mail-list", path, count=held))
    if OrganisationKind.LAB in kinds:
        items.append(_item("Sources", "source-list", path))
    items += _record(memberships, path)
    if works and has_mailbox():
        items.append(_item("Mailbox", "mailbox", path))
    return items


def _duties(person: User, path: str) -> list[dict[str, Any]]:
    """Return the item of legal duties, with what is overdue, where any are listed."""
    late = overdue_reports(person, now=read_now())
    return [] if late is None else [_item("Duties", "duty-list", path, count=late)]


def _record(memberships: list[tuple[str, str]], path: str) -> list[dict[str, Any]]:
    """Return the items of those who keep the record, and of those who answer for it."""
    items = []
    if any(_may_approve(kind, role) for kind, role in memberships):
        items.append(_item("Custody", "custody", path))
    if any(kind == OrganisationKind.PLATFORM for kind, _ in memberships):
        items.append(_item("Witnesses", "witness-list", path))
    return items


def _item(label: str, name: str, path: str, *, count: int = 0) -> dict[str, Any]:
    url = reverse(name)
    is_current = path == url if url == "/" else path.startswith(url)
    return {"label": label, "url": url, "is_current": is_current, "count": count}


def _viewer(person: User) -> dict[str, str]:
    rows = person.memberships.filter(ended_at=None).select_related("organisation")
    first = rows.order_by("pk").first()
    if first is None:
        return {"name": str(person), "organisation": "", "role": "No organisation"}
    return {
        "name": str(person),
        "organisation": first.organisation.name,
        "role": str(Role(first.role).label),
    }


def _may_approve(kind: str, role: str) -> bool:
    return Action.APPROVE in allowed_actions(role, kind)


def _memberships(person: User) -> list[tuple[str, str]]:
    rows = person.memberships.filter(ended_at=None)
    return list(rows.values_list("organisation__kind", "role"))
