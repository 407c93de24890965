from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.duties.clocks import look_at
from escalation.duties.handlers import look_through
from escalation.duties.looking import LOOK, REGIME_CHANGED
from escalation.lawbook.registry import digest_of, regimes_of
from escalation.models import AnchorValue, RegimeText, StatutoryClock
from incidents.events.record import recording
from incidents.models import Timer
from tests.escalation.duties.clocks.conftest import DutyWorld

TEXT = """
id = "aurora-framework"
name = "The framework of Aurora"
jurisdiction = "Aurora"
act = "Framework"
article = "4"
source_url = "https://aurora.example/framework"
verified_on = 2026-11-23
basis = "statute"
status = "{status}"
zone = "Europe/Brussels"
calendar = "BE"
scope = "Aurora"

[[limbs]]
id = "any"
text = "anything at all"
citation = "4.1"

[[stages]]
id = "report"
name = "Report"
trigger = "It happened."
recipient = "The board"
citation = "4.2"
basis = "statute"
terms = [{{ start = ["aware"], length = {hours}, unit = "hours" }}]
"""
OWN = "aurora-framework"


def lay_down(world: DutyWorld, hours: int, status: str = "in_force") -> str:
    """Make a text of the lab's own framework the current one."""
    text = TEXT.format(hours=hours, status=status)
    RegimeText.objects.filter(organisation=world.lab).update(is_current=False)
    RegimeText.objects.create(
        organisation=world.lab,
        regime_id=OWN,
        digest=digest_of(text),
        text=text,
        created_at=world.now,
    )
    return digest_of(text)


def change_law(world: DutyWorld, hours: int) -> str:
    digest = lay_down(world, hours)
    Timer.objects.create(
        kind=REGIME_CHANGED,
        subject_id=0,
        organisation=world.lab,
        due_at=world.now,
        payload={"regime": OWN},
    )
    world.run()
    return digest


def statements(world: DutyWorld, count: int) -> int:
    """Return how many statements a first look at so many incidents takes."""
    incidents = [world.open() for _ in range(count)]
    AnchorValue.objects.bulk_create(
        AnchorValue(
            incident=incident,
            organisation=world.lab,
            name="aware",
            at=world.now - timedelta(hours=20),
            written="20 hours ago",
            source="the duty officer",
            created_at=world.now,
        )
        for incident in incidents
    )
    places = [(incident.pk, world.lab.pk) for incident in incidents]
    with (
        CaptureQueriesContext(
            connection,
        ) as captured,
        recording(world.now),
    ):
        look_at(places, now=world.now)
    return len(captured)


def test_statements_grow_neither_with_incidents_nor_with_clocks(world):
    world.watch("eu-nis2-23")
    statements(world, 1)
    one = statements(world, 1)

    world.watch("eu-nis2-23", "eu-gdpr-33", "eu-ai-act-73", "us-ca-sb53")
    many = statements(world, 5)

    assert many == one
    assert StatutoryClock.objects.count() > 40


def test_a_changed_law_moves_what_is_undecided_and_leaves_what_is_decided(
    world,
):
    old = lay_down(world, 48)
    world.watch(OWN)
    undecided, decided = world.open(), world.open()
    for incident in (undecided, decided):
        world.note(incident, "aware")
    world.decide(decided, OWN, "reportable", ["any"])

    new = change_law(world, 24)

    moved = world.clock("report", incident=undecided)
    kept = world.clock("report", incident=decided)
    assert moved.regime_digest == new
    assert moved.due_operational == world.now + timedelta(hours=24)
    assert moved.due_dates.last().reason == "by the law's newer text"
    assert kept.regime_digest == old
    assert kept.due_operational == world.now + timedelta(hours=48)
    assert kept.due_dates.count() == 1


def test_what_starts_later_goes_by_the_newer_text(world):
    lay_down(world, 48)
    world.watch(OWN)
    new = change_law(world, 24)
    incident = world.open()

    world.note(incident, "aware")

    assert world.clock("report").regime_digest == new
    assert regimes_of(world.lab.pk)[OWN].digest == new


def test_a_changed_law_asks_once_for_each_incident_of_its_open_clocks(
    world,
):
    world.watch("eu-nis2-23")
    incidents = [world.open() for _ in range(3)]
    for incident in incidents:
        world.note(incident, "aware")
    timer = Timer(
        kind=REGIME_CHANGED,
        subject_id=0,
        organisation=world.lab,
        payload={"regime": "eu-nis2-23"},
    )

    look_through([timer], world.now)

    asked = Timer.objects.filter(kind=LOOK).order_by("incident")
    assert list(asked.values_list("incident", flat=True)) == [i.pk for i in incidents]


def test_a_text_that_comes_into_effect_starts_clocks_of_open_incidents(
    world, monkeypatch
):
    monkeypatch.setattr("escalation.duties.handlers.BATCH", 1)
    lay_down(world, 48, "pending")
    world.watch(OWN)
    incidents = [world.open() for _ in range(3)]
    for incident in incidents:
        world.note(incident, "aware")
    assert not StatutoryClock.objects.exists()

    change_law(world, 24)

    started = StatutoryClock.objects.filter(stage="report")
    assert {clock.incident_id for clock in started} == {i.pk for i in incidents}
