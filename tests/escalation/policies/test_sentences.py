import pytest

from escalation.policies.sentences import describe_plan, describe_step
from escalation.policies.steps import (
    NotifyStep,
    PolicyPlan,
    RepeatStep,
    ShareStep,
    Target,
    WaitStep,
)

TEAM = Target("team", "duty")
USER = Target("user", "ann@aurora.example")
DESK = Target("desk", "naisa")
ADDRESS = Target("webhook", "https://pager.example/secret-key")
CONTACT = Target("webhook", "Night pager")


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (NotifyStep((TEAM,)), "Notify the duty team"),
        (
            NotifyStep((Target("team", "night-team"),)),
            "Notify the night team",
        ),
        (
            NotifyStep((USER, TEAM, DESK)),
            "Notify ann@aurora.example, the duty team and the desk of naisa",
        ),
        (
            NotifyStep((TEAM, ADDRESS)),
            "Notify the duty team and post to the webhook at pager.example",
        ),
        (
            NotifyStep((CONTACT, ADDRESS)),
            "Post to the webhook Night pager and the webhook at pager.example",
        ),
        (WaitStep(900), "Wait 15 minutes"),
        (WaitStep(60), "Wait 1 minute"),
        (WaitStep(5), "Wait 5 seconds"),
        (WaitStep(93_600), "Wait 1 day 2 hours"),
        (ShareStep("naisa"), "Share the incident with naisa"),
        (RepeatStep(1, 3), "Go back to step 1, until 3 rounds are done"),
    ],
)
def test_describe_step(step, sentence):
    assert describe_step(step) == sentence


def test_webhook_address_is_described_without_its_secret():
    assert "secret-key" not in describe_step(NotifyStep((ADDRESS,)))


def test_describe_plan_ends_with_fallback_and_timeout():
    plan = PolicyPlan((NotifyStep((TEAM,)), WaitStep(900)), 90, USER)
    assert describe_plan(plan) == (
        "Notify the duty team",
        "Wait 15 minutes",
        "If nobody acknowledged, tell ann@aurora.example",
        "If it is acknowledged but not resolved after 1 hour 30 minutes, go on paging",
    )


def test_describe_plan_of_a_bare_policy_is_its_steps():
    assert describe_plan(PolicyPlan((WaitStep(60),))) == ("Wait 1 minute",)
