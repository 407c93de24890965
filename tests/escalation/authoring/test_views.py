import pytest
from django.urls import reverse

from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def aurora():
    return make.lab("aurora")


def test_routes_and_policies_are_said_in_sentences(client, aurora):
    naisa = make.agency("naisa", name="NAISA")
    path = make.policy(aurora, make.notify({"team": "duty"}), slug="critical")
    severe = {"field": "severity", "op": ">=", "value": 4}
    make.route(aurora, path, severe, share_with=(naisa,))
    client.force_login(make.person(aurora))

    group = client.get(reverse("policy-list")).context["groups"][0]

    assert [(r["sentence"], r["share_with"]) for r in group["routes"]] == [
        ("Severity ≥ 4", ["NAISA"])
    ]
    assert [p["sentence"] for p in group["policies"]] == ["Notify the duty team."]


def test_a_policy_names_whom_it_reaches_today_and_warns_of_dead_ends(client, aurora):
    duty = make.person(aurora, "duty@aurora.example")
    make.contact(aurora, duty)
    make.team(aurora, duty)
    path = make.policy(
        aurora, make.notify({"team": "duty"}), make.notify({"team": "nobody"})
    )
    client.force_login(duty)

    steps = client.get(reverse("policy-detail", args=[path.pk])).context["steps"]

    assert [step["names"] for step in steps] == [["duty@aurora.example"], []]
    assert [bool(step["warning"]) for step in steps] == [False, True]


def test_an_earlier_version_says_that_it_is_not_in_force(client, aurora):
    path = make.policy(aurora, make.wait(5))
    path.versions.create(organisation=aurora, number=2, body={"steps": [make.wait(10)]})
    client.force_login(make.person(aurora))
    url = reverse("policy-detail", args=[path.pk])

    old = client.get(url, {"version": "1"}).context
    new = client.get(url).context

    assert (old["steps"][0]["sentence"], old["is_old"]) == ("Wait 5 minutes", True)
    assert (new["steps"][0]["sentence"], new["is_old"]) == ("Wait 10 minutes", False)
    assert client.get(url, {"version": "3"}).status_code == 404


def test_another_organisations_policy_is_not_found(client, aurora):
    path = make.policy(aurora, make.wait(5), slug="aurora-secret")
    client.force_login(make.person(make.agency("naisa"), role="officer"))

    assert client.get(reverse("policy-detail", args=[path.pk])).status_code == 404
    assert "aurora-secret" not in client.get(reverse("policy-list")).text
