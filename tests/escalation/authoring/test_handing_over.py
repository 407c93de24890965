import pytest
from django.urls import reverse

from escalation.models import Run
from escalation.routing.dispatch import dispatch
from tests import factories as make
from tests.api_world import client_of
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy():
    """A policy with an incident under way and a newer version in force."""
    lab = make.lab("aurora")
    path = make.policy(lab, make.wait(5), make.wait(5), slug="night")
    make.route(lab, path, is_default=True)
    make.incident(lab)
    while dispatch(NOW):
        pass
    steps = {"steps": [make.wait(5), make.wait(7)]}
    path.versions.create(organisation=lab, number=2, body=steps)
    return path


def test_runs_are_handed_over_by_the_api_after_a_dry_run(policy):
    client = client_of(make.person(policy.organisation, role="admin"))
    url = f"/api/v1/policies/{policy.pk}/hand-over/"
    sent = {"to_version": 2, "reason": "quicker"}
    [said] = client.post(url, sent | {"dry_run": True}).json()
    assert (said["from_step"], said["to_step"], said["is_at_once"]) == ("2", "2", False)
    assert Run.objects.count() == 1
    [done] = client.post(url, sent | {"runs": [said["run"]]}).json()
    assert done["new_run"] == str(Run.objects.latest("pk").uid)
    answer = client.post(url, sent | {"runs": [said["run"]]})
    assert answer.json()["errors"][0]["field"] == "runs"


def test_version_and_policy_that_are_not_there_are_told(policy):
    client = client_of(make.person(policy.organisation, role="admin"))
    url = f"/api/v1/policies/{policy.pk}/hand-over/"
    answer = client.post(url, {"to_version": 9, "reason": "x"})
    assert answer.json()["errors"][0]["field"] == "to_version"
    answer = client.post(url, {"to_version": 1, "to_policy": "day", "reason": "x"})
    assert answer.json()["errors"][0]["field"] == "to_policy"


def test_page_previews_and_then_hands_over(client, policy):
    client.force_login(make.person(policy.organisation, role="admin"))
    detail = client.get(reverse("policy-detail", args=[policy.pk])).context
    url = reverse("policy-hand-over", args=[policy.pk])
    assert detail["hand_over_url"] == url
    sent = {"step": "", "reason": "quicker"}
    previewed = client.post(url, sent | {"do": "preview"}).context
    assert [one.to_step for one in previewed["moved"]] == ["2"]
    assert Run.objects.count() == 1
    client.post(url, sent | {"do": "hand_over"})
    assert Run.objects.latest("pk").version.number == 2
    detail = client.get(reverse("policy-detail", args=[policy.pk])).context
    assert detail["hand_over_url"] == ""


def test_only_an_administrator_hands_over(client, policy):
    client.force_login(make.person(policy.organisation, role="approver"))
    url = reverse("policy-hand-over", args=[policy.pk])
    assert client.post(url, {"reason": "x"}).status_code == 403
