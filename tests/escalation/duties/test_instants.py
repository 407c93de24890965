from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.duties.clocks import look_at
from escalation.duties.instants import (
    anchors_for,
    anchors_of_many,
    choose_anchor,
    withdraw_anchor,
)
from escalation.models import AnchorChoice, AnchorValue
from incidents.errors import BadInput, NotPossible
from incidents.events.feed import timeline
from incidents.events.record import recording
from incidents.incident.lifecycle import lock_incidents
from tests.escalation.duties.duty_world import DORA, HOUR, NIS2, make_duty_world
from tests.factories import NOW


@pytest.fixture
def world(db):
    return make_duty_world()


def test_noted_instant_stands_is_recorded_and_asks_for_a_look(world):
    incident = world.incident()
    value = world.note(incident, NOW - HOUR, reason="shift log")
    assert anchors_for(incident.pk, world.lab.pk, [DORA]) == {
        DORA: {"aware": [NOW - HOUR]}
    }
    [entry] = [e for e in timeline(incident, [world.lab.pk]) if "anchor" in e.kind]
    assert (entry.kind, entry.data) == (
        "anchor.noted",
        {
            "anchor": "aware",
            "what": "Became aware",
            "value": value.pk,
            "at": "2026-11-23T02:00:00.000Z",
            "written": (NOW - HOUR).isoformat(),
            "precision": "exact",
            "source": "the log",
            "reason": "shift log",
        },
    )
    assert world.looked_at() == [(incident.pk, world.lab.pk)]


def test_the_earliest_candidate_counts_until_one_is_chosen_for_a_regime(world):
    incident = world.incident()
    late = world.note(incident, NOW - HOUR)
    world.note(incident, NOW - 2 * HOUR)
    choose_anchor(late, regime_id=DORA, reason="the call", author=world.duty, now=NOW)
    assert anchors_for(incident.pk, world.lab.pk, [DORA, NIS2]) == {
        DORA: {"aware": [NOW - HOUR]},
        NIS2: {"aware": [NOW - 2 * HOUR]},
    }


def test_a_later_choice_takes_the_place_of_the_first_and_both_stay(world):
    incident = world.incident()
    late, early = (world.note(incident, NOW - n * HOUR) for n in (1, 2))
    for value in (late, early):
        choose_anchor(value, regime_id=DORA, reason="x", author=world.duty, now=NOW)
    rows = AnchorChoice.objects.order_by("pk").values_list("value_id", "is_current")
    assert list(rows) == [(late.pk, False), (early.pk, True)]
    kinds = world.kinds(incident, world.lab, "anchor.chosen")
    assert kinds == ["anchor.chosen"] * 2


def test_withdrawn_candidate_counts_no_more_and_stays_in_the_table(world):
    incident = world.incident()
    world.note(incident, NOW - HOUR)
    wrong = world.note(incident, NOW - 2 * HOUR)
    withdraw_anchor(wrong, reason="wrong zone", author=world.duty, now=NOW)
    found = anchors_for(incident.pk, world.lab.pk, [DORA])
    assert found == {DORA: {"aware": [NOW - HOUR]}}
    wrong.refresh_from_db()
    assert (wrong.withdrawn_at, wrong.withdrawn_reason) == (NOW, "wrong zone")
    assert world.kinds(incident, world.lab, "anchor.w") == ["anchor.withdrawn"]


def test_chosen_candidate_is_not_withdrawn(world):
    value = world.note(world.incident(), NOW - HOUR)
    choose_anchor(value, regime_id=DORA, reason="x", author=world.duty, now=NOW)
    with pytest.raises(NotPossible, match=f"counts under {DORA}") as caught:
        withdraw_anchor(value, reason="wrong", author=world.duty, now=NOW)
    assert caught.value.state["chosen_under"] == [DORA]


def test_the_last_instant_of_an_open_clock_is_withdrawn_once_the_right_one_stands(
    world,
):
    incident = world.incident()
    wrong = world.note(incident, NOW - HOUR)
    look_at_clocks(incident, world)
    with pytest.raises(NotPossible, match="Note the right instant first"):
        withdraw_anchor(wrong, reason="wrong", author=world.duty, now=NOW)
    world.note(incident, NOW)
    withdraw_anchor(wrong, reason="wrong", author=world.duty, now=NOW)
    assert anchors_for(incident.pk, world.lab.pk, [NIS2]) == {NIS2: {"aware": [NOW]}}


def look_at_clocks(incident, world):
    with recording(NOW):
        lock_incidents([incident.pk])
        look_at([(incident.pk, world.lab.pk)], now=NOW)


def test_submission_is_not_withdrawn(world):
    value = submitted(world, world.incident(), NOW)
    with pytest.raises(NotPossible, match="Amend the filing"):
        withdraw_anchor(value, reason="wrong", author=world.duty, now=NOW)


def test_candidate_is_withdrawn_once_and_not_chosen_afterwards(world):
    value = world.note(world.incident(), NOW - HOUR)
    withdraw_anchor(value, reason="wrong", author=world.duty, now=NOW)
    with pytest.raises(NotPossible, match="withdrawn already"):
        withdraw_anchor(value, reason="wrong", author=world.duty, now=NOW)
    with pytest.raises(NotPossible, match="withdrawn already"):
        choose_anchor(value, regime_id=DORA, reason="x", author=world.duty, now=NOW)


@pytest.mark.parametrize(
    ("at", "precision", "word"),
    [
        (NOW + timedelta(seconds=1), "exact", "in the future"),
        (NOW - 3 * HOUR, "exact", "before it happened"),
        (NOW - 27 * HOUR, "day", "before it happened"),
    ],
)
def test_instant_that_cannot_be_right_is_refused_unless_confirmed(
    world, at, precision, word
):
    incident = world.incident(occurred_at=NOW - 2 * HOUR)
    with pytest.raises(BadInput, match=word) as caught:
        world.note(incident, at, precision=precision)
    assert caught.value.field == "at"
    assert world.note(incident, at, precision=precision, confirm=True).at == at


@pytest.mark.parametrize("year", [1, 1989, 2029, 9999])
def test_instant_that_no_clock_can_count_from_is_refused_even_if_confirmed(world, year):
    incident = world.incident()
    with pytest.raises(BadInput, match="from 1990-01-01 to 2028-11-23") as caught:
        world.note(incident, NOW.replace(year=year), confirm=True)
    assert caught.value.field == "at"


@pytest.mark.parametrize(
    ("at", "precision"),
    [(NOW, "exact"), (NOW - 2 * HOUR, "exact"), (NOW - 25 * HOUR, "day")],
)
def test_instant_at_the_edges_is_taken(world, at, precision):
    incident = world.incident(occurred_at=NOW - 2 * HOUR)
    assert world.note(incident, at, precision=precision).at == at


def test_what_the_record_says_of_when_it_happened_goes_before_the_report(world):
    incident = world.incident(occurred_at=NOW - 2 * HOUR)
    world.note(incident, NOW - 5 * HOUR, name="occurred")
    assert world.note(incident, NOW - 4 * HOUR).at == NOW - 4 * HOUR
    with pytest.raises(BadInput, match="before it happened"):
        world.note(incident, NOW - 6 * HOUR)


def test_same_instant_from_the_same_source_is_refused_for_people(world):
    incident = world.incident()
    world.note(incident, NOW)
    with pytest.raises(BadInput, match="stands there already"):
        world.note(incident, NOW)
    assert world.note(incident, NOW, source="another log").pk


def test_product_notes_the_same_thing_once(world):
    incident = world.incident()
    first, again = (submitted(world, incident, NOW) for _ in range(2))
    assert first == again
    assert AnchorValue.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": "guessed"}, "name"),
        ({"name": "submitted:"}, "name"),
        ({"name": "submitted:initial"}, "regime"),
        ({"regime_id": DORA}, "regime"),
        ({"source": " "}, "source"),
    ],
)
def test_what_cannot_be_noted_names_its_field(world, more, field):
    with pytest.raises(BadInput) as caught:
        world.note(world.incident(), NOW, **more)
    assert caught.value.field == field


def test_regime_that_is_not_known_is_not_chosen_for(world):
    value = world.note(world.incident(), NOW)
    with pytest.raises(BadInput) as caught:
        choose_anchor(value, regime_id="x", reason="x", author=world.duty, now=NOW)
    assert caught.value.field == "regime"


def test_all_submissions_of_a_regime_count_in_order_and_under_it_alone(world):
    incident = world.incident()
    for hours in (1, 3, 2):
        submitted(world, incident, NOW - hours * HOUR)
    found = anchors_for(incident.pk, world.lab.pk, [DORA, NIS2])
    in_order = [NOW - hours * HOUR for hours in (3, 2, 1)]
    assert found == {DORA: {"submitted:initial": in_order}, NIS2: {}}


def test_what_happens_again_counts_each_time_and_is_not_chosen(world):
    incident = world.incident()
    values = [
        world.note(incident, NOW - hours * HOUR, name="resolved") for hours in (3, 1)
    ]
    found = anchors_for(incident.pk, world.lab.pk, [DORA])
    assert found == {DORA: {"resolved": [NOW - 3 * HOUR, NOW - HOUR]}}
    with pytest.raises(NotPossible, match="Withdraw what is wrong"):
        choose_anchor(values[1], regime_id=DORA, reason="x", author=world.duty, now=NOW)


def test_each_organisation_has_its_own_record(world):
    incident = world.incident()
    world.share(incident)
    world.note(incident, NOW - HOUR)
    world.note(
        incident, NOW - 2 * HOUR, organisation=world.agency, author=world.officer
    )
    assert anchors_for(incident.pk, world.lab.pk, [DORA]) == {
        DORA: {"aware": [NOW - HOUR]}
    }
    assert anchors_for(incident.pk, world.agency.pk, [DORA]) == {
        DORA: {"aware": [NOW - 2 * HOUR]}
    }
    for side in (world.lab, world.agency):
        assert world.kinds(incident, side, "anchor.") == ["anchor.noted"]


def test_records_of_many_take_as_many_statements_as_of_one(world):
    incidents = [world.incident() for _ in range(3)]
    for incident in incidents:
        value = world.note(incident, NOW - HOUR)
        choose_anchor(value, regime_id=DORA, reason="x", author=world.duty, now=NOW)
    with CaptureQueriesContext(connection) as one:
        anchors_of_many([incidents[0].pk])
    with CaptureQueriesContext(connection) as three:
        found = anchors_of_many([incident.pk for incident in incidents])
    assert len(three) == len(one) == 2
    assert set(found) == {(incident.pk, world.lab.pk) for incident in incidents}


def submitted(world, incident, at):
    return world.note(
        incident,
        at,
        name="submitted:initial",
        regime_id=DORA,
        source="FIL-1",
        author=None,
    )
