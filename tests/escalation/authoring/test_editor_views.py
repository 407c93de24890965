import pytest
from django.urls import reverse

from escalation.models import PolicyVersion
from tests import factories as make

pytestmark = pytest.mark.django_db

WAIT = {"s.0:kind": "wait", "s.0:amount": "15", "s.0:unit": "minutes"}


@pytest.fixture
def aurora():
    return make.lab("aurora")


@pytest.fixture
def policy(aurora):
    return make.policy(aurora, make.wait(5), slug="night")


@pytest.fixture
def admin(aurora, client):
    user = make.person(aurora, role="admin")
    client.force_login(user)
    return user


def edit(client, policy, do, **fields):
    url = reverse("policy-edit", args=[policy.pk])
    sent = {"name": policy.name, "base": "1", "do": do, **WAIT}
    return client.post(url, sent | fields)


def review_of(answer):
    """Return the hidden fields of the review, as its form posts them."""
    draft = answer.context["draft"]
    return {
        "name": draft.name,
        "slug": draft.slug,
        "base": str(draft.base),
        "body": answer.context["body"],
    }


def test_editor_shows_the_newest_version_as_sentences(client, admin, policy):
    context = client.get(reverse("policy-edit", args=[policy.pk])).context
    [rung] = context["ladder"].rungs
    assert [part.text for part in rung.parts if part.kind == "words"] == [
        "Wait",
        "for somebody to acknowledge",
    ]
    assert (rung.label, rung.when, context["end"]) == (
        "1",
        "at the start",
        "+5 minutes",
    )


def test_button_changes_the_draft_and_saves_nothing(client, admin, policy):
    fields = {"s:new": "share", "s:at": ""}
    answer = edit(client, policy, "add:s", **fields)
    ladder = answer.context["ladder"]
    assert [rung.kind for rung in ladder.rungs] == ["wait", "share"]
    assert answer.context["focus"] == "s-1"
    assert PolicyVersion.objects.count() == 1


def test_warning_stands_at_its_step_while_editing(client, admin, aurora, policy):
    make.team(aurora)
    fields = {"s.1:kind": "notify", "s.1:target.0:who": "team:duty"}
    first, second = edit(client, policy, "check", **fields).context["ladder"].rungs
    assert (first.findings, [f.what for f in second.findings]) == ((), ["nobody"])


def test_what_cannot_be_saved_is_not_reviewed(client, admin, policy):
    answer = edit(client, policy, "review", **{"s.0:amount": "soon"})
    [finding] = answer.context["ladder"].rungs[0].findings
    assert (finding.level, "body" in answer.context) == ("error", False)


def test_changes_are_shown_before_they_are_saved_with_a_reason(client, admin, policy):
    reviewed = edit(client, policy, "review")
    [change] = reviewed.context["changes"]
    assert (change.before.text, change.after.text) == (
        "Wait 5 minutes",
        "Wait 15 minutes",
    )
    url, sent = reverse("policy-edit", args=[policy.pk]), review_of(reviewed)
    refused = client.post(url, sent | {"do": "save", "reason": " "})
    assert refused.context["error"].startswith("Say why")
    client.post(url, sent | {"do": "save", "reason": "more time"})
    version = PolicyVersion.objects.get(number=2)
    assert (version.body, version.reason, version.made_by) == (
        {"steps": [make.wait(15)]},
        "more time",
        admin,
    )


def test_going_back_from_the_review_keeps_the_draft(client, admin, policy):
    sent = review_of(edit(client, policy, "review"))
    url = reverse("policy-edit", args=[policy.pk])
    answer = client.post(url, sent | {"do": "back"})
    assert answer.context["draft"].body == {"steps": [make.wait(15)]}


def test_version_made_meanwhile_is_told_before_saving(client, admin, policy):
    sent = review_of(edit(client, policy, "review"))
    policy.versions.create(
        organisation=policy.organisation, number=2, body={"steps": [make.wait(7)]}
    )
    url = reverse("policy-edit", args=[policy.pk])
    answer = client.post(url, sent | {"do": "save", "reason": "more time"})
    assert answer.context["error"].startswith("Version 2 was made while")
    assert answer.context["changes"][0].before.text == "Wait 7 minutes"
    again = review_of(answer) | {"do": "save", "reason": "more time"}
    client.post(url, again)
    assert PolicyVersion.objects.get(number=3).body == {"steps": [make.wait(15)]}


def test_body_that_no_review_made_is_not_found(client, admin, policy):
    url = reverse("policy-edit", args=[policy.pk])
    for body in ("{", '{"steps": ["x"]}', "[]"):
        assert client.post(url, {"do": "back", "body": body}).status_code == 404


def test_new_policy_is_written_from_nothing(client, admin, aurora):
    url = reverse("policy-new")
    assert client.get(url).context["ladder"].rungs == ()
    sent = {"name": "At night", "slug": "", "do": "review", **WAIT}
    reviewed = client.post(url, sent)
    client.post(url, review_of(reviewed) | {"do": "save", "reason": ""})
    version = PolicyVersion.objects.get()
    assert (version.policy.slug, version.policy.name) == ("at-night", "At night")


def test_taken_short_name_is_refused(client, admin, policy):
    sent = {"name": "Other", "slug": "night", "do": "review", **WAIT}
    answer = client.post(reverse("policy-new"), sent)
    assert "'night' is empty or taken" in answer.context["error"]


def test_copy_begins_with_the_steps_of_another(client, admin, policy):
    context = client.get(reverse("policy-new"), {"from": policy.pk}).context
    assert (context["draft"].name, context["draft"].body) == (
        "Copy of night",
        {"steps": [make.wait(5)]},
    )


def test_only_an_administrator_edits(client, aurora, policy):
    client.force_login(make.person(aurora, role="responder"))
    url = reverse("policy-edit", args=[policy.pk])
    assert client.get(url).status_code == 403
    shown = client.get(reverse("policy-detail", args=[policy.pk])).context
    assert "edit_url" not in shown


def test_nobody_copies_another_organisations_policy(client, policy):
    client.force_login(make.person(make.agency("naisa"), role="admin"))
    answer = client.get(reverse("policy-new"), {"from": policy.pk})
    assert answer.status_code == 404


def test_draft_that_names_what_is_not_there_is_not_played(client, admin, aurora):
    make.contact(make.lab("meridian"))
    policy = make.policy(aurora, make.notify({"desk": "meridian"}), slug="odd")
    answer = client.get(reverse("policy-edit", args=[policy.pk]))
    simulation = answer.context["simulation"]
    assert "rows" not in simulation
    assert "'meridian' cannot be used." in simulation["refused"]
    assert "cannot be used. Name Aurora or an agency" in answer.content.decode()
