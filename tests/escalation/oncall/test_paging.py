"""From a schedule to the people who are paged: the whole way through a run."""

from datetime import timedelta

import pytest

from escalation.loop import fire_due
from escalation.models import Notification
from escalation.oncall.overrides import OverrideDraft, make_override
from escalation.runs.engine import escalate
from incidents.events.actor import Actor
from tests import factories as make
from tests.factories import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def everybody_is_reachable(crew):
    for person in (crew.ann, crew.bob, crew.cat):
        make.contact(crew.lab, person)


def paged(crew, target, *, now=NOW):
    """Escalate along one step and return who is paged."""
    path = make.policy(crew.lab, make.notify(target), make.wait(5))
    escalate(
        make.incident(crew.lab, now=now, severity=4),
        organisation=crew.lab,
        policy=path,
        actor=Actor.system(crew.lab),
        now=now,
    )
    fire_due(now + timedelta(seconds=1))
    rows = Notification.objects.filter(purpose="page").select_related("recipient_user")
    return sorted(row.recipient_user.email for row in rows if row.recipient_user)


def override(crew, person, **more):
    draft = OverrideDraft(
        start_at=NOW - HOUR, end_at=NOW + HOUR, people=[person], **more
    )
    make_override(crew.schedule, draft, **crew.by(crew.admin))


@pytest.mark.usefixtures("everybody_is_reachable")
def test_a_schedule_pages_who_is_on_call(crew):
    assert paged(crew, {"schedule": "duty"}) == [crew.ann.email]


@pytest.mark.usefixtures("everybody_is_reachable")
def test_next_on_call_pages_who_comes_next(crew):
    assert paged(crew, {"next_on_call": "duty"}) == [crew.bob.email]


@pytest.mark.usefixtures("everybody_is_reachable")
def test_an_override_is_paged_instead(crew):
    override(crew, crew.cat)
    assert paged(crew, {"schedule": "duty"}) == [crew.cat.email]


@pytest.mark.usefixtures("everybody_is_reachable")
def test_an_override_that_is_over_pages_nobody(crew):
    override(crew, crew.cat)
    assert paged(crew, {"schedule": "duty"}, now=NOW + HOUR) == [crew.ann.email]


@pytest.mark.usefixtures("everybody_is_reachable")
def test_the_fallback_is_paged_in_a_gap(crew):
    crew.schedule.rotations.all().delete()
    crew.schedule.fallback = crew.cat
    crew.schedule.save(update_fields=["fallback"])
    assert paged(crew, {"schedule": "duty"}) == [crew.cat.email]


@pytest.mark.usefixtures("everybody_is_reachable")
def test_nobody_is_paged_in_a_gap_without_a_fallback(crew):
    crew.schedule.rotations.all().delete()
    assert paged(crew, {"schedule": "duty"}) == []
