import pytest

from escalation.worldfile.export import export_world
from escalation.worldfile.problems import WorldFileInvalid
from incidents.models import Heartbeat
from tests.escalation.worldfile.conftest import SMALL

BACKUP = """
[[heartbeats]]
organisation = "aurora"
slug = "backup"
name = "Nightly backup"
cron = "0 2 * * *"
zone = "Europe/Berlin"
grace_minutes = 30
severity = 3
"""


def test_a_heartbeat_is_written_as_the_file_says(apply):
    lines = apply(SMALL + BACKUP).lines
    assert "+ heartbeat aurora/backup (Nightly backup)" in lines
    made = Heartbeat.objects.get()
    assert (made.cron, made.zone, made.severity) == ("0 2 * * *", "Europe/Berlin", 3)


def test_a_heartbeat_is_applied_twice_and_exported_without_a_change(apply):
    apply(SMALL + BACKUP)
    assert apply(SMALL + BACKUP).lines == ()
    assert apply(export_world()).lines == ()


def test_a_heartbeat_that_changed_is_told(apply):
    apply(SMALL + BACKUP)
    lines = apply(SMALL + BACKUP.replace("= 30", "= 45")).lines
    assert lines == ("~ heartbeat aurora/backup: grace_minutes 30 → 45",)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (BACKUP.replace("0 2 * * *", "0 2 * *"), "cron"),
        (BACKUP.replace("Europe/Berlin", "Mars"), "zone"),
        (BACKUP.replace('cron = "0 2 * * *"\n', ""), "period_minutes"),
    ],
)
def test_a_rhythm_that_cannot_be_used_is_told_at_its_field(apply, wrong, field):
    with pytest.raises(WorldFileInvalid) as caught:
        apply(SMALL + wrong)
    assert f"heartbeats[0].{field}" in str(caught.value)
