import pytest

from escalation.models import NotificationRules
from escalation.worldfile.export import export_world
from escalation.worldfile.problems import WorldFileInvalid
from tests.escalation.worldfile.conftest import SMALL

DUTY = """
[[contact_methods]]
organisation = "aurora"
person = "duty@aurora.example"
slug = "second-mail"
channel = "email"
address = "second@aurora.example"
verified = true

[[notification_rules]]
organisation = "aurora"
person = "duty@aurora.example"
normal = [{ method = "second-mail", after_minutes = 5 }]
zone = "Europe/Berlin"
quiet = { from = "22:00", to = "07:00", days = ["mon"] }
digest_after = 0
"""


def test_rules_are_written_as_the_file_says(apply):
    lines = apply(SMALL + DUTY).lines
    assert "+ notification rules aurora of duty@aurora.example" in lines
    row = NotificationRules.objects.get()
    assert row.normal == [{"method": "second-mail", "after_minutes": 5}]
    assert row.quiet == {"from": "22:00", "to": "07:00", "days": ["mon"]}
    assert (row.urgent, row.digest_after, row.digest_minutes) == ([], 0, 10)


def test_rules_are_applied_twice_and_exported_without_a_change(apply):
    apply(SMALL + DUTY)
    assert apply(SMALL + DUTY).lines == ()
    assert apply(export_world()).lines == ()


def test_rules_that_changed_are_told_without_when_somebody_sleeps(apply):
    apply(SMALL + DUTY)
    lines = apply(SMALL + DUTY.replace("22:00", "23:00")).lines
    assert lines == ("~ notification rules aurora of duty@aurora.example: changed",)


def test_method_that_the_person_lacks_is_told(apply):
    with pytest.raises(WorldFileInvalid) as error:
        apply(SMALL + DUTY.replace('{ method = "second-mail"', '{ method = "sms"'))
    [problem] = error.value.problems
    assert problem.field.endswith("normal[0].method")
    assert "has no contact method 'sms'" in problem.message
