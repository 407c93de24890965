import pytest

from escalation.worldfile.export import export_world
from incidents.models import RetentionSchedule
from tests.escalation.worldfile.conftest import SMALL

pytestmark = pytest.mark.django_db

KEEP = """
[[retention_schedules]]
organisation = "aurora"
of = "alerts"
"""


def test_schedule_is_set_changed_and_exported(apply):
    lines = apply(f"{SMALL}{KEEP}keep_days = 365\n").lines
    assert lines[-1] == "~ retention of aurora: alerts 365 days"
    assert apply(export_world()).lines == ()
    assert apply(SMALL + KEEP).lines == ("~ retention of aurora: alerts for ever",)
    assert RetentionSchedule.objects.get().keep_days is None


@pytest.mark.parametrize(
    ("line", "named"), [("keep_days = 7", "keep_days"), ("", "is here twice")]
)
def test_what_cannot_be_is_told(apply, line, named):
    with pytest.raises(Exception, match=named):
        apply(SMALL + KEEP + line + (KEEP if not line else ""))
