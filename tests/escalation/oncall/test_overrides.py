from datetime import timedelta

import pytest

from escalation.models import Override
from escalation.oncall.loading import plans_of
from escalation.oncall.overrides import (
    OverrideDraft,
    cancel_override,
    make_override,
)
from escalation.oncall.shifts import who
from incidents.errors import BadInput, NotPossible
from incidents.models import Entry
from tests.factories import NOW

HOUR = timedelta(hours=1)


def draft(*people, **more):
    return OverrideDraft(
        **{"start_at": NOW, "end_at": NOW + 4 * HOUR, "people": people, **more}
    )


def on_call(crew, at=NOW):
    return who(plans_of([crew.schedule])[crew.schedule.pk], at)


def make(crew, *people, **more):
    return make_override(crew.schedule, draft(*people, **more), **crew.by(crew.admin))


def test_an_override_puts_others_on_call(crew):
    assert on_call(crew) == (crew.ann.pk,)
    make(crew, crew.cat)
    assert on_call(crew) == (crew.cat.pk,)
    assert on_call(crew, NOW + 4 * HOUR) == (crew.ann.pk,)
    assert Entry.objects.filter(kind="config.changed").count() == 1


def test_an_override_of_one_counts_only_where_that_one_is_on_call(crew):
    make(crew, crew.cat, mode="replace", replaces=crew.bob)
    assert on_call(crew) == (crew.ann.pk,)


def test_an_override_to_come_is_taken_back_as_a_whole(crew):
    made = make(crew, crew.cat, start_at=NOW + HOUR)
    cancel_override(made, actor=crew.actor(crew.admin), now=NOW)
    assert on_call(crew, NOW + 2 * HOUR) == (crew.ann.pk,)


def test_an_override_under_way_ends_and_what_was_stays(crew):
    made = make(crew, crew.cat)
    cancel_override(made, actor=crew.actor(crew.admin), now=NOW + HOUR)
    assert on_call(crew, NOW) == (crew.cat.pk,)
    assert on_call(crew, NOW + HOUR) == (crew.ann.pk,)


def test_what_is_over_cannot_be_taken_back(crew):
    made = make(crew, crew.cat)
    cancel_override(made, actor=crew.actor(crew.admin), now=NOW + HOUR)
    with pytest.raises(NotPossible):
        cancel_override(made, actor=crew.actor(crew.admin), now=NOW + 2 * HOUR)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"end_at": NOW}, "end_at"),
        ({"start_at": NOW - 2 * HOUR, "end_at": NOW - HOUR}, "end_at"),
        ({"end_at": NOW + timedelta(days=367)}, "end_at"),
        ({"people": []}, "people"),
        ({"mode": "replace"}, "replaces"),
    ],
)
def test_what_makes_no_override_names_the_field(crew, change, field):
    with pytest.raises(BadInput) as caught:
        make(crew, crew.cat, **change)
    assert caught.value.field == field
    assert Override.objects.count() == 0


def test_nobody_is_replaced_by_themselves(crew):
    with pytest.raises(BadInput) as caught:
        make(crew, crew.ann, mode="replace", replaces=crew.ann)
    assert caught.value.field == "people"
