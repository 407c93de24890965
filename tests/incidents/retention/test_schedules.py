import pytest

from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.events.actor import Actor
from incidents.organisations.models import Organisation
from incidents.retention.models import RetentionSchedule
from incidents.retention.schedules import (
    approve_schedule,
    ask_schedule,
    decline_schedule,
    terms_of,
)
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.lab("aurora")


@pytest.fixture
def two(lab):
    return [make.person(lab, role="approver") for _ in range(2)]


def ask(lab, user, days, of="reports"):
    actor = Actor.of(user, lab)
    return ask_schedule(lab, of=of, keep_days=days, user=user, actor=actor, now=NOW)


def approve(row, user):
    actor = Actor.of(user, row.organisation)
    return approve_schedule(row, user=user, actor=actor, now=NOW)


def test_what_erases_earlier_needs_a_second_person(lab, two):
    row = ask(lab, two[0], 90)
    assert terms_of(lab.pk) == {}
    with pytest.raises(NotAllowed, match="another person"):
        approve(row, two[0])
    approve(row, two[1])
    assert terms_of(lab.pk) == {"reports": 90}
    ask(lab, two[0], 60)
    assert terms_of(lab.pk) == {"reports": 90}


@pytest.mark.parametrize("days", [None, 91])
def test_what_keeps_longer_holds_at_once(lab, two, days):
    approve(ask(lab, two[0], 90), two[1])
    ask(lab, two[0], days)
    assert RetentionSchedule.objects.get().keep_days == days


def test_a_declined_change_changes_nothing(lab, two):
    row = ask(lab, two[0], 90)
    decline_schedule(row, actor=Actor.of(two[1], lab), now=NOW)
    with pytest.raises(NotPossible, match="No change"):
        approve(row, two[1])
    assert terms_of(lab.pk) == {}


@pytest.mark.parametrize(
    ("of", "days", "named"), [("body", 90, "of"), ("reports", 29, "keep_days")]
)
def test_bad_schedules_name_their_field(lab, two, of, days, named):
    with pytest.raises(BadInput) as caught:
        ask(lab, two[0], days, of=of)
    assert caught.value.field == named


def test_the_platform_has_no_schedule(two):
    platform = Organisation.objects.create(slug="op", name="Op", kind="platform")
    with pytest.raises(BadInput, match="organisation"):
        ask(platform, two[0], 90)
