from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.notifications.rule_reading import (
    RulesError,
    describe_contacts,
    describe_held,
    read_rules,
    rules_to_body,
)
from escalation.notifications.rules import Contact, PlannedContact, Rules

AT = datetime(2026, 3, 10, 23, 0, tzinfo=UTC)
WHOLE = {
    "normal": [
        {"method": "mail", "after_minutes": 0},
        {"method": "sms", "after_minutes": 5},
    ],
    "urgent": [{"method": "sms", "after_minutes": 0}],
    "zone": "Europe/Berlin",
    "quiet": {"from": "22:00", "to": "07:00", "days": ["mon", "sun"]},
    "digest_after": 3,
    "digest_minutes": 15,
}


def test_rules_are_written_as_they_are_read():
    assert rules_to_body(read_rules(WHOLE)) == WHOLE


def test_nothing_said_is_the_default():
    assert read_rules({}) == Rules()


def test_lines_are_in_the_order_of_their_delays():
    lines = [{"method": "sms", "after_minutes": 5}, {"method": "mail"}]
    assert read_rules({"normal": lines}).normal == (
        Contact("mail", 0),
        Contact("sms", 5),
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"normal": "mail"}, "normal"),
        ({"normal": [{"method": ""}]}, "normal[0].method"),
        ({"normal": [{"method": "a", "now": 1}]}, "normal[0]"),
        ({"normal": [{"method": "a"}, {"method": "a"}]}, "normal[1].method"),
        (
            {"normal": [{"method": "a", "after_minutes": 121}]},
            "normal[0].after_minutes",
        ),
        (
            {"normal": [{"method": "a", "after_minutes": True}]},
            "normal[0].after_minutes",
        ),
        ({"urgent": [{"method": "a", "after_minutes": 1}]}, "urgent[0].after_minutes"),
        ({"zone": "Berlin"}, "zone"),
        ({"quiet": []}, "quiet"),
        ({"quiet": {"from": "22:00", "to": "7"}}, "quiet.to"),
        ({"quiet": {"from": "22:00", "to": "22:00"}}, "quiet.to"),
        ({"quiet": {"from": "22:00", "to": "07:00", "days": ["monday"]}}, "quiet.days"),
        ({"quiet": {"from": "22:00", "to": "07:00", "days": [["mon"]]}}, "quiet.days"),
        ({"digest_after": -1}, "digest_after"),
        ({"digest_minutes": 0}, "digest_minutes"),
    ],
)
def test_what_cannot_be_used_is_named_with_a_remedy(body, field):
    with pytest.raises(RulesError) as error:
        read_rules(body)
    assert error.value.field == field
    assert error.value.remedy.endswith(".")


def test_contacts_are_said_in_words():
    held = (AT + timedelta(hours=7)).astimezone(ZoneInfo("Europe/Berlin"))
    contacts = [
        PlannedContact("mail"),
        PlannedContact("sms", 300),
        PlannedContact("pager", 0, held),
    ]
    labels = {"mail": "E-mail", "sms": "SMS", "pager": "Signed webhook"}
    assert describe_contacts(contacts, labels, at=AT) == (
        "E-mail at once, SMS after 5 min, Signed webhook at 07:00 CET"
    )
    assert describe_contacts([], labels, at=AT) == "nowhere: no address is verified"


def test_instant_of_another_day_names_the_day():
    held = (AT + timedelta(hours=30)).astimezone(ZoneInfo("Europe/Berlin"))
    assert describe_held(held, at=AT) == "Thu 06:00 CET"
