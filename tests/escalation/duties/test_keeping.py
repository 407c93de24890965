"""What laws demand to be kept no schedule announces."""

from datetime import timedelta

import pytest

from escalation.duties.keeping import KEPT_DAYS
from incidents.events.actor import Actor
from incidents.incident.lifecycle import resolve
from incidents.models import AudienceStream
from incidents.retention.announcing import preview
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.lab("aurora")


@pytest.fixture
def incident(lab):
    made = make.incident(lab)
    resolve(made, reason="x", user=None, actor=Actor.system(lab), now=NOW)
    return made


def is_due(lab, *, days):
    return bool(preview(lab.pk, {"reports": 90}, as_of=NOW + timedelta(days=days)))


@pytest.mark.parametrize(
    ("state", "day", "is_kept"),
    [
        ("running", KEPT_DAYS, True),
        ("met", KEPT_DAYS - 1, True),
        ("met", KEPT_DAYS, False),
        ("cancelled", 90, False),
    ],
)
def test_a_duty_keeps_its_incident(lab, incident, state, day, is_kept):
    make.statutory_clock(incident, lab, state=state)
    assert is_due(lab, days=day) is not is_kept


def test_anothers_duty_keeps_only_what_both_read(lab, incident):
    naisa = make.agency("naisa")
    make.statutory_clock(incident, naisa, state="running")
    assert is_due(lab, days=90)
    assert AudienceStream.objects.filter(purpose="pair").count() == 0
