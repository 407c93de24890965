import pytest

from escalation.models import Schedule
from escalation.oncall.editing import (
    archive_schedule,
    drafts_of,
    read_draft,
    save_schedule,
)
from incidents.errors import BadInput, NotPossible
from incidents.events.feed import read_fields
from incidents.models import Entry
from tests.escalation.oncall.test_reading import NIGHTS, PRIMARY, body
from tests.factories import NOW, lab, notify, policy, wait

WITH = {"people": ["ann@aurora.example", "bob@aurora.example"]}


def save(crew, sent, slug="nights"):
    draft = read_draft(sent)
    return save_schedule(
        crew.lab, draft, slug=slug, actor=crew.actor(crew.admin), now=NOW
    )


def changes():
    entries = Entry.objects.filter(kind="config.changed").order_by("pk")
    return [(f["what"], f["changes"]) for f in read_fields(entries).values()]


def test_a_schedule_is_stored_as_it_is_said(crew):
    sent = body(PRIMARY | WITH, NIGHTS | WITH, fallback="cat@aurora.example")
    made = save(crew, sent)
    assert drafts_of([made])[made.pk] == read_draft(sent)
    assert changes() == [
        (
            "schedule nights saved",
            ["made", "rotation Primary added", "rotation Nights added"],
        )
    ]


def test_saving_the_same_changes_and_records_nothing(crew):
    sent = body(PRIMARY | WITH)
    save(crew, sent)
    rotation = save(crew, sent).rotations.get()
    assert len(changes()) == 1
    assert save(crew, sent).rotations.get() == rotation


def test_a_change_says_which_part_of_which_rotation(crew):
    save(crew, body(PRIMARY | WITH, NIGHTS | WITH))
    changed = NIGHTS | WITH | {"every": 3, "weekdays": ["mon"]}
    save(crew, body(changed, zone="UTC"))
    assert changes()[1] == (
        "schedule nights saved",
        [
            "zone changed",
            "rotation Primary removed",
            "rotation Nights: every, weekdays changed",
        ],
    )


def test_another_order_of_layers_is_a_change(crew):
    save(crew, body(PRIMARY | WITH, NIGHTS | WITH))
    made = save(crew, body(NIGHTS | WITH, PRIMARY | WITH))
    assert changes()[1][1] == ["order of the rotations changed"]
    names = made.rotations.order_by("position").values_list("name", flat=True)
    assert list(names) == ["Nights", "Primary"]


def test_people_of_others_cannot_be_named(crew):
    with pytest.raises(BadInput) as caught:
        save(crew, body(PRIMARY | {"people": ["eve@other.example"]}))
    assert (caught.value.field, caught.value.value) == (
        "rotations[0].people[0]",
        "eve@other.example",
    )
    assert Schedule.objects.count() == 1


def test_what_cannot_be_read_names_field_and_remedy():
    with pytest.raises(BadInput) as caught:
        read_draft(body(PRIMARY, zone="Mars"))
    assert str(caught.value) == (
        "zone: \"'Mars'\" cannot be used. Name a zone of the tz database, "
        "such as Europe/Berlin."
    )


@pytest.mark.parametrize(
    "step",
    [
        notify({"schedule": "duty"}),
        notify({"next_on_call": "duty"}),
        {
            "kind": "if",
            "when": [{"field": "on_call", "op": "=", "value": "duty"}],
            "then": [wait(5)],
        },
    ],
)
def test_a_schedule_is_not_archived_while_a_policy_names_it(crew, step):
    made = policy(crew.lab, step)
    with pytest.raises(NotPossible) as caught:
        archive_schedule(crew.schedule, actor=crew.actor(crew.admin), now=NOW)
    assert caught.value.state == {"policies": [made.name]}
    made.archived_at = NOW
    made.save()
    archive_schedule(crew.schedule, actor=crew.actor(crew.admin), now=NOW)
    assert list(Schedule.objects.in_use()) == []


def test_a_policy_of_another_does_not_keep_a_schedule(crew):
    policy(lab(), notify({"schedule": "duty"}))
    archive_schedule(crew.schedule, actor=crew.actor(crew.admin), now=NOW)
    assert list(Schedule.objects.in_use()) == []


def test_an_archived_schedule_comes_back_when_it_is_saved(crew):
    archive_schedule(crew.schedule, actor=crew.actor(crew.admin), now=NOW)
    assert list(Schedule.objects.in_use()) == []
    draft = drafts_of([crew.schedule])[crew.schedule.pk]
    save_schedule(crew.lab, draft, slug="duty", actor=crew.actor(crew.admin), now=NOW)
    assert list(Schedule.objects.in_use()) == [crew.schedule]
    assert changes() == [
        ("schedule duty archived", [crew.schedule.name]),
        ("schedule duty saved", ["archived_at changed"]),
    ]
