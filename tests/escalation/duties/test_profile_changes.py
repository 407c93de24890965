from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.duties.following import KEEP, keep_records
from escalation.duties.looking import LOOK
from escalation.duties.profile_changes import look_everywhere
from escalation.lawbook.editing import RegimeDraft, save_regime
from escalation.lawbook.profile_editing import (
    PROFILE_CHANGED,
    ProfileDraft,
    save_profile,
)
from escalation.models import AnchorValue, DutyState, StatutoryClock
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.models import Incident, Organisation, Timer
from tests import factories as make
from tests.escalation.duties.duty_world import DutyWorld, make_duty_world
from tests.escalation.lawbook.framework import framework
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def _change_profile(*labs: Organisation) -> list[Timer]:
    for lab in labs:
        draft = ProfileDraft({"us-ca-sb53": {}})
        save_profile(lab, draft, actor=Actor.system(lab), now=NOW)
    return list(Timer.objects.filter(kind=PROFILE_CHANGED))


def _looked_at() -> set[tuple[int | None, int]]:
    rows = Timer.objects.filter(kind=KEEP, due_at=NOW)
    return set(rows.values_list("incident_id", "organisation_id"))


def _resolved(lab: Organisation) -> Incident:
    incident = make.incident(lab, now=NOW)
    Incident.objects.filter(pk=incident.pk).update(status="resolved")
    return incident


def test_open_incidents_of_the_organisation_are_looked_at():
    lab, other = make.lab(), make.lab()
    first, second = make.incident(lab, now=NOW), make.incident(lab, now=NOW)
    make.incident(other, now=NOW)
    timers = _change_profile(lab)
    Timer.objects.filter(kind=KEEP).delete()

    look_everywhere(timers, NOW)

    assert _looked_at() == {(first.pk, lab.pk), (second.pk, lab.pk)}


def test_resolved_incident_is_looked_at_while_it_has_an_open_clock():
    lab = make.lab()
    _resolved(lab)
    clocked = _resolved(lab)
    StatutoryClock.objects.create(
        incident=clocked,
        organisation=lab,
        regime_id="us-ca-sb53",
        regime_digest="0" * 64,
        stage="report",
        state=DutyState.RUNNING,
        started_at=NOW,
    )
    timers = _change_profile(lab)
    Timer.objects.filter(kind=KEEP).delete()

    look_everywhere(timers, NOW)

    assert _looked_at() == {(clocked.pk, lab.pk)}


def test_what_was_known_before_the_profile_is_noted_first():
    lab = make.lab()
    incident = make.incident(lab, now=NOW, aware_at=NOW)
    look_everywhere(_change_profile(lab), NOW)

    with recording(NOW):
        keep_records(list(Timer.objects.filter(kind=KEEP)), NOW)

    [value] = AnchorValue.objects.all()
    assert (value.name, value.at) == ("aware", NOW)
    looks = Timer.objects.filter(kind=LOOK)
    assert [look.incident_id for look in looks] == [incident.pk]


@pytest.mark.parametrize("count", [1, 3])
def test_look_is_asked_for_in_as_many_statements_for_three_as_for_one(count: int):
    labs = [make.lab() for _ in range(count)]
    for lab in labs:
        make.incident(lab, now=NOW)
    timers = _change_profile(*labs)

    with CaptureQueriesContext(connection) as queries:
        look_everywhere(timers, NOW)

    assert len(queries) == 3


def _put_under(world: DutyWorld, *regimes: str) -> None:
    draft = ProfileDraft({name: {} for name in regimes})
    save_profile(world.lab, draft, actor=Actor.system(world.lab), now=NOW)
    world.run()


def _publish(world: DutyWorld, hours: int) -> None:
    draft = RegimeDraft(framework(hours=hours))
    actor = Actor.system(world.lab)
    save_regime(world.lab, draft, user=None, actor=actor, now=NOW)
    world.run()


def _due(incident: Incident, regime: str) -> list[datetime | None]:
    clocks = StatutoryClock.objects.filter(
        incident=incident, regime_id=regime, ended_at=None
    )
    return [clock.due_operational for clock in clocks]


def test_law_that_is_chosen_starts_clocks_of_open_incidents_and_ends_with_the_choice():
    world = make_duty_world()
    incident = world.incident()
    world.note(incident, NOW)
    _publish(world, hours=48)

    _put_under(world, "aurora-framework")
    assert _due(incident, "aurora-framework") == [NOW + timedelta(hours=48)]

    _put_under(world, "us-ca-sb53")
    assert _due(incident, "aurora-framework") == []


def test_new_text_of_a_framework_moves_a_clock_that_nobody_has_decided_upon():
    world = make_duty_world()
    incident = world.incident()
    world.note(incident, NOW)
    _publish(world, hours=48)
    _put_under(world, "aurora-framework")

    _publish(world, hours=24)

    assert _due(incident, "aurora-framework") == [NOW + timedelta(hours=24)]
