from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.lawbook.profiles import (
    Profile,
    Watched,
    place_of,
    profile_of,
    profiles_of,
)
from escalation.lawbook.registry import shipped
from escalation.models import LegalProfile
from escalation.regimes.deadlines import Place
from incidents.models import Organisation
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def _profile(organisation: Organisation, **more: object) -> LegalProfile:
    return LegalProfile.objects.create(
        organisation=organisation, changed_at=NOW, **more
    )


def test_profile_is_empty_where_none_was_written():
    lab = make.lab()

    assert profile_of(lab.pk) == Profile(lab.pk, {}, None, None, None)


def test_profile_says_what_was_written():
    lab = make.lab()
    head, deputy = make.person(lab), make.person(lab)
    regimes = {"us-ca-sb53": {}, "eu-dora-19": {"entity": "csd", "zone": "Europe/Riga"}}
    _profile(lab, regimes=regimes, accountable=head, deputy=deputy)

    found = profile_of(lab.pk)

    assert dict(found.regimes) == {
        "eu-dora-19": Watched("csd", "Europe/Riga", ""),
        "us-ca-sb53": Watched(),
    }
    assert (found.accountable_id, found.deputy_id) == (head.pk, deputy.pk)
    assert found.policy_id is None


@pytest.mark.parametrize("count", [1, 3])
def test_profiles_of_many_take_one_statement(count: int):
    labs = [make.lab() for _ in range(count)]
    for one in labs:
        _profile(one, regimes={"us-ca-sb53": {}})

    with CaptureQueriesContext(connection) as queries:
        found = profiles_of([one.pk for one in labs])

    assert len(queries) == 1
    assert [list(found[one.pk].regimes) for one in labs] == [["us-ca-sb53"]] * count


def test_place_is_the_regimes_where_nothing_else_is_said():
    place = place_of(shipped()["us-ca-sb53"], Watched())

    assert place == Place(ZoneInfo("America/Los_Angeles"), "US-CA", "")


def test_place_is_what_the_profile_says():
    watched = Watched(entity="csd", zone="Europe/Riga", calendar="LV")

    place = place_of(shipped()["eu-dora-19"], watched)

    assert place == Place(ZoneInfo("Europe/Riga"), "LV", "csd")


def test_place_goes_by_the_regime_when_the_zone_is_not_known_any_more():
    place = place_of(shipped()["us-ca-sb53"], Watched(zone="Mars/Olympus"))

    assert place.zone == ZoneInfo("America/Los_Angeles")
