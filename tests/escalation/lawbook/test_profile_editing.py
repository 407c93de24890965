from typing import Any

import pytest

from escalation.lawbook.editing import RegimeDraft, save_regime
from escalation.lawbook.profile_editing import (
    PROFILE_CHANGED,
    ProfileDraft,
    save_profile,
)
from escalation.lawbook.profiles import Watched, profile_of
from escalation.models import LegalProfile
from incidents.errors import BadInput, NotAllowed
from incidents.events.actor import Actor
from incidents.models import Entry, Organisation, Timer
from tests import factories as make
from tests.escalation.lawbook.framework import framework
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab() -> Organisation:
    return make.lab("aurora")


def _save(lab: Organisation, **more: Any) -> LegalProfile:
    draft = ProfileDraft(**more)
    return save_profile(lab, draft, actor=Actor.system(lab), now=NOW)


def _refused(lab: Organisation, **more: Any) -> BadInput:
    with pytest.raises(BadInput) as error:
        _save(lab, **more)
    assert not LegalProfile.objects.exists()
    return error.value


def test_profile_says_what_was_saved(lab: Organisation):
    head, deputy = make.person(lab), make.person(lab)
    policy = make.policy(lab, make.wait(5), slug="legal")

    _save(
        lab,
        regimes={"us-ca-sb53": {}, "eu-dora-19": {"zone": "Europe/Riga", "entity": ""}},
        accountable=head.email.upper(),
        deputy=deputy.email,
        policy="legal",
    )

    found = profile_of(lab.pk)
    assert dict(found.regimes) == {
        "eu-dora-19": Watched(zone="Europe/Riga"),
        "us-ca-sb53": Watched(),
    }
    assert (found.accountable_id, found.deputy_id) == (head.pk, deputy.pk)
    assert found.policy_id == policy.pk


def test_change_is_recorded_and_open_incidents_are_looked_at(lab: Organisation):
    _save(lab, regimes={"us-ca-sb53": {}})

    assert Entry.objects.filter(kind="config.changed").count() == 1
    [timer] = Timer.objects.filter(kind=PROFILE_CHANGED)
    assert (timer.subject_id, timer.organisation_id) == (lab.pk, lab.pk)
    assert timer.due_at == NOW


def test_same_profile_again_changes_nothing(lab: Organisation):
    _save(lab, regimes={"us-ca-sb53": {"zone": ""}})
    _save(lab, regimes={"us-ca-sb53": {}})

    assert Entry.objects.filter(kind="config.changed").count() == 1
    assert Timer.objects.filter(kind=PROFILE_CHANGED).count() == 1


def test_own_regime_may_be_watched_by_its_owner_only(lab: Organisation):
    draft = RegimeDraft(framework())
    save_regime(lab, draft, user=None, actor=Actor.system(lab), now=NOW)
    other = make.lab("meridian")

    with pytest.raises(BadInput) as error:
        _save(other, regimes={"aurora-framework": {}})
    _save(lab, regimes={"aurora-framework": {}})

    assert (error.value.field, error.value.value) == ("regimes", "aurora-framework")
    assert "aurora-framework" not in error.value.remedy
    assert list(profile_of(lab.pk).regimes) == ["aurora-framework"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"zone": "Mars/Olympus"}, "regimes.eu-dora-19.zone"),
        ({"calendar": "XX"}, "regimes.eu-dora-19.calendar"),
        ({"entity": "bank"}, "regimes.eu-dora-19.entity"),
        ({"moon": "x"}, "regimes.eu-dora-19.moon"),
        ({"zone": 5}, "regimes.eu-dora-19.zone"),
        ("yes", "regimes.eu-dora-19"),
    ],
)
def test_place_that_is_not_known_is_refused(lab: Organisation, body: Any, field: str):
    assert _refused(lab, regimes={"eu-dora-19": body}).field == field


def test_entity_is_one_that_the_law_knows(lab: Organisation):
    _save(lab, regimes={"eu-dora-19": {"entity": "weekend-relief-eligible"}})

    found = profile_of(lab.pk).regimes["eu-dora-19"]
    assert found == Watched(entity="weekend-relief-eligible")


def test_person_of_another_organisation_is_refused(lab: Organisation):
    stranger = make.person(make.lab("meridian"))

    assert _refused(lab, accountable=stranger.email).field == "accountable"


def test_person_whose_role_has_ended_is_refused(lab: Organisation):
    former = make.person(lab)
    former.memberships.update(ended_at=NOW)

    assert _refused(lab, accountable=former.email).field == "accountable"


def test_deputy_is_another_person_than_the_accountable(lab: Organisation):
    head = make.person(lab)

    error = _refused(lab, accountable=head.email, deputy=head.email)

    assert error.field == "deputy"


def test_deputy_without_an_accountable_person_is_refused(lab: Organisation):
    assert _refused(lab, deputy=make.person(lab).email).field == "accountable"


def test_policy_of_another_organisation_is_refused(lab: Organisation):
    make.policy(make.lab("meridian"), make.wait(5), slug="theirs")

    assert _refused(lab, policy="theirs").field == "policy"


def test_operator_of_the_platform_has_no_profile():
    operator = Organisation.objects.create(slug="op", name="Op", kind="platform")

    with pytest.raises(NotAllowed):
        _save(operator)
