import pytest

from escalation.authoring.editor.frame import clock_parts, frame_parts, read_frame
from escalation.authoring.surroundings import load_surroundings
from escalation.policies.steps import parse_policy, to_body
from tests import factories as make

pytestmark = pytest.mark.django_db

LABELS = ("1", "2")
FRAMES = [
    {},
    {"acknowledgement": {"mode": "quorum", "count": 3}},
    {
        "acknowledgement": {
            "mode": "each",
            "of": [
                {"role": "responder"},
                {"organisation": "naisa"},
                {"role": "officer", "organisation": "naisa"},
            ],
        }
    },
    {"ack_timeout_minutes": 30, "promise_minutes": 15, "fallback": {"team": "duty"}},
    {"clocks": [{"what": "resolve_by", "minutes": 240}]},
    {
        "clocks": [
            {
                "what": "triage_by",
                "minutes": 60,
                "side": "other",
                "severity": [4, 5],
                "calendar": "office",
                "warn": [{"percent": 75}, {"percent": 90}, {"minutes_before": 10}],
                "on_breach": [
                    {"go_to": "2"},
                    {"raise_severity": 5},
                    {"notify_role": "approver"},
                ],
                "pause_while_asked": True,
            },
            {"what": "acknowledge_by", "minutes": 15},
        ]
    },
]


@pytest.fixture
def there():
    lab = make.lab("aurora")
    make.team(lab)
    make.calendar(lab, slug="office")
    make.agency("naisa")
    return load_surroundings(lab)


def posted(body, there):
    rows = [*frame_parts(body, there), *clock_parts(body, there, LABELS)]
    return {
        part.name: str(part.value)
        for row in rows
        for part in row.parts
        if part.kind != "words" and (part.kind != "tick" or part.is_on)
    }


@pytest.mark.parametrize("frame", FRAMES)
def test_frame_that_is_shown_and_posted_comes_back_the_same(there, frame):
    steps = [make.wait(5), make.wait(5)]
    assert to_body(parse_policy({"steps": steps, **frame})) == {"steps": steps, **frame}
    assert read_frame(posted(frame, there)) == frame


def test_clock_that_is_chosen_begins_with_an_hour(there):
    data = posted({}, there) | {"frame:clock.0:what": "resolve_by"}
    assert read_frame(data) == {"clocks": [{"what": "resolve_by", "minutes": 60}]}


def test_what_is_taken_out_is_gone(there):
    data = posted(FRAMES[5], there) | {"frame:clock.0:what": ""}
    assert read_frame(data) == {"clocks": [{"what": "acknowledge_by", "minutes": 15}]}
