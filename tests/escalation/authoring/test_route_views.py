import pytest
from django.urls import reverse

from escalation.models import Route
from tests import factories as make

pytestmark = pytest.mark.django_db

SEVERE = {"field": "severity", "op": ">=", "value": 4}
FORM = {
    "do": "save",
    "name": "Severe",
    "position": "1",
    "route:when.0:test": "severity >=",
    "route:when.0:value": "4",
    "route:when.1:test": "",
    "route:policy": "night",
    "route:agency-naisa": "on",
}


@pytest.fixture
def aurora(client):
    lab = make.lab("aurora")
    client.force_login(make.person(lab, role="admin"))
    make.policy(lab, make.wait(5), slug="night")
    make.agency("naisa", name="NAISA")
    return lab


def test_route_is_written_at_its_position(client, aurora):
    make.route(aurora, None)
    assert client.post(reverse("route-new"), FORM).url == reverse("policy-list")
    first = Route.objects.get(position=1)
    assert (first.name, first.matchers, first.policy.slug) == (
        "Severe",
        [SEVERE],
        "night",
    )
    assert [agency.slug for agency in first.share_with.all()] == ["naisa"]


def test_route_that_is_shown_and_posted_stays_the_same(client, aurora):
    naisa = aurora._meta.model.objects.get(slug="naisa")
    label = {"field": "label:team", "op": "=~", "value": "red.*"}
    policy = aurora.policies.get()
    route = make.route(aurora, policy, SEVERE, label, share_with=(naisa,))
    url = reverse("route-edit", args=[route.pk])
    context = client.get(url).context
    parts = [*context["conditions"], *context["policy_part"], *context["agencies"]]
    sent = {
        part.name: str(part.value)
        for part in parts
        if part.kind != "words" and (part.kind != "tick" or part.is_on)
    }
    client.post(url, {"do": "save", "name": route.name, "position": "1", **sent})
    again = Route.objects.get()
    assert (again.matchers, again.policy, list(again.share_with.all())) == (
        [SEVERE, label],
        policy,
        [naisa],
    )


def test_what_cannot_be_saved_is_told_and_kept(client, aurora):
    wrong = FORM | {"route:when.0:test": "label =~", "route:when.0:value": "("}
    answer = client.post(reverse("route-new"), wrong)
    assert "matchers[0]" in answer.context["error"]
    assert answer.context["draft"].name == "Severe"
    answer = client.post(reverse("route-new"), FORM | {"position": "x"})
    assert answer.context["error"].startswith("position")
    assert not Route.objects.exists()


def test_form_is_updated_without_saving(client, aurora):
    fields = FORM | {"do": "check", "route:when.1:test": "tlp ="}
    answer = client.post(reverse("route-new"), fields)
    names = [part.name for part in answer.context["conditions"] if part.kind != "words"]
    assert "route:when.1:value" in names
    assert not Route.objects.exists()


def test_route_is_removed(client, aurora):
    route = make.route(aurora, None)
    client.post(reverse("route-remove", args=[route.pk]))
    assert not Route.objects.exists()


def test_only_an_administrator_writes_routes(client, aurora):
    route = make.route(aurora, None)
    client.force_login(make.person(aurora, role="responder"))
    url = reverse("route-edit", args=[route.pk])
    assert client.post(url, FORM).status_code == 403
    [group] = client.get(reverse("policy-list")).context["groups"]
    assert (group["new_route_url"], group["routes"][0]["edit_url"]) == ("", "")
