"""An agency's request for information is a clock of the lab, from asking to answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.test import Client

from escalation.duties.clock_rendering import render_duties
from escalation.duties.showing import ShownDuty, shown_duties
from escalation.duties.time_record import record_of
from escalation.filings.inquiries import (
    answer_in_part,
    answer_request,
    request_information,
)
from escalation.filings.request_changes import move_request, withdraw_request
from escalation.loop import fire_due
from escalation.models import (
    AnchorValue,
    Filing,
    FilingRequest,
    LegalProfile,
    Notification,
    StatutoryClock,
)
from incidents.events.feed import timeline
from incidents.incident.lifecycle import merge
from tests import factories as make
from tests.escalation.filings.filing_world import NIS2, FilingWorld, make_filing_world

HOUR = timedelta(hours=1)
DORA = "eu-dora-19"
CHIEF = "chief@aurora.example"


@dataclass
class Asked:
    """A lab whose filing an agency asks about; time moves by hand."""

    world: FilingWorld
    filing: Filing

    def ask(self, due_at: datetime | None = None) -> FilingRequest:
        world = self.world
        asked = request_information(
            world.got(self.filing),
            text=f"Which cluster? ({FilingRequest.objects.count()})",
            due_at=due_at,
            **world.who(world.officer),
        )
        self.run()
        return asked

    def answer(self, asked: FilingRequest) -> None:
        answer_request(asked, text="c1.", **self.world.who(self.world.author))
        self.run()

    def move(self, asked: FilingRequest, due_at: datetime) -> None:
        who = self.world.who(self.world.officer)
        move_request(asked, due_at=due_at, text="The council meets.", **who)
        self.run()

    def withdraw(self, asked: FilingRequest) -> None:
        who = self.world.who(self.world.officer)
        withdraw_request(asked, text="Solved.", **who)
        self.run()

    def forward(self, length: timedelta) -> None:
        self.world.now += length
        self.run()

    def run(self) -> None:
        while fire_due(self.world.now):
            pass

    def clock(self, asked: FilingRequest) -> StatutoryClock:
        return StatutoryClock.objects.get(stage=f"request:{asked.pk}")

    def shown(self) -> ShownDuty:
        """Return the one clock of a request as the lab sees it."""
        side = self.world.lab.pk
        found = shown_duties(self.world.incident.pk, [side], self.world.now)
        [one] = [one for one in found if one.is_request]
        return one

    def kinds(self, *, side: int | None = None) -> list[str]:
        entries = timeline(self.world.incident, [side or self.world.lab.pk])
        return [e.kind for e in entries if "request" in str(e.data.get("stage", ""))]

    def told(self) -> list[tuple[str, str]]:
        """Return what whoever answers for duties was told."""
        rows = Notification.objects.filter(address=CHIEF).order_by("pk")
        return [(row.purpose, row.message["text"]) for row in rows]


@pytest.fixture
def scene(db: None) -> Asked:
    world = make_filing_world()
    chief = make.person(world.lab, CHIEF)
    make.contact(world.lab, chief)
    LegalProfile.objects.create(
        organisation=world.lab,
        regimes={},
        accountable=chief,
        changed_at=world.now,
    )
    found = Asked(world, world.submitted())
    found.run()
    return found


def test_request_is_a_running_clock_of_the_lab_though_its_law_is_not_watched(
    scene: Asked,
):
    due = scene.world.now + 48 * HOUR
    clock = scene.clock(scene.ask(due))

    assert (clock.state, clock.due_operational, clock.regime_id) == (
        "running",
        due,
        NIS2,
    )
    assert (clock.organisation, clock.is_provisional) == (scene.world.lab, False)
    assert clock.citation == f"Safety Agency, request 1 on {scene.filing.ref}"
    assert scene.kinds() == ["clock.duty_started"]


def test_several_requests_have_a_clock_each(scene: Asked):
    first, second = scene.ask(scene.world.now + HOUR), scene.ask()
    scene.answer(second)

    assert (scene.clock(first).state, scene.clock(second).state) == ("running", "met")


def test_answer_meets_it_exactly_at_the_due_instant(scene: Asked):
    asked = scene.ask(scene.world.now + 48 * HOUR)
    scene.world.now += 48 * HOUR
    scene.answer(asked)

    clock = scene.clock(asked)
    assert (clock.state, clock.met_at, clock.met_by) == (
        "met",
        scene.world.now,
        scene.filing.ref,
    )
    shown = scene.shown()
    assert (shown.state_word, shown.late_minutes) == ("answered in time", 0)


def test_answer_after_it_is_late_by_what_passed(scene: Asked):
    asked = scene.ask(scene.world.now + HOUR)
    scene.forward(3 * HOUR)
    assert "clock.breached" in scene.kinds()
    scene.answer(asked)

    shown = scene.shown()
    assert (shown.state_word, shown.late) == ("answered late", 2 * HOUR)


def test_part_of_an_answer_is_no_answer(scene: Asked):
    asked = scene.ask(scene.world.now + HOUR)
    answer_in_part(
        asked, text="The logs follow.", **scene.world.who(scene.world.author)
    )
    scene.run()

    assert scene.clock(asked).state == "running"
    asked.refresh_from_db()
    assert asked.is_open


def test_who_answers_for_duties_is_warned_before_and_after(scene: Asked):
    scene.ask(scene.world.now + 48 * HOUR)
    assert scene.told() == []

    scene.forward(24 * HOUR)
    scene.forward(25 * HOUR)

    [(first, text), (second, late)] = scene.told()
    assert (first, second) == ("clock", "overdue")
    assert "An answer to an authority is due in 1 day" in text
    assert "An answer to an authority is overdue by 1 hour" in late


def test_without_a_date_none_is_made_up_and_it_is_said_at_once_and_daily(scene: Asked):
    asked = scene.ask()
    scene.forward(24 * HOUR)

    clock = scene.clock(asked)
    assert (clock.state, clock.due_operational) == ("no_date", None)
    texts = [text for _, text in scene.told()]
    assert len(texts) == 2
    assert "without undue delay: the authority set no date" in texts[0]


def test_earlier_date_warns_anew_and_the_former_stays_in_the_history(scene: Asked):
    first = scene.world.now + 48 * HOUR
    asked = scene.ask(first)
    scene.forward(24 * HOUR)
    earlier = scene.world.now + HOUR / 2
    scene.move(asked, earlier)

    clock = scene.clock(asked)
    assert (clock.due_operational, clock.moves) == (earlier, 1)
    history = list(clock.due_dates.values_list("due_operational", "reason"))
    assert history == [
        (first, "set by the authority"),
        (earlier, "set by the authority: The council meets."),
    ]
    assert len(scene.told()) == 2
    assert scene.kinds().count("clock.moved") == 1


def test_later_date_ends_the_lateness(scene: Asked):
    asked = scene.ask(scene.world.now + HOUR)
    scene.forward(2 * HOUR)
    scene.move(asked, scene.world.now + 24 * HOUR)
    scene.forward(23 * HOUR)

    shown = scene.shown()
    assert (shown.is_overdue, shown.group) == (False, "Due")


def test_withdrawn_request_warns_no_more(scene: Asked):
    asked = scene.ask(scene.world.now + 48 * HOUR)
    scene.withdraw(asked)
    scene.forward(72 * HOUR)

    clock = scene.clock(asked)
    assert (clock.state, clock.state_reason) == (
        "cancelled",
        "withdrawn by the authority: Solved.",
    )
    assert scene.told() == []


def test_agency_reads_nothing_of_the_labs_clock(scene: Asked):
    scene.ask(scene.world.now + HOUR)
    scene.forward(2 * HOUR)

    assert scene.kinds(side=scene.world.agency.pk) == []
    agency = shown_duties(
        scene.world.incident.pk, [scene.world.agency.pk], scene.world.now
    )
    assert not any(one.is_request for one in agency)


def test_request_counts_under_the_law_of_its_filing_only(scene: Asked):
    scene.ask()

    noted = AnchorValue.objects.get(name="authority_request")
    record = record_of(scene.world.incident.pk, scene.world.lab.pk)
    assert noted.regime_id == NIS2
    assert record.under(NIS2)["authority_request"] == [noted.at]
    assert "authority_request" not in record.under(DORA)


def test_clock_of_a_law_starts_on_request_and_waits_after_its_withdrawal(scene: Asked):
    LegalProfile.objects.update(regimes={NIS2: {}, DORA: {}})
    asked = scene.ask()
    scene.run()
    on_request = StatutoryClock.objects.filter(stage="intermediate")
    started = dict(on_request.values_list("regime_id", "state"))
    scene.withdraw(asked)

    assert started == {NIS2: "no_date", DORA: "waiting"}
    assert on_request.get(regime_id=NIS2).state == "waiting"
    assert AnchorValue.objects.get(name="authority_request").withdrawn_at


def test_withdrawing_one_of_two_requests_of_an_instant_keeps_the_instant(scene: Asked):
    first, _ = scene.ask(), scene.ask()
    scene.withdraw(first)

    assert AnchorValue.objects.get(name="authority_request").withdrawn_at is None


def test_request_is_still_due_when_the_incident_was_merged(scene: Asked):
    asked = scene.ask(scene.world.now + HOUR)
    other = make.incident(scene.world.lab)
    who = scene.world.who(scene.world.author)
    merge(scene.world.incident, into=other, reason="the same", **who)
    scene.run()

    assert scene.clock(asked).state == "running"


def test_api_names_the_request(scene: Asked):
    scene.ask(scene.world.now + HOUR)
    [body] = render_duties([scene.shown()])
    assert (body["filing"], body["state"]) == (scene.filing.ref, "running")
    assert body["name"].endswith(": answer to a request for information")


def test_pages_of_the_lab_lead_to_the_request(scene: Asked, client: Client):
    scene.ask(scene.world.now + HOUR)
    client.force_login(scene.world.author)
    address = scene.filing.get_absolute_url()

    page = client.get(f"/incidents/{scene.world.incident.ref}/duties/")
    listed = client.get("/duties/").content.decode()

    assert f'<a href="{address}">The request, on' in page.content.decode()
    assert f"Safety Agency, request 1 on {scene.filing.ref}" in listed


def test_agencys_list_of_duties_does_not_hold_it(scene: Asked, client: Client):
    scene.ask(scene.world.now + HOUR)
    client.force_login(scene.world.officer)
    listed = client.get("/duties/?state=all").content.decode()
    assert "Answer to a request for information" not in listed
    client.force_login(scene.world.author)
    listed = client.get("/duties/?state=all").content.decode()
    assert "Answer to a request for information" in listed
