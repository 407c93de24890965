from datetime import date, time

import pytest

from escalation.oncall.reading import (
    RotationDraft,
    ScheduleDraft,
    ScheduleError,
    read_schedule,
    schedule_to_body,
)
from escalation.oncall.sentences import describe_rotation

PRIMARY = {
    "name": "Primary",
    "unit": "week",
    "starts_on": "2026-01-05",
    "handoff": "09:00",
    "people": ["Ann@lab.example", ["bob@lab.example", "cat@lab.example"]],
}
NIGHTS = {
    "name": "Nights",
    "every": 2,
    "unit": "day",
    "starts_on": "2026-01-05",
    "handoff": "22:00",
    "ends_on": "2026-06-01",
    "weekdays": ["sat", "sun"],
    "hours": ["22:00", "06:00"],
    "people": ["ann@lab.example"],
}


def body(*rotations, **more):
    return {
        "name": "Duty",
        "zone": "Europe/Berlin",
        "rotations": list(rotations),
        **more,
    }


def test_a_schedule_is_read():
    assert read_schedule(body(PRIMARY, fallback="Dan@lab.example")) == ScheduleDraft(
        name="Duty",
        zone="Europe/Berlin",
        fallback="dan@lab.example",
        rotations=(
            RotationDraft(
                name="Primary",
                unit="week",
                every=1,
                starts_on=date(2026, 1, 5),
                handoff=time(9),
                people=(
                    ("ann@lab.example",),
                    ("bob@lab.example", "cat@lab.example"),
                ),
            ),
        ),
    )


def test_what_is_written_is_read_back():
    draft = read_schedule(body(PRIMARY, NIGHTS, fallback="dan@lab.example"))
    assert read_schedule(schedule_to_body(draft)) == draft


def test_dates_and_times_of_a_file_are_taken():
    toml = {**PRIMARY, "starts_on": date(2026, 1, 5), "handoff": time(9)}
    assert read_schedule(body(toml)) == read_schedule(body(PRIMARY))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "month"}, "rotations[0].unit: 'month' cannot be used; use one of"),
        ({"every": 0}, "rotations[0].every: 0 cannot be used; write a whole number"),
        ({"every": True}, "rotations[0].every: True cannot be used"),
        ({"every": 53}, "rotations[0].every: 53 cannot be used"),
        ({"starts_on": "5.1.2026"}, "rotations[0].starts_on: '5.1.2026' cannot"),
        ({"starts_on": "1066-01-01"}, "rotations[0].starts_on: '1066-01-01' cannot"),
        ({"ends_on": "2026-01-05"}, "rotations[0].ends_on: '2026-01-05' cannot"),
        ({"handoff": "24:00"}, "rotations[0].handoff: '24:00' cannot"),
        ({"hours": ["09:00"]}, "rotations[0].hours: ['09:00'] cannot"),
        ({"weekdays": ["mo"]}, "rotations[0].weekdays[0]: 'mo' cannot"),
        ({"weekdays": []}, "rotations[0].weekdays: [] cannot"),
        ({"people": []}, "rotations[0].people: [] cannot"),
        ({"people": [["ann"]]}, "rotations[0].people[0][0]: 'ann' cannot"),
        ({"people": [[]]}, "rotations[0].people[0]: [] cannot"),
        ({"name": " "}, "rotations[0].name: ' ' cannot"),
        ({"shift": 1}, "rotations[0].shift: 1 cannot be used; leave it out"),
    ],
)
def test_a_rotation_that_cannot_be_used_says_where_and_what_to_do(change, message):
    with pytest.raises(ScheduleError) as caught:
        read_schedule(body({**PRIMARY, **change}))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"zone": "Mars"}, "zone: 'Mars' cannot be used; name a zone"),
        ({"name": ""}, "name: '' cannot be used"),
        ({"fallback": "dan"}, "fallback: 'dan' cannot be used"),
        ({"rotations": {}}, "rotations: {} cannot be used; write a list"),
        ({"rotations": [PRIMARY, PRIMARY]}, "rotations[1].name: 'Primary' cannot"),
        ({"rotations": [PRIMARY] * 21}, "rotations: '21 items' cannot be used"),
        ({"rotations": ["x"]}, "rotations[0].unit: None cannot be used"),
    ],
)
def test_a_schedule_that_cannot_be_used_says_where_and_what_to_do(change, message):
    with pytest.raises(ScheduleError) as caught:
        read_schedule(body(PRIMARY) | change)
    assert str(caught.value).startswith(message)


def test_a_rotation_is_said_in_a_sentence():
    names = {"ann@lab.example": "Ann", "bob@lab.example": "Bob"}
    primary, nights = read_schedule(body(PRIMARY, NIGHTS)).rotations
    assert describe_rotation(primary, names) == (
        "Ann, then Bob and cat@lab.example; changes every week from 2026-01-05 at 09:00"
    )
    assert describe_rotation(nights, names) == (
        "Ann; changes every 2 days from 2026-01-05 at 22:00, until 2026-06-01 at 22:00,"
        " only Sat and Sun, from 22:00 to 06:00"
    )
