import pytest

from escalation.authoring.checking import Checked
from escalation.authoring.editor.draft import change_steps, read_steps
from escalation.authoring.editor.rungs import Ladder
from escalation.authoring.editor.step_forms import STEP_FORMS
from escalation.authoring.surroundings import load_surroundings
from escalation.policies.step_kinds.table import STEP_KINDS
from escalation.policies.steps import parse_policy, to_body
from tests import factories as make

pytestmark = pytest.mark.django_db

WAIT = {"kind": "wait", "minutes": 10}
SEVERE = [{"field": "severity", "op": ">=", "value": 4}]


@pytest.fixture
def there():
    lab = make.lab("aurora")
    make.team(lab, make.person(lab, "duty@aurora.example"))
    make.schedule(lab, slug="primary")
    make.calendar(lab, slug="office")
    make.agency("naisa")
    make.policy(lab, make.wait(5), slug="major")
    return load_surroundings(lab)


def posted(steps, there):
    """Return what a browser would post for these steps: every control's value."""
    ladder = Ladder(there, Checked(None, ())).of(steps)
    return dict(_fields(ladder))


def _fields(ladder):
    for rung in ladder.rungs:
        yield f"{rung.place}:kind", rung.kind
        for part in rung.parts:
            if part.kind == "tick":
                if part.is_on:
                    yield part.name, part.value
            elif part.kind != "words":
                yield part.name, str(part.value)
        for branch in rung.branches:
            yield from _fields(branch)


STEPS = [
    {"kind": "notify", "targets": [{"schedule": "primary"}, {"team": "duty"}]},
    {
        "kind": "notify",
        "targets": [{"user": "duty@aurora.example"}],
        "urgency": "normal",
    },
    {"kind": "wait", "minutes": 90},
    {"kind": "wait", "seconds": 45},
    {"kind": "wait_until", "calendar": "office", "state": "open"},
    {
        "kind": "if",
        "when": [
            *SEVERE,
            {"field": "category", "op": "!=", "value": "WGT"},
            {"field": "label:team", "op": "=~", "value": "red.*"},
            {"field": "calendar", "op": "!=", "value": "office"},
            {"field": "clock", "op": "<", "value": 25},
            {"field": "on_call", "op": "=", "value": "primary"},
        ],
        "then": [
            {"kind": "share", "agency": "naisa"},
            {"kind": "if", "when": SEVERE, "then": [WAIT], "else": [WAIT]},
        ],
        "else": [{"kind": "raise_severity", "to": 4}],
    },
    {"kind": "assign", "target": {"round_robin": "duty"}},
    {"kind": "share", "agency": "naisa"},
    {"kind": "raise_severity", "to": 5},
    {"kind": "decision", "regime": "eu-ai-act-73"},
    {"kind": "repeat", "from": 1, "rounds": 3},
    {"kind": "jump", "policy": "major"},
]


def test_every_kind_of_step_can_be_edited():
    assert set(STEP_FORMS) == set(STEP_KINDS)
    assert {step["kind"] for step in STEPS} == set(STEP_KINDS)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["kind"])
def test_step_that_is_shown_and_posted_comes_back_the_same(there, step):
    steps = [WAIT, step] if step["kind"] == "repeat" else [step]
    assert read_steps(posted(steps, there)) == steps
    assert to_body(parse_policy({"steps": steps}))["steps"] == steps


def test_new_step_of_each_kind_is_shown(there):
    for kind, form in STEP_FORMS.items():
        blank = {"kind": kind, **form.blank(there)}
        assert read_steps(posted([blank], there)) == [blank]


def test_what_is_no_number_stays_to_be_refused(there):
    data = posted([WAIT], there) | {"s.0:amount": "soon"}
    assert read_steps(data) == [{"kind": "wait", "minutes": "soon"}]


def change(steps, command, there, **data):
    focus = change_steps(steps, command, data, there)
    return focus, [step.get("minutes", step["kind"]) for step in steps]


def waits(*minutes):
    return [{"kind": "wait", "minutes": n} for n in minutes]


def test_step_is_added_at_the_end_or_before_another(there):
    steps = waits(1, 2)
    data = {"s:new": "share", "s:at": ""}
    assert change(steps, "add:s", there, **data) == ("s.2", [1, 2, "share"])
    data["s:at"] = "0"
    assert change(steps, "add:s", there, **data) == ("s.0", ["share", 1, 2, "share"])


def test_steps_move_up_and_down_and_stop_at_the_ends(there):
    assert change(waits(1, 2, 3), "up:s.2", there) == ("s.1", [1, 3, 2])
    assert change(waits(1, 2, 3), "down:s.0", there) == ("s.1", [2, 1, 3])
    assert change(waits(1, 2), "up:s.0", there) == ("s.0", [1, 2])
    assert change(waits(1, 2), "down:s.1", there) == ("s.1", [1, 2])


def test_step_is_removed(there):
    assert change(waits(1, 2, 3), "remove:s.1", there) == ("s.0", [1, 3])


def test_step_goes_into_a_new_branch_and_out_again(there):
    steps = waits(1, 2)
    assert change_steps(steps, "indent:s.0", {}, there) == "s.0.then.0"
    assert steps[0] == {"kind": "if", "when": SEVERE, "then": waits(1)}
    assert change_steps(steps, "indent:s.1", {}, there) == "s.0.then.1"
    assert steps == [{"kind": "if", "when": SEVERE, "then": waits(1, 2)}]
    assert change_steps(steps, "outdent:s.0.then.0", {}, there) == "s.1"
    assert steps == [{"kind": "if", "when": SEVERE, "then": waits(2)}, *waits(1)]


def test_step_is_added_to_an_empty_branch(there):
    steps = [{"kind": "if", "when": SEVERE, "then": waits(1)}]
    focus = change_steps(steps, "add:s.0.else", {"s.0.else:new": "wait"}, there)
    assert (focus, steps[0]["else"]) == ("s.0.else.0", [WAIT])


@pytest.mark.parametrize(
    "command",
    ["", "up:s.7", "remove:t.0", "fly:s.0", "up:s.x", "add:s.0.maybe", "add:s.9.then"],
)
def test_command_that_leads_nowhere_does_nothing(there, command):
    steps = waits(1, 2)
    assert change_steps(steps, command, {"s.0.maybe:new": "wait"}, there) == ""
    assert steps == waits(1, 2)
