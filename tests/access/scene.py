"""One incident with something of every kind on both sides, and who must not see it.

Words that only one side may read begin with `lab-` or `agency-`; `secret-` is for both.
"""

import io
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from escalation.duties.decisions import Judgement
from escalation.duties.decisions import decide as decide_on_duty
from escalation.duties.instants import note_anchor
from escalation.lawbook.editing import RegimeDraft, save_regime
from escalation.lawbook.profile_editing import ProfileDraft, save_profile
from escalation.loop import fire_due
from escalation.models import (
    AnchorValue,
    Clock,
    ContactMethod,
    Extension,
    FeedToken,
    Filing,
    ImportedCalendar,
    NotificationRules,
    Override,
    Policy,
    Route,
    Run,
    Schedule,
    StatutoryClock,
    SwapRequest,
    WorkingCalendar,
)
from escalation.models import (
    Decision as DutyDecision,
)
from escalation.oncall.feeds import make_feed
from escalation.runs.engine import escalate
from incidents.anonymous.cleaning import RawFile
from incidents.events.actor import Actor
from incidents.incident.attachments import store_upload
from incidents.incident.lifecycle import comment
from incidents.incident.shares import share, unshare
from incidents.intake.heartbeats.monitors import HeartbeatDraft, create_heartbeat
from incidents.intake.receive import store_deliveries
from incidents.intake.sources import create_source
from incidents.models import (
    AnonymousReport,
    ApiToken,
    Attachment,
    Delivery,
    DeliveryState,
    Heartbeat,
    Incident,
    Mail,
    Maintenance,
    Membership,
    Organisation,
    Question,
    Silence,
    Source,
    User,
)
from incidents.organisations.tokens import create_token
from incidents.triage.outcomes import Decision, decide
from incidents.triage.questions import request_info
from tests import factories as make
from tests.api_world import client_of
from tests.escalation.lawbook.framework import framework

TITLE = "secret-zanzibar weights at secret-quicksilver"
WORD = "zanzibar"
# What the page of an incident says without being asked to repeat the search.
SHARED_WORDS = ("secret-quicksilver",)
LAB_WORDS = (
    "lab-comment",
    "lab-file",
    "lab-policy",
    "lab-calendar",
    "lab-schedule",
    "lab-import",
    "lab-override",
    "lab-pager",
    "lab-source",
    "lab-heartbeat",
    "lab-silence",
    "lab-maintenance",
    "lab-duty",
    "lab-raw",
    "lab-label",
    "lab-team",
    "lab-route",
    "lab-desk",
    "lab-token",
    "lab-report",
    "lab-mail",
    "lab-anchor",
    "lab-decision",
    "lab-law",
    "lab-filing",
    "lab-extension",
    "lab-hold",
    "Lab Person",
)
AGENCY_WORDS = (
    "agency-comment",
    "agency-file",
    "agency-policy",
    "agency-calendar",
    "agency-schedule",
    "agency-import",
    "agency-override",
    "agency-pager",
    "agency-duty",
    "agency-desk",
    "agency-source",
    "agency-heartbeat",
    "agency-silence",
    "agency-maintenance",
    "agency-route",
    "agency-team",
    "agency-report",
    "agency-mail",
    "agency-anchor",
    "agency-decision",
    "Agency Person",
)


@dataclass(slots=True)
class Side:
    """What one organisation has that is its own."""

    organisation: Organisation
    admin: User
    source: Source
    delivery: Delivery
    policy: Policy
    route: Route
    token: ApiToken
    desk: ContactMethod
    method: ContactMethod
    calendar: WorkingCalendar
    schedule: Schedule
    imported: ImportedCalendar
    override: Override
    swap: SwapRequest
    feed: FeedToken
    rules: NotificationRules
    silence: Silence
    maintenance: Maintenance
    report: AnonymousReport
    mail: Mail
    heartbeat: Heartbeat
    run: Run | None = None
    file: Attachment | None = None


@dataclass(slots=True)
class Scene:
    """The incident, its two sides, and everybody else."""

    incident: Incident
    lab: Side
    agency: Side
    question: Question
    shared_file: Attachment
    clock: Clock
    anchor: AnchorValue
    decision: DutyDecision
    duty_clock: StatutoryClock
    regime_id: str
    filing: Filing
    extension: Extension
    people: dict[str, User] = field(default_factory=dict)
    # An agency that sees one other incident of the lab, and another lab's own.
    other: Incident | None = None

    def unshare(self) -> None:
        unshare(
            self.incident,
            agency=self.agency.organisation,
            reason="over",
            user=None,
            actor=Actor.system(self.incident.organisation),
            now=timezone.now(),
        )

    def visit(self, who: str) -> Client:
        """Return a browser in which this person is signed in."""
        client = Client()
        client.force_login(self.people[who])
        return client

    def call(self, who: str) -> APIClient:
        """Return a client with a token of this person."""
        return client_of(self.people[who])


STRANGERS = (
    "other lab",
    "other agency",
    "agency whose share ended",
    "former member",
    "operator",
    "platform admin",
    "nobody's member",
)


def make_scene() -> Scene:
    """Make everything; requires an empty database."""
    lab = _side(make.lab("aurora", name="Aurora Labs"), "lab", role="admin")
    agency = _side(make.agency("naisa", name="Safety Agency"), "agency", role="admin")
    reporter = _named(
        make.person(lab.organisation, role="staff"), "Lab Person Reporter"
    )
    incident = make.incident(
        lab.organisation,
        now=timezone.now(),
        title=TITLE,
        labels={"team": "lab-label"},
        source_id=lab.source.pk,
        group_key="g",
    )
    people = {
        "staff": reporter,
        "lab admin": lab.admin,
        "officer": make.person(agency.organisation, role="officer"),
        "agency admin": agency.admin,
        **_strangers(lab.organisation, incident),
    }
    _name(people["officer"], "Agency Person Officer")
    _share(incident, agency.organisation)
    question = _work_on(incident, lab, agency, people)
    shared_file = _upload(incident, lab, "secret-file.txt", is_shared=True)
    clock = make.clock(incident, lab.policy)
    duty_clock = make.statutory_clock(incident, lab.organisation)
    _judge(incident, agency, "agency")
    make.hold(lab.organisation, incident, lab.admin, "lab-hold")
    return Scene(
        incident,
        lab,
        agency,
        question,
        shared_file,
        clock,
        *_judge(incident, lab, "lab"),
        duty_clock,
        _write_law(lab),
        make.filing(incident, agency.organisation, lab.admin, "lab-filing"),
        make.extension(duty_clock, lab.admin, "lab-extension"),
        people,
    )


def _judge(
    incident: Incident, side: Side, kind: str
) -> tuple[AnchorValue, DutyDecision]:
    """Have a side note an instant and decide on a law, each for itself."""
    whose: dict[str, Any] = {"organisation": side.organisation, "author": side.admin}
    now = timezone.now()
    anchor = note_anchor(
        incident,
        name="aware",
        written=now.isoformat(),
        at=now,
        precision="exact",
        source=f"{kind}-anchor",
        now=now,
        **whose,
    )
    judgement = Judgement(
        "eu-dora-19", "reportable", f"{kind}-decision", ["major_incident"]
    )
    return anchor, decide_on_duty(incident, judgement, now=now, **whose)


def _write_law(lab: Side) -> str:
    """Give the lab a framework of its own, and a profile that names it."""
    slug = lab.organisation.slug
    owner = {"organisation": lab.organisation}
    actor, now = Actor.system(lab.organisation), timezone.now()
    text = framework(slug).replace("Our Frontier", "lab-law")
    draft = RegimeDraft(text, "lab-law reason")
    row = save_regime(**owner, draft=draft, user=lab.admin, actor=actor, now=now)
    profile = ProfileDraft({row.regime_id: {}}, accountable=lab.admin.email)
    save_profile(**owner, draft=profile, actor=actor, now=now)
    return row.regime_id


def _side(organisation: Organisation, kind: str, *, role: str) -> Side:
    admin = make.person(organisation, f"{kind}-duty@{kind}.example", role=role)
    _name(admin, f"{kind.title()} Person Admin")
    desk = make.contact(organisation, address=f"{kind}-desk@{kind}.example")
    step = make.notify({"user": admin.email}, {"desk": organisation.slug})
    policy = make.policy(organisation, step, make.wait(15), slug=f"{kind}-policy")
    route = make.route(organisation, policy, is_default=True)
    Route.objects.filter(pk=route.pk).update(name=f"{kind}-route")
    make.team(organisation, admin, slug=f"{kind}-team")
    source, _ = create_source(
        organisation,
        tool="generic",
        slug=f"{kind}-source",
        name=f"{kind}-source",
        actor=Actor.system(organisation),
        now=timezone.now(),
    )
    [delivery] = store_deliveries(source, [f"{kind}-raw, not JSON".encode()])
    Delivery.objects.filter(pk=delivery.pk).update(
        state=DeliveryState.UNREADABLE, error=f"{kind}-raw is not JSON"
    )
    token, _ = create_token(admin, name=f"{kind}-token")
    method = make.contact(organisation, admin, slug=f"{kind}-pager")
    return Side(
        organisation,
        admin,
        source,
        delivery,
        policy,
        route,
        token,
        desk,
        method,
        calendar=make.calendar(organisation, slug=f"{kind}-calendar"),
        **_on_call(organisation, admin, kind),
        silence=Silence.objects.create(
            organisation=organisation,
            starts_at=timezone.now(),
            ends_at=timezone.now() + timedelta(hours=9),
            reason=f"{kind}-silence",
            matchers=[{"field": "title", "op": "=", "value": "never"}],
        ),
        heartbeat=create_heartbeat(
            organisation,
            HeartbeatDraft(name=f"{kind}-heartbeat", period_minutes=999),
            slug=f"{kind}-heartbeat",
            actor=Actor.system(organisation),
            now=timezone.now(),
        ),
        maintenance=Maintenance.objects.create(
            organisation=organisation,
            cron="0 0 29 2 *",
            minutes=1,
            reason=f"{kind}-maintenance",
        ),
        rules=make.rules(organisation, admin, normal=[{"method": f"{kind}-pager"}]),
        report=make.anonymous_report(
            make.report_desk(organisation, admin),
            title=f"{kind}-report",
            text=f"{kind}-report text",
            files=[RawFile(b"a note", name="x.txt")],
        ),
        mail=make.held_mail(organisation, f"{kind}-mail"),
    )


def _on_call(organisation: Organisation, admin: User, kind: str) -> dict[str, Any]:
    """Return a schedule in which the administrator is on call, with all it can have."""
    now = timezone.now()
    schedule = make.schedule(organisation, f"{kind}-schedule")
    make.rotation(schedule, admin)
    owned = {"organisation": organisation, "schedule": schedule}
    hours = {"start_at": now, "end_at": now + timedelta(hours=9)}
    override = Override.objects.create(
        **owned, **hours, mode="whole", reason=f"{kind}-override"
    )
    override.people.add(admin)
    feed, _ = make_feed(
        schedule, days=9, user=admin, actor=Actor.of(admin, organisation), now=now
    )
    return {
        "schedule": schedule,
        "imported": ImportedCalendar.objects.create(**owned, name=f"{kind}-import"),
        "override": override,
        "swap": SwapRequest.objects.create(**owned, **hours, asked_by=admin),
        "feed": feed,
    }


def _strangers(lab: Organisation, incident: Incident) -> dict[str, User]:
    other_lab, other_agency = make.lab("meridian"), make.agency("bureau")
    ended = make.agency("ended-agency")
    platform = Organisation.objects.create(slug="op", name="Op", kind="platform")
    _share(incident, ended)
    unshare(
        incident,
        agency=ended,
        reason="over",
        user=None,
        actor=Actor.system(lab),
        now=timezone.now(),
    )
    _share(make.incident(lab, now=timezone.now(), title="Another matter"), other_agency)
    make.incident(other_lab, now=timezone.now(), title="Meridian's own")
    former = make.person(lab, role="admin")
    Membership.objects.filter(user=former).update(ended_at=timezone.now())
    found = {
        "other lab": make.person(other_lab, role="admin"),
        "other agency": make.person(other_agency, role="admin"),
        "agency whose share ended": make.person(ended, role="admin"),
        "former member": former,
        "operator": make.person(platform, role="operator"),
        "platform admin": make.person(platform, role="admin"),
        "nobody's member": User.objects.create_user("alone@nowhere.example"),
    }
    assert tuple(found) == STRANGERS
    return found


def _work_on(
    incident: Incident, lab: Side, agency: Side, people: dict[str, User]
) -> Question:
    """Have both sides comment, attach, page somebody; the agency asks and decides."""
    now = timezone.now()
    for kind, side in (("lab", lab), ("agency", agency)):
        actor = Actor.of(side.admin, side.organisation, role="admin")
        comment(
            incident,
            text=f"{kind}-comment",
            is_shared=False,
            organisation=side.organisation,
            user=side.admin,
            actor=actor,
            now=now,
        )
        side.file = _upload(incident, side, f"{kind}-file.txt", is_shared=False)
        side.run = escalate(
            incident,
            organisation=side.organisation,
            policy=side.policy,
            actor=actor,
            now=now,
        )
    fire_due(now + timedelta(seconds=1))
    officer = people["officer"]
    actor = Actor.of(officer, agency.organisation, role="officer")
    decide(
        incident,
        organisation=agency.organisation,
        decision=Decision(
            outcome="accepted", reason="secret-reason", priority=1, owner=officer
        ),
        user=officer,
        actor=actor,
        now=now,
    )
    return request_info(
        incident,
        organisation=agency.organisation,
        text="secret-question",
        user=officer,
        actor=actor,
        now=now,
    )


def _upload(incident: Incident, side: Side, name: str, *, is_shared: bool) -> Any:
    content = io.BytesIO(f"{name.partition('-')[0]}-note-bytes".encode())
    return store_upload(
        incident,
        SimpleUploadedFile(name, content.read()),
        filename=name,
        organisation=side.organisation,
        is_shared=is_shared,
        user=side.admin,
        actor=Actor.of(side.admin, side.organisation, role="admin"),
        now=timezone.now(),
    )


def _share(incident: Incident, agency: Organisation) -> None:
    share(
        incident,
        agency=agency,
        reason="by hand",
        user=None,
        actor=Actor.system(incident.organisation),
        now=timezone.now(),
    )


def _named(user: User, name: str) -> User:
    _name(user, name)
    return user


def _name(user: User, name: str) -> None:
    user.name = name
    user.save(update_fields=["name"])
