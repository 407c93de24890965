import pytest
from django.urls import reverse

from escalation.models import PolicyVersion, SecondPersonRule
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def aurora():
    return make.lab("aurora")


@pytest.fixture
def proposal(aurora):
    policy = make.policy(aurora, make.wait(5), slug="night")
    return policy.versions.create(
        organisation=aurora,
        number=2,
        body={"steps": [make.wait(10)]},
        state="proposed",
        reason="more time",
        made_by=make.person(aurora, "author@aurora.example", role="admin"),
    )


def detail(client, version, number=2):
    url = reverse("policy-detail", args=[version.policy_id])
    return client.get(url, {"version": number})


def post(client, name, version, **sent):
    return client.post(reverse(name, args=[version.policy_id, version.number]), sent)


def test_policy_is_shown_as_in_force_while_a_version_waits(client, proposal):
    client.force_login(make.person(proposal.organisation, role="approver"))
    context = client.get(reverse("policy-detail", args=[proposal.policy_id])).context
    assert (context["version"].number, context["decision"]) == (1, None)
    assert [
        (v["number"], v["state"], v["is_current"]) for v in context["versions"]
    ] == [
        (2, "proposed", False),
        (1, "approved", True),
    ]


def test_second_person_is_offered_the_decision_and_the_author_its_withdrawal(
    client, proposal
):
    client.force_login(make.person(proposal.organisation, role="approver"))
    offered = detail(client, proposal).context["decision"]
    assert (bool(offered["approve_url"]), offered["withdraw_url"]) == (True, "")
    client.force_login(proposal.made_by)
    offered = detail(client, proposal).context["decision"]
    assert (offered["approve_url"], bool(offered["withdraw_url"])) == ("", True)


def test_approved_by_button(client, proposal):
    client.force_login(make.person(proposal.organisation, role="approver"))
    answer = post(client, "policy-approve", proposal)
    assert answer.url == reverse("policy-detail", args=[proposal.policy_id])
    assert PolicyVersion.objects.get(pk=proposal.pk).state == "approved"


def test_rejection_needs_a_reason(client, proposal):
    client.force_login(make.person(proposal.organisation, role="approver"))
    assert post(client, "policy-reject", proposal).status_code == 422
    post(client, "policy-reject", proposal, reason="too slow")
    row = PolicyVersion.objects.get(pk=proposal.pk)
    assert (row.state, row.decision_reason) == ("rejected", "too slow")


def test_withdrawn_by_its_author(client, proposal):
    client.force_login(proposal.made_by)
    post(client, "policy-withdraw", proposal)
    assert PolicyVersion.objects.get(pk=proposal.pk).state == "withdrawn"


def test_versions_are_compared_on_a_page(client, proposal):
    client.force_login(make.person(proposal.organisation, role="staff"))
    url = reverse("policy-diff", args=[proposal.policy_id])
    answer = client.get(url, {"from_version": 1, "to_version": 2})
    [change] = answer.context["changes"]
    assert (change.before.text, change.after.text) == (
        "Wait 5 minutes",
        "Wait 10 minutes",
    )
    assert client.get(url, {"from_version": 1, "to_version": 9}).status_code == 404


def test_rule_of_all_policies_by_button(client, aurora):
    admin = make.person(aurora, role="admin")
    client.force_login(admin)
    url = reverse("policies-second-person")
    client.post(url, {"second_person": "on", "organisation": "aurora"})
    assert SecondPersonRule.objects.get().policy is None
    client.post(url, {"second_person": "off", "organisation": "aurora"})
    [group] = client.get(reverse("policy-list")).context["groups"]
    assert (group["second_person"]["end_asked_by"], group["second_person"]["url"]) == (
        admin,
        "",
    )
    client.force_login(make.person(aurora, role="approver"))
    client.post(url, {"second_person": "off", "organisation": "aurora"})
    assert not SecondPersonRule.objects.exists()
