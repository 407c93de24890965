"""Builds the least valid object of each kind; a test names only what matters to it."""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from escalation.filings.drafting import NewFiling, NewRecipient, start_filing
from escalation.lawbook.registry import regimes_of
from escalation.models import (
    Clock,
    ContactMethod,
    Extension,
    Filing,
    NotificationRules,
    Participant,
    Policy,
    PolicyVersion,
    Rotation,
    Route,
    Schedule,
    StatutoryClock,
    WorkingCalendar,
)
from escalation.notifications.rule_reading import read_rules, rules_to_body
from incidents.anonymous.desks import DeskDraft, save_desk
from incidents.anonymous.form_tokens import code_of, once_of
from incidents.anonymous.receiving import NewReport, receive_report
from incidents.custody.holds import place_hold
from incidents.events.actor import Actor
from incidents.incident.opening import NewIncident, open_incident
from incidents.mail.addresses import Addressee
from incidents.mail.mailboxes import MailboxDraft, save_mailbox
from incidents.mail.process import process_next_mail
from incidents.mail.storing import store_mail
from incidents.models import (
    AnonymousReport,
    Hold,
    Incident,
    Mail,
    Mailbox,
    Membership,
    Organisation,
    ReportDesk,
    Team,
    User,
)

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

_numbers = itertools.count(1)


def lab(slug: str = "", **more: Any) -> Organisation:
    return _organisation("lab", slug, more)


def agency(slug: str = "", **more: Any) -> Organisation:
    return _organisation("agency", slug, more)


def platform(slug: str = "", **more: Any) -> Organisation:
    return _organisation("platform", slug, more)


def _organisation(kind: str, slug: str, more: dict[str, Any]) -> Organisation:
    slug = slug or f"{kind}-{next(_numbers)}"
    name = more.pop("name", slug.replace("-", " ").title())
    return Organisation.objects.create(slug=slug, kind=kind, name=name, **more)


def person(
    organisation: Organisation, email: str = "", *, role: str = "responder"
) -> User:
    email = email or f"person-{next(_numbers)}@{organisation.slug}.example"
    user = User.objects.filter(email=email).first() or User.objects.create_user(email)
    Membership.objects.create(organisation=organisation, user=user, role=role)
    return user


def team(organisation: Organisation, *members: User, slug: str = "duty") -> Team:
    made = Team.objects.create(organisation=organisation, slug=slug, name=slug)
    made.members.add(*members)
    return made


def contact(
    organisation: Organisation,
    user: User | None = None,
    *,
    channel: str = "email",
    address: str = "",
    is_verified: bool = True,
    **more: Any,
) -> ContactMethod:
    number = next(_numbers)
    address = address or (user.email if user else f"desk-{number}@example.org")
    return ContactMethod.objects.create(
        organisation=organisation,
        user=user,
        slug=more.pop("slug", f"{channel}-{number}"),
        channel=channel,
        address=address,
        verified_at=NOW if is_verified else None,
        **more,
    )


def calendar(
    organisation: Organisation, *, slug: str = "", **more: Any
) -> WorkingCalendar:
    slug = slug or f"calendar-{next(_numbers)}"
    days = ("mon", "tue", "wed", "thu", "fri")
    values = {
        "zone": "UTC",
        "hours": {day: [["09:00", "17:00"]] for day in days},
        **more,
    }
    return WorkingCalendar.objects.create(
        organisation=organisation, slug=slug, name=slug, **values
    )


def schedule(organisation: Organisation, slug: str = "", **more: Any) -> Schedule:
    slug = slug or f"schedule-{next(_numbers)}"
    values = {"name": slug, "zone": "UTC", **more}
    return Schedule.objects.create(organisation=organisation, slug=slug, **values)


def rotation(
    schedule: Schedule, *turns: User | Sequence[User], **more: Any
) -> Rotation:
    """Add a layer; each turn is a person or several who are on call together."""
    values = {
        "position": schedule.rotations.count() + 1,
        "name": f"rotation-{next(_numbers)}",
        "unit": "week",
        "every": 1,
        "starts_on": date(2026, 1, 5),
        "handoff_at": time(9),
        "weekdays": list(range(7)),
        **more,
    }
    owner = schedule.organisation
    made = Rotation.objects.create(organisation=owner, schedule=schedule, **values)
    for number, turn in enumerate(turns):
        for user in [turn] if isinstance(turn, User) else turn:
            Participant.objects.create(
                organisation=owner, rotation=made, turn=number, user=user
            )
    return made


def rules(organisation: Organisation, user: User, **body: Any) -> NotificationRules:
    return NotificationRules.objects.create(
        organisation=organisation, user=user, **rules_to_body(read_rules(body))
    )


def policy(
    organisation: Organisation, *steps: dict[str, Any], slug: str = "", **body: Any
) -> Policy:
    slug = slug or f"policy-{next(_numbers)}"
    made = Policy.objects.create(organisation=organisation, slug=slug, name=slug)
    PolicyVersion.objects.create(
        policy=made,
        organisation=organisation,
        number=1,
        body={"steps": list(steps), **body},
    )
    return made


def notify(*targets: dict[str, str]) -> dict[str, Any]:
    return {"kind": "notify", "targets": list(targets)}


def wait(minutes: int) -> dict[str, Any]:
    return {"kind": "wait", "minutes": minutes}


def route(
    organisation: Organisation,
    to: Policy | None,
    *matchers: dict[str, Any],
    share_with: tuple[Organisation, ...] = (),
    is_default: bool = False,
) -> Route:
    position = Route.objects.filter(organisation=organisation).count() + 1
    made = Route.objects.create(
        organisation=organisation,
        position=position,
        name=f"route {position}",
        matchers=list(matchers),
        policy=to,
        is_default=is_default,
    )
    made.share_with.add(*share_with)
    return made


def incident(
    organisation: Organisation,
    *,
    now: datetime = NOW,
    reported_by: User | None = None,
    **more: Any,
) -> Incident:
    values = {"title": "Weights copied", "category": "WGT", "severity": 3, **more}
    actor = (
        Actor.of(reported_by, organisation)
        if reported_by
        else Actor.source(organisation, name="tests")
    )
    new = NewIncident(
        organisation_id=organisation.pk, reported_by=reported_by, **values
    )
    return open_incident(new, actor=actor, now=now)


def filing(
    incident: Incident, agency: Organisation, author: User, answer: str = "Yes."
) -> Filing:
    """Return a draft for an agency, every field of it answered alike."""
    made = start_filing(
        incident,
        NewFiling([NewRecipient("eu-nis2-23", "early_warning", agency)]),
        user=author,
        actor=Actor.of(author, incident.organisation),
        now=incident.opened_at,
    )
    version = made.versions.get()
    version.sections = [{**row, "answer": answer} for row in version.sections]
    version.save(update_fields=["sections"])
    return made


def extension(clock: StatutoryClock, author: User, reason: str = "x") -> Extension:
    """Return an extension that is recorded, and not confirmed."""
    return Extension.objects.create(
        clock=clock,
        organisation=clock.organisation,
        number=1,
        series=1,
        granted_by="the Attorney General",
        citation="Item 1.05(c)",
        suspends=True,
        days=30,
        most_days=30,
        state="recorded",
        reason=reason,
        determined_on=clock.started_at.date(),
        author=author,
        created_at=clock.started_at,
    )


def clock(
    incident: Incident, policy: Policy, *, what: str = "resolve_by", **more: Any
) -> Clock:
    """Return a clock that runs; it starts when the incident was opened."""
    minutes = more.pop("minutes", 60)
    return Clock.objects.create(
        incident=incident,
        organisation=policy.organisation,
        version=policy.versions.latest("number"),
        what=what,
        side="own",
        severity=incident.severity,
        minutes=minutes,
        started_at=incident.opened_at,
        due_at=incident.opened_at + timedelta(minutes=minutes),
        **more,
    )


def statutory_clock(
    incident: Incident, organisation: Organisation, **more: Any
) -> StatutoryClock:
    """Return a clock of a decided duty that runs, 24 hours from the opening."""
    regime_id = more.get("regime_id", "eu-nis2-23")
    values = {
        "regime_id": regime_id,
        "regime_digest": regimes_of(organisation.pk)[regime_id].digest,
        "stage": "early_warning",
        "state": "running",
        "anchor": "aware",
        "counted_from": incident.opened_at,
        "due_operational": incident.opened_at + timedelta(hours=24),
        "rule": "24 hours from aware",
        "citation": "Article 23(4)(a)",
        "started_at": incident.opened_at,
        **more,
    }
    return StatutoryClock.objects.create(
        incident=incident, organisation=organisation, **values
    )


def report_desk(organisation: Organisation, *handlers: User, **more: Any) -> ReportDesk:
    """Have the organisation take anonymous reports; these people read them."""
    return save_desk(
        organisation,
        DeskDraft(handlers=[user.email for user in handlers], **more),
        actor=Actor.system(organisation),
        now=NOW,
    )


def anonymous_report(
    desk: ReportDesk, *, code: str = "", now: datetime = NOW, **more: Any
) -> AnonymousReport:
    number = f"form-{next(_numbers)}".encode()
    values = {"title": "a title", "text": "a text", **more}
    new = NewReport(
        desk=desk, code=code or code_of(number), once=once_of(number), **values
    )
    return receive_report(new, now=now)


def mailbox(organisation: Organisation, **more: Any) -> Mailbox:
    """Have the organisation take mail."""
    actor = Actor.system(organisation)
    return save_mailbox(organisation, MailboxDraft(**more), actor=actor, now=NOW)


def held_mail(
    organisation: Organisation, subject: str = "Help", *, now: datetime = NOW
) -> Mail:
    """Have a stranger write to the organisation. Requires that no other mail waits."""
    if not Mailbox.objects.filter(organisation=organisation).exists():
        mailbox(organisation)
    number = next(_numbers)
    raw = (
        f"From: Eve <eve@stranger.example>\r\nSubject: {subject}\r\n"
        f"Message-ID: <{number}@stranger.example>\r\n\r\nText of {subject}.\r\n"
    ).encode()
    addressee = Addressee(organisation.pk)
    [stored] = store_mail(
        [addressee], raw, envelope_from="eve@stranger.example", now=now
    )
    assert process_next_mail(now)
    return Mail.objects.get(pk=stored.pk)


def hold(
    organisation: Organisation, on: Incident | User, user: User, matter: str = "x"
) -> Hold:
    """Place a legal hold now."""
    actor, now = Actor.of(user, organisation), timezone.now()
    return place_hold(
        organisation,
        on=on,
        matter=matter,
        reason=matter,
        user=user,
        actor=actor,
        now=now,
    )
