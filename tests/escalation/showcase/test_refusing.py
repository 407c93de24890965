from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from escalation.models import StatutoryClock
from escalation.showcase.cast import NotPlayable
from escalation.showcase.playing import play_case
from escalation.worldfile.apply import apply_world
from incidents.models import Incident, Organisation
from tests import factories as make
from tests.escalation.showcase.conftest import WORLD
from tests.factories import NOW


def test_case_is_refused_outside_the_demo(demo, settings):
    apply_world(WORLD, now=NOW)
    settings.DEMO = False
    with pytest.raises(CommandError, match="only in the demo"):
        call_command("play_case")
    assert not Incident.objects.exists()


def test_case_is_refused_where_something_happened(demo):
    apply_world(WORLD, now=NOW)
    make.incident(Organisation.objects.get(slug="meridian"))
    with pytest.raises(NotPlayable, match="needs a fresh demo"):
        play_case(NOW)
    assert Incident.objects.count() == 1


def test_case_is_refused_without_its_people(demo):
    with pytest.raises(NotPlayable, match=r"apply demo/world\.toml first"):
        play_case(NOW)


@pytest.mark.parametrize(
    "day", ["2026-12-31T23:59:30+00:00", "2027-03-28T01:30:00+00:00"]
)
def test_case_can_be_played_on_other_days(demo, day):
    now = datetime.fromisoformat(day)
    apply_world(WORLD, now=now - timedelta(seconds=2))
    play_case(now)
    met = StatutoryClock.objects.filter(state="met").values_list("stage", flat=True)
    stages = sorted(stage.partition(":")[0] for stage in met)
    assert stages == ["board", "initial_cybersecurity_breach", "report", "request"]
