import pytest
from django.test import Client
from django.urls import reverse

from escalation.lawbook.editing import RegimeDraft, save_regime
from escalation.lawbook.profile_editing import ProfileDraft, save_profile
from escalation.lawbook.profiles import Watched, profile_of
from escalation.models import RegimeText
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.models import Organisation
from tests import factories as make
from tests.escalation.lawbook.framework import framework
from tests.factories import NOW

pytestmark = pytest.mark.django_db

PAGE = reverse("legal-profile")


@pytest.fixture
def lab() -> Organisation:
    return make.lab("aurora", name="Aurora Labs")


def _as(lab: Organisation, role: str) -> Client:
    client = Client()
    client.force_login(make.person(lab, role=role))
    return client


def test_administrator_chooses_laws_and_people(lab: Organisation):
    head, admin = make.person(lab), _as(lab, "admin")
    sent = {
        "under-us-ca-sb53": "on",
        "under-eu-dora-19": "on",
        "zone-eu-dora-19": "Europe/Riga",
        # Of a law that is not chosen: passed over.
        "zone-us-ny-raise": "UTC",
        "accountable": head.email,
    }

    answer = admin.post(PAGE, sent)

    assert answer.headers["Location"] == PAGE
    found = profile_of(lab.pk)
    assert dict(found.regimes) == {
        "eu-dora-19": Watched(zone="Europe/Riga"),
        "us-ca-sb53": Watched(),
    }
    assert found.accountable_id == head.pk


def test_page_shows_what_was_chosen(lab: Organisation):
    draft = ProfileDraft({"eu-dora-19": {"zone": "Europe/Riga"}})
    save_profile(lab, draft, actor=Actor.system(lab), now=NOW)

    form = _as(lab, "admin").get(PAGE).context["form"]

    chosen = [law for law in form.laws() if law["under"].value()]
    assert [law["registered"].regime.id for law in chosen] == ["eu-dora-19"]
    assert chosen[0]["is_special"]


def test_mistake_is_told_at_its_field_and_what_was_sent_is_kept(lab: Organisation):
    sent = {"under-eu-dora-19": "on", "zone-eu-dora-19": "Mars/Olympus"}

    answer = _as(lab, "admin").post(PAGE, sent)

    form = answer.context["form"]
    assert (answer.status_code, list(form.errors)) == (422, ["zone-eu-dora-19"])
    assert form["zone-eu-dora-19"].value() == "Mars/Olympus"
    assert dict(profile_of(lab.pk).regimes) == {}


def test_staff_read_the_profile_and_may_not_change_it(lab: Organisation):
    draft = ProfileDraft({"us-ca-sb53": {}})
    save_profile(lab, draft, actor=Actor.system(lab), now=NOW)
    staff = _as(lab, "staff")

    shown = staff.get(PAGE)

    [law] = shown.context["laws"]
    assert law["registered"].regime.id == "us-ca-sb53"
    assert "<form class" not in shown.text
    assert staff.post(PAGE, {}).status_code == 403
    assert list(profile_of(lab.pk).regimes) == ["us-ca-sb53"]


def test_profile_of_another_organisation_is_not_shown(lab: Organisation):
    meridian = make.lab("meridian")
    answer = _as(meridian, "admin").get(PAGE, {"organisation": lab.slug})

    assert answer.status_code == 422
    assert "Aurora Labs" not in answer.text


@pytest.mark.parametrize("role", ["admin", "staff"])
def test_person_who_has_left_is_told(lab: Organisation, role: str):
    head = make.person(lab, "head@aurora.example")
    draft = ProfileDraft(accountable=head.email)
    save_profile(lab, draft, actor=Actor.system(lab), now=NOW)
    reader = _as(lab, role)
    assert reader.get(PAGE).context["gone"] == []

    head.memberships.update(ended_at=NOW)

    answer = reader.get(PAGE)
    assert answer.context["gone"] == [head]
    assert "head@aurora.example has no role here any more." in answer.text


def test_law_that_cannot_be_read_stays_in_the_profile_when_it_is_saved(
    lab: Organisation,
):
    save_regime(
        lab, RegimeDraft(framework()), user=None, actor=Actor.system(lab), now=NOW
    )
    own = {"aurora-framework": {"zone": "Europe/Riga"}, "us-ca-sb53": {}}
    save_profile(lab, ProfileDraft(own), actor=Actor.system(lab), now=NOW)
    RegimeText.objects.filter(organisation=lab).update(text="nobody_knows = 1")
    admin = _as(lab, "admin")

    page = admin.get(PAGE)
    saved = admin.post(PAGE, {"under-eu-dora-19": "on"})

    assert "aurora-framework cannot be read" in page.text
    assert saved.status_code == 302
    assert profile_of(lab.pk).regimes == {
        "aurora-framework": Watched(zone="Europe/Riga"),
        "eu-dora-19": Watched(),
    }


def test_law_that_cannot_be_read_is_newly_chosen_by_nobody(lab: Organisation):
    save_regime(
        lab, RegimeDraft(framework()), user=None, actor=Actor.system(lab), now=NOW
    )
    RegimeText.objects.filter(organisation=lab).update(text="nobody_knows = 1")
    draft = ProfileDraft({"aurora-framework": {}})
    with pytest.raises(BadInput) as caught:
        save_profile(lab, draft, actor=Actor.system(lab), now=NOW)
    assert caught.value.value == "aurora-framework"
