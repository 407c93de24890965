"""Say who takes anonymous reports and which people may read them; each change is recorded."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, QuerySet

from incidents.anonymous.models import (
    AnonymousReport,
    ReportDesk,
    ReportHandler,
    ReportMessage,
    ReportReader,
)
from incidents.anonymous.readers_news import (
    ReadersChanged,
    record_access,
    tell_readers,
)
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.organisations.models import Organisation, OrganisationKind, User
from incidents.organisations.roles import Action, organisations_allowing

ROLE = "handler of anonymous reports"


@dataclass(frozen=True, slots=True)
class DeskDraft:
    """What a desk is to be: exactly these handlers."""

    handlers: Collection[str]
    is_open: bool = True
    takes_all: bool = False


def open_desks() -> list[ReportDesk]:
    """Return the desks that somebody reads, the one for everything first, then agencies."""
    read = ReportHandler.objects.active().values("organisation_id")
    rows = ReportDesk.objects.filter(is_open=True, organisation__in=read)
    found = rows.select_related("organisation").order_by("organisation__name")
    return sorted(
        found, key=lambda desk: (not desk.takes_all, not desk.organisation.is_agency)
    )


def handlers_of(organisation_ids: Collection[int]) -> QuerySet[ReportHandler]:
    """Return who may read the reports of these organisations now."""
    rows = ReportHandler.objects.active().filter(organisation__in=organisation_ids)
    return rows.select_related("user", "organisation").order_by("pk")


def unread_reports(user: User) -> int | None:
    """Return how many reports hold something that no handler has opened.

    None for who neither reads reports nor may say who does.
    """
    named = ReportHandler.objects.active().filter(user=user)
    shown = ReportReader.objects.active().filter(user=user)
    reads = User.objects.filter(Exists(named) | Exists(shown), pk=user.pk).exists()
    if not reads and not organisations_allowing(user, Action.CONFIGURE):
        return None
    unread = ReportMessage.objects.filter(by_reporter=True, read_at=None)
    visible = AnonymousReport.objects.visible_to(user)
    return visible.filter(pk__in=unread.values("report_id")).count()


def save_desk(
    organisation: Organisation, draft: DeskDraft, *, actor: Actor, now: datetime
) -> ReportDesk:
    """Bring the desk of an organisation to this. Locks the organisation. Raises BadInput."""
    people = members_of(organisation, draft.handlers, field="handlers")
    with recording(now):
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        _check_takes_all(organisation, draft)
        desk, is_new = ReportDesk.objects.get_or_create(organisation=organisation)
        _set_switches(desk, draft, actor, is_new=is_new)
        changed = _set_handlers(organisation, people, actor, now)
        # Of a new desk there is nobody yet who could wonder about the others.
        if not is_new:
            tell_readers(changed, actor=actor, now=now)
    return desk


def members_of(
    organisation: Organisation, emails: Iterable[str], *, field: str
) -> list[User]:
    """Return the people of these addresses. Raises BadInput for who has no role there."""
    wanted = sorted({email.strip().lower() for email in emails})
    rows = organisation.memberships.filter(
        ended_at=None, user__is_active=True, user__email__in=wanted
    )
    known = {row.user.email: row.user for row in rows.select_related("user")}
    for email in wanted:
        if email not in known:
            remedy = f"Name people who have a role in {organisation}."
            raise BadInput(field, email, remedy)
    return list(known.values())


def _check_takes_all(organisation: Organisation, draft: DeskDraft) -> None:
    if organisation.kind == OrganisationKind.PLATFORM:
        remedy = "The platform's operator reads no reports; name a lab or an agency."
        raise BadInput("organisation", organisation.slug, remedy)
    if not draft.takes_all:
        return
    if not organisation.is_agency:
        remedy = "Only an agency takes the reports for whom nobody was chosen."
        raise BadInput("takes_all", draft.takes_all, remedy)
    others = ReportDesk.objects.filter(takes_all=True).exclude(
        organisation=organisation
    )
    if other := others.select_related("organisation").first():
        remedy = f"{other.organisation} takes them already; end that first."
        raise BadInput("takes_all", draft.takes_all, remedy)


def _set_switches(
    desk: ReportDesk, draft: DeskDraft, actor: Actor, *, is_new: bool
) -> None:
    wanted = {"is_open": draft.is_open, "takes_all": draft.takes_all}
    changes = [
        f"{name} {_yes(value)}"
        for name, value in wanted.items()
        if is_new or getattr(desk, name) != value
    ]
    if not changes:
        return
    desk.is_open, desk.takes_all = draft.is_open, draft.takes_all
    desk.save(update_fields=list(wanted))
    record(
        "config.changed",
        organisation_id=desk.organisation_id,
        actor=actor,
        body={"what": "desk for anonymous reports", "changes": changes},
    )


def _set_handlers(
    organisation: Organisation, people: list[User], actor: Actor, now: datetime
) -> ReadersChanged:
    rows = ReportHandler.objects.filter(organisation=organisation, ended_at=None)
    before = {row.user_id: row for row in rows.select_related("user")}
    wanted = {user.pk for user in people}
    added = [user for user in people if user.pk not in before]
    ended = [row for user_id, row in before.items() if user_id not in wanted]
    for user in added:
        ReportHandler.objects.create(
            organisation=organisation, user=user, granted_at=now
        )
        record_access("access.granted", organisation, user, role=ROLE, actor=actor)
    for row in ended:
        row.ended_at = now
        row.save(update_fields=["ended_at"])
        record_access("access.revoked", organisation, row.user, role=ROLE, actor=actor)
    return ReadersChanged(
        organisation.pk,
        added=[user.pk for user in added],
        ended=[row.user_id for row in ended],
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"
