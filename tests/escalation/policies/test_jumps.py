import pytest

from escalation.policies.references import check_targets
from escalation.policies.steps import parse_policy
from incidents.errors import BadInput
from tests import factories as make

pytestmark = pytest.mark.django_db


def jump(to):
    return {"kind": "jump", "policy": to}


def refused(lab, *steps, policy="one"):
    with pytest.raises(BadInput) as caught:
        check_targets(lab, parse_policy({"steps": list(steps)}), policy=policy)
    return caught.value.field, caught.value.remedy


def test_jump_that_leads_back_is_refused_with_the_way():
    lab = make.lab()
    make.policy(lab, make.wait(1), jump("one"), slug="three")
    make.policy(lab, make.wait(1), jump("three"), slug="two")
    assert refused(lab, make.wait(1), jump("two")) == (
        "steps[1].policy",
        "It leads in a circle: one → two → three → one.",
    )


def test_jump_to_itself_or_to_nothing_is_refused_also_in_a_branch():
    lab = make.lab()
    when = [{"field": "severity", "op": "=", "value": 5}]
    branch = {"kind": "if", "when": when, "then": [make.wait(1)], "else": [jump("x")]}
    assert refused(lab, branch)[0] == "steps[0].else[0].policy"
    assert refused(lab, jump("one")) == (
        "steps[0].policy",
        "It leads in a circle: one → one.",
    )
