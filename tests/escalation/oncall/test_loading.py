from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.models import ImportedCalendar, ImportedShift, Override
from escalation.oncall.loading import load_schedules
from escalation.oncall.shifts import shifts, who
from tests.factories import NOW, lab, person, rotation, schedule

pytestmark = pytest.mark.django_db


def load(made, **more):
    key = (made.organisation_id, made.slug)
    return load_schedules([key], **more)[key]


def override(made, *people, start=NOW, end=NOW + timedelta(days=1), **more):
    values = {"mode": "whole", "start_at": start, "end_at": end, **more}
    row = Override.objects.create(
        organisation=made.organisation, schedule=made, **values
    )
    row.people.add(*people)
    return row


def test_plan_has_the_turns_of_the_rows():
    aurora = lab()
    ann, bob, cat = (person(aurora) for _ in range(3))
    made = schedule(aurora, zone="Europe/Berlin")
    rotation(made, [ann, bob], cat, starts_on=date(2026, 11, 16))
    found = shifts(load(made), NOW, NOW + timedelta(days=8))
    assert [shift.people for shift in found] == [
        (ann.pk, bob.pk),
        (cat.pk,),
        (ann.pk, bob.pk),
    ]
    assert str(load(made).zone) == "Europe/Berlin"


def test_layers_stand_in_their_order():
    aurora = lab()
    ann, bob = person(aurora), person(aurora)
    made = schedule(aurora)
    rotation(made, bob, position=2)
    rotation(made, ann, position=1)
    assert who(load(made), NOW) == (bob.pk,)


def test_who_left_the_organisation_is_in_no_plan():
    aurora = lab()
    ann, bob = person(aurora), person(aurora)
    made = schedule(aurora, fallback=bob)
    rotation(made, ann)
    ann.memberships.update(ended_at=NOW)
    assert who(load(made), NOW) == (bob.pk,)


def test_whose_account_is_closed_is_in_no_plan():
    aurora = lab()
    ann = person(aurora)
    made = schedule(aurora, fallback=ann)
    rotation(made, ann)
    type(ann).objects.filter(pk=ann.pk).update(is_active=False)
    assert who(load(made), NOW) == ()


def test_override_counts_until_it_is_taken_back():
    aurora = lab()
    ann, bob = person(aurora), person(aurora)
    made = schedule(aurora)
    rotation(made, ann)
    row = override(made, bob)
    assert who(load(made), NOW) == (bob.pk,)
    row.cancelled_at = NOW
    row.save(update_fields=["cancelled_at"])
    assert who(load(made), NOW) == (ann.pk,)


def test_since_leaves_out_what_was_over():
    aurora = lab()
    made = schedule(aurora)
    override(made, person(aurora), start=NOW - timedelta(days=2), end=NOW)
    assert len(load(made).overrides) == 1
    assert load(made, since=NOW).overrides == ()


def test_imported_shifts_are_the_uppermost_layer():
    aurora = lab()
    ann, bob = person(aurora), person(aurora)
    made = schedule(aurora)
    rotation(made, ann)
    calendar = ImportedCalendar.objects.create(
        organisation=aurora, schedule=made, name="team"
    )
    ImportedShift.objects.create(
        organisation=aurora,
        calendar=calendar,
        user=bob,
        start_at=NOW,
        end_at=NOW + timedelta(hours=1),
    )
    found = shifts(load(made), NOW, NOW + timedelta(hours=2))
    assert [(s.people, s.source) for s in found] == [
        ((bob.pk,), "calendar:team"),
        ((ann.pk,), f"rotation:{made.rotations.get().name}"),
    ]


def test_archived_schedules_and_those_of_others_are_left_out():
    aurora, meridian = lab(), lab()
    schedule(aurora, "old", archived_at=NOW)
    schedule(meridian, "duty")
    keys = [(aurora.pk, "old"), (aurora.pk, "duty"), (aurora.pk, "none")]
    assert load_schedules(keys) == {}


def test_active_hours_are_both_or_none():
    aurora = lab()
    ann = person(aurora)
    made = schedule(aurora)
    rotation(made, ann, active_from=time(22), active_until=time(6))
    assert who(load(made), NOW) == (ann.pk,)
    assert who(load(made), NOW.replace(hour=12)) == ()


def test_loading_takes_as_many_statements_for_one_as_for_three():
    def make():
        organisation = lab()
        ann, bob = person(organisation), person(organisation)
        made = schedule(organisation)
        rotation(made, ann, bob)
        rotation(made, [ann, bob])
        override(made, ann)
        return (organisation.pk, made.slug)

    keys = [make() for _ in range(3)]
    counts = []
    for wanted in (keys[:1], keys):
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert load_schedules(wanted).keys() == set(wanted)
        counts.append(len(caught))
    assert counts == [7, 7]
