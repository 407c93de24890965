from datetime import timedelta
from typing import Protocol

import psycopg
import pytest
from django.conf import settings as configured
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern
from django.utils import timezone
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from config.api import api_urls, build_schema
from escalation.filings.drafting import NewFiling, NewRecipient, start_filing
from escalation.lawbook.registry import digest_of
from escalation.models import (
    AnchorValue,
    Decision,
    ImportedCalendar,
    Override,
    RegimeText,
    SwapRequest,
)
from escalation.oncall.feeds import make_feed
from incidents.events.actor import Actor
from incidents.incident.attachments import store_upload
from incidents.intake.heartbeats.monitors import HeartbeatDraft, create_heartbeat
from incidents.intake.receive import store_deliveries
from incidents.intake.sources import create_source
from incidents.models import (
    Erasure,
    Incident,
    Maintenance,
    Membership,
    Organisation,
    RecipientNotice,
    RetentionSchedule,
    Silence,
    User,
)
from incidents.organisations.tokens import create_token
from incidents.problems import CODES
from tests import factories
from tests.api_world import ApiWorld, make_api_world
from tests.escalation.lawbook.framework import framework
from tests.incidents.signatures.signing import with_key

STRANGERS = ("other_lab_admin", "other_agency_admin", "operator", "platform_admin")
# The report itself is not found, so none of its files is looked for.
NO_FILE = "00000000-0000-4000-8000-000000000000"
# Lists of one's own; each must be empty of what belongs to the lab.
LISTS = [
    "incidents",
    "teams",
    "members",
    "policies",
    "routes",
    "sources",
    "heartbeats",
    "holds",
    "erasures",
    "mail",
    "mailboxes",
    "silences",
    "maintenance",
    "contact-methods",
    "schedules",
    "overrides",
    "swaps",
    "imported-calendars",
    "schedule-feeds",
    "triage",
]


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


class Database(Protocol):
    """A database of the test's own."""

    owner_url: str


class Pieces:
    """A bytes source for an attachment."""

    def chunks(self):
        yield b"content"


@pytest.fixture
def objects(api_world: ApiWorld, tmp_path, settings) -> dict[str, dict[str, str]]:
    """One object of the lab of each kind: {viewset's basename: its address's parts}."""
    settings.ATTACHMENTS_DIR = tmp_path
    lab, now = api_world.lab, timezone.now()
    actor = Actor.system(lab)
    incident = api_world.incident(shared=True)
    attachment = store_upload(
        incident,
        Pieces(),
        filename="a.txt",
        organisation=lab,
        user=None,
        is_shared=True,
        actor=actor,
        now=now,
    )
    source, _ = create_source(
        lab, tool="generic", slug="tool", name="Tool", actor=actor, now=now
    )
    [delivery] = store_deliveries(source, [b"{}"])
    policy = factories.policy(lab, factories.notify({"desk": "aurora"}))
    token, _ = create_token(api_world.person("staff"), name="n")
    rules = factories.rules(lab, api_world.person("staff"))
    clock = factories.clock(
        incident, factories.policy(api_world.lab, factories.wait(1))
    )
    under = {
        "ref": incident.ref,
        "uid": str(attachment.uid),
        "seq": "1",
        "act": "filed",
        "clock": str(clock.pk),
        **_duties(incident),
    }
    return {
        **dict.fromkeys(
            [
                f"incident{part}"
                for part in ("", "-action", "-triage", "-file", "-run", "-notification")
            ],
            under,
        ),
        "organisations": {"slug": lab.slug},
        **_custody(incident),
        "filings": {
            "ref": _draft(incident, api_world.person("staff")),
            "key": "1",
            "form": "json",
        },
        "regimes": {"id": _own_regime(lab), "number": "1"},
        "members": {"id": str(Membership.objects.filter(organisation=lab)[0].pk)},
        "tokens": {"id": str(token.pk)},
        "policies": {"id": str(policy.pk), "number": "1"},
        "notification-rules": {"id": str(rules.pk)},
        "routes": {"id": str(factories.route(lab, policy, is_default=True).pk)},
        "sources": {"uid": str(source.uid), "delivery": str(delivery.uid)},
        "contact-methods": {"id": str(factories.contact(lab).pk)},
        "calendars": {"id": str(factories.calendar(lab).pk)},
        **_held(lab),
        **_on_call(api_world),
    }


def _duties(incident: Incident) -> dict[str, str]:
    """Return the parts of the addresses of its legal duties."""
    lab, now = incident.organisation, timezone.now()
    anchor = AnchorValue.objects.create(
        incident=incident, organisation=lab, name="aware", at=now, created_at=now
    )
    decision = Decision.objects.create(
        incident=incident,
        organisation=lab,
        regime_id="eu-nis2-23",
        verdict="undecided",
        decided_by=factories.person(lab),
        decided_at=now,
    )
    clock = factories.statutory_clock(incident, lab)
    extension = factories.extension(clock, decision.decided_by)
    return {
        "anchor": str(anchor.pk),
        "decision": str(decision.pk),
        "extension": str(extension.pk),
    }


def _draft(incident: Incident, author: User) -> str:
    new = NewFiling([NewRecipient("us-ca-sb53", "report", None, "Cal OES")])
    actor = Actor.of(author, incident.organisation)
    filing = start_filing(incident, new, user=author, actor=actor, now=timezone.now())
    return filing.ref


def _custody(incident: Incident) -> dict[str, dict[str, str]]:
    lab, now = incident.organisation, timezone.now()
    user = factories.person(lab, role="approver")
    whose = {"organisation": lab, "incident": incident, "reason": "x"}
    hold = factories.hold(lab, incident, user)
    erasure = Erasure.objects.create(**whose, asked_by=user, asked_at=now)
    schedule = RetentionSchedule.objects.create(organisation=lab, of="reports")
    notice = RecipientNotice.objects.create(
        organisation=lab,
        incident=incident,
        bundle=erasure.uid,
        recipient="x",
        exported_at=now,
        erasure=erasure.uid,
        value_count=1,
        noted_at=now,
    )
    return {
        "holds": {"uid": str(hold.uid)},
        "erasures": {"uid": str(erasure.uid)},
        "retention": {"uid": str(schedule.uid)},
        "recipients": {"uid": str(notice.uid)},
    }


def _own_regime(lab: Organisation) -> str:
    text = framework(lab.slug)
    regime_id = f"{lab.slug}-framework"
    RegimeText.objects.create(
        organisation=lab,
        regime_id=regime_id,
        digest=digest_of(text),
        text=text,
        created_at=timezone.now(),
    )
    return regime_id


def _held(lab: Organisation) -> dict[str, dict[str, str]]:
    now = timezone.now()
    silence = Silence.objects.create(
        organisation=lab, starts_at=now, ends_at=now + timedelta(hours=1), reason="x"
    )
    window = Maintenance.objects.create(
        organisation=lab, cron="0 0 * * *", minutes=1, reason="x"
    )
    heartbeat = create_heartbeat(
        lab,
        HeartbeatDraft(name="x", period_minutes=5),
        slug="x",
        actor=Actor.system(lab),
        now=now,
    )
    desk = factories.report_desk(lab)
    report = factories.anonymous_report(desk)
    return {
        "reports": {"ref": report.ref, "file": NO_FILE},
        "report-desks": {"organisation": desk.organisation.slug},
        "mail": {"mail": str(factories.held_mail(lab).uid), "number": "0"},
        "mailboxes": {"organisation": lab.slug},
        "heartbeats": {"uid": str(heartbeat.uid)},
        "silences": {"uid": str(silence.uid)},
        "maintenance": {"uid": str(window.uid)},
    }


def _on_call(api_world: ApiWorld) -> dict[str, dict[str, str]]:
    lab, person, now = api_world.lab, api_world.person("staff"), timezone.now()
    schedule = factories.schedule(lab)
    owned = {"organisation": lab, "schedule": schedule}
    hours = {"start_at": now, "end_at": now + timedelta(hours=1)}
    feed, _ = make_feed(schedule, days=1, user=person, actor=Actor.system(lab), now=now)
    rows = {
        "schedules": schedule,
        "overrides": Override.objects.create(**owned, **hours, mode="whole"),
        "swaps": SwapRequest.objects.create(**owned, **hours, asked_by=person),
        "imported-calendars": ImportedCalendar.objects.create(**owned, name="x"),
        "schedule-feeds": feed,
    }
    # The platform's, not an organisation's: some of these people see them.
    nowhere = {"uid": "00000000-0000-4000-8000-000000000000"}
    platforms = ("witnesses", "watched-logs", "time-stamp-authorities")
    others = dict.fromkeys(platforms, nowhere)
    others["party-keys"] = {"uid": str(with_key(person, lab).uid)}
    return {name: {"id": str(row.pk)} for name, row in rows.items()} | others


def endpoints() -> list[tuple[str, str, str]]:
    """Return (basename, address with {parts}, method) of every object's endpoints."""
    found = []
    for path, methods in build_schema()["paths"].items():
        prefix = path.removeprefix("/api/v1/").split("/")[0]
        if "{" in path:
            found += [
                (prefix, path, m)
                for m in methods
                if m in ("get", "post", "put", "patch", "delete")
            ]
    return found


@pytest.mark.parametrize("role", STRANGERS)
def test_every_endpoint_of_another_organisations_object_is_not_found(
    api_world: ApiWorld, objects: dict[str, dict[str, str]], role: str
) -> None:
    client = api_world.as_(role)
    answers = {}
    for prefix, path, method in endpoints():
        parts = objects["incident" if prefix == "incidents" else prefix]
        answer = getattr(client, method)(path.format(**parts), {})
        answers[method, path] = (answer.status_code, answer.json()["code"])
    assert len(answers) > 40
    expected = dict.fromkeys(answers, (404, "not_found"))
    assert answers == expected


@pytest.mark.parametrize("role", STRANGERS)
@pytest.mark.parametrize("name", LISTS)
def test_every_list_leaves_out_what_is_another_organisations(
    api_world: ApiWorld, objects: dict[str, dict[str, str]], role: str, name: str
) -> None:
    body = api_world.as_(role).get(f"/api/v1/{name}/").json()
    rows = body["results"] if isinstance(body, dict) else body
    theirs = {row.get("organisation", row.get("lab")) for row in rows}
    own = api_world.person(role).memberships.get().organisation.slug
    assert theirs <= {own}


@pytest.mark.parametrize(
    "name", ["members", "teams", "policies", "routes", "sources", "contact-methods"]
)
def test_configuration_lists_take_as_many_queries_for_three_rows_as_for_one(
    api_world: ApiWorld, name: str
) -> None:
    lab, client, counts = api_world.lab, api_world.as_("admin"), []
    for number in (1, 2, 3):
        person = factories.person(lab)
        factories.team(lab, person, slug=f"team-{number}")
        factories.contact(lab)
        policy = factories.policy(lab, factories.notify({"desk": "aurora"}))
        factories.route(lab, policy, share_with=(api_world.agency,))
        create_source(
            lab,
            tool="generic",
            slug=f"s{number}",
            name="S",
            actor=Actor.system(lab),
            now=timezone.now(),
        )
        client.get(f"/api/v1/{name}/")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/api/v1/{name}/")
        counts.append(len(queries))
    assert counts == [counts[0]] * 3


def test_schema_is_made_without_a_warning_and_is_valid() -> None:
    GENERATOR_STATS.reset()
    document = build_schema()
    assert not GENERATOR_STATS
    validate_schema(document)


def test_schema_names_every_address_of_the_router() -> None:
    addresses = {
        pattern.name for pattern in api_urls() if isinstance(pattern, URLPattern)
    } - {None}
    documented = {
        operation["operationId"]
        for methods in build_schema()["paths"].values()
        for name, operation in methods.items()
        if name != "parameters"
    }
    assert len(documented) >= len(addresses)
    assert (
        build_schema()["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    )


def test_unknown_endpoint_is_a_problem(api_world: ApiWorld) -> None:
    answer = APIClient().get("/api/v1/forecasts/")
    assert (answer.status_code, answer["Content-Type"]) == (
        404,
        "application/problem+json",
    )
    assert answer.json() == {
        "type": "/api/docs/#not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no endpoint /api/v1/forecasts/; /api/docs/ lists them.",
        "code": "not_found",
    }


def test_unknown_method_is_a_problem(api_world: ApiWorld) -> None:
    answer = api_world.as_("staff").put("/api/v1/incidents/", {})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_answers_are_kept_out_of_caches(api_world: ApiWorld) -> None:
    answer = api_world.as_("staff").get("/api/v1/incidents/")
    assert answer["Cache-Control"] == "private, no-store"


def test_schema_and_reference_open_without_signing_in(client, db) -> None:
    schema = client.get("/api/schema/")
    assert schema.json()["info"]["title"] == "Tocsin"
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert "POST /api/v1/incidents/" in page.content.decode()
    assert "<script>" not in page.content.decode()


def test_read_that_cannot_be_recorded_is_refused(world_database: Database) -> None:
    api_world = make_api_world()
    incident = api_world.incident(title="secret")
    with psycopg.connect(world_database.owner_url, autocommit=True) as owner:
        owner.execute(
            f"REVOKE INSERT ON tocsin_read_mark FROM {configured.RUNTIME_ROLE}"
        )
    answer = api_world.as_("staff").get(f"/api/v1/incidents/{incident.ref}/")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"] == "2"
    assert "secret" not in answer.content.decode()


def test_every_problem_code_is_in_the_reference() -> None:
    text = (configured.BASE_DIR / "docs" / "reference" / "api.md").read_text()
    assert [code for code in CODES if f"`{code}`" not in text] == []


def test_database_that_is_gone_is_answered_with_when_to_try_again(
    world_database: Database,
) -> None:
    client = make_api_world().as_("staff")
    connection.close()
    connection.settings_dict["NAME"] = "gone"
    answer = client.get("/api/v1/incidents/")
    ready = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"] == "2"
    assert (ready.status_code, ready.json()["database"]) == (503, "unreachable")
