"""A reference in a body or a filter opens no more than an address does.

What is hidden answers exactly like what does not exist.
"""

from http import HTTPStatus

import pytest
from django.utils import timezone

from incidents.models import Acknowledgement
from tests import factories as make
from tests.access.places import PLACES, address, keys, text_of, visit
from tests.access.scene import STRANGERS, Scene

_MISSING = "INC-0000000000"
# These know no filter by organisation and refuse or ignore it.
_NO_FILTER = (
    "api GET organisations-list",
    "api GET tokens-list",
    "api GET triage-list",
)
_OUTSIDERS = ["other lab", "other agency", "agency whose share ended"]


def _own(scene: Scene, who: str):
    organisation = scene.people[who].memberships.get().organisation
    return make.incident(organisation, now=timezone.now(), title="own")


def _masked(answer, ref: str) -> str:
    return answer.content.decode().replace(ref, "REF")


def test_merging_into_a_hidden_incident_is_merging_into_none(scene: Scene):
    client, own = scene.call("other lab"), _own(scene, "other lab")
    address = f"/api/v1/incidents/{own.ref}/merge/"
    answers = [
        client.post(address, {"into": ref, "reason": "same"})
        for ref in (scene.incident.ref, _MISSING)
    ]
    assert [a.status_code for a in answers] == [HTTPStatus.NOT_FOUND] * 2
    assert _masked(answers[0], scene.incident.ref) == _masked(answers[1], _MISSING)


def test_merging_on_the_page_into_a_hidden_incident_says_the_same(scene: Scene):
    client, own = scene.visit("other lab"), _own(scene, "other lab")
    errors = [
        client.post(f"/incidents/{own.ref}/merge/", {"into": ref, "reason": "same"})
        .content.decode()
        .replace(ref, "REF")
        .count("REF")
        for ref in (scene.incident.ref, _MISSING)
    ]
    own.refresh_from_db()
    assert (errors[0] == errors[1], own.status) == (True, "open")


def test_duplicate_of_a_hidden_incident_is_of_none(scene: Scene):
    client = scene.call("officer")
    hidden = _own(scene, "other lab")
    address = f"/api/v1/incidents/{scene.incident.ref}/triage/"
    answers = [
        client.post(
            address, {"outcome": "duplicate", "reason": "same", "duplicate_of": ref}
        )
        for ref in (hidden.ref, _MISSING)
    ]
    assert [a.status_code for a in answers] == [HTTPStatus.NOT_FOUND] * 2
    assert _masked(answers[0], hidden.ref) == _masked(answers[1], _MISSING)


@pytest.mark.parametrize("who", ["other agency", "agency whose share ended"])
def test_bulk_acknowledgement_skips_what_is_hidden(scene: Scene, who: str):
    before = Acknowledgement.objects.count()
    refs = [scene.incident.ref, _MISSING]
    answer = scene.call(who).post("/api/v1/triage/acknowledge/", {"refs": refs})
    assert answer.json() == {"acknowledged": [], "skipped": refs, "receipts": []}
    assert Acknowledgement.objects.count() == before


def test_bulk_acknowledgement_is_not_in_the_name_of_an_agency_that_lost_the_share(
    scene: Scene,
):
    """The officer of two agencies still sees the incident through the other one."""
    agency = scene.agency.organisation
    ended = scene.people["agency whose share ended"]
    make.person(agency, ended.email, role="officer")
    slug = ended.memberships.exclude(organisation=agency).get().organisation.slug
    sent = {"refs": [scene.incident.ref], "organisation": slug}
    answer = scene.call("agency whose share ended").post(
        "/api/v1/triage/acknowledge/", sent
    )
    assert answer.json() == {
        "acknowledged": [],
        "skipped": sent["refs"],
        "receipts": [],
    }


@pytest.mark.parametrize("who", _OUTSIDERS)
def test_nothing_is_made_in_the_name_of_another(scene: Scene, who: str):
    client = scene.call(who)
    for key in [key for key in keys("make") if key.startswith("api")]:
        send = getattr(client, key.split()[1].lower())
        answers = [
            send(address(key, scene), {**PLACES[key].body, "organisation": slug})
            for slug in ("aurora", "no-such-one")
        ]
        [error] = answers[0].json()["errors"]
        assert (error["field"], error["value"]) == ("organisation", "aurora"), key
        hidden = answers[0].content.decode().replace("aurora", "no-such-one")
        assert hidden == answers[1].content.decode(), key


def test_filter_by_a_hidden_organisation_is_by_none(scene: Scene):
    places = [
        key for key in keys("list") if key.startswith("api") and key not in _NO_FILTER
    ]
    for who in STRANGERS:
        client = scene.call(who)
        for key in places:
            found, nothing = (
                text_of(visit(key, client, scene, f"?organisation={slug}"))
                for slug in ("naisa", "no-such-one")
            )
            assert found.replace("naisa", "no-such-one") == nothing, (who, key)


def test_lab_is_known_only_to_whom_it_shares_with(scene: Scene):
    path = "/api/v1/organisations/aurora/"
    found = {who: scene.call(who).get(path).status_code for who in STRANGERS}
    expected = dict.fromkeys(STRANGERS, HTTPStatus.NOT_FOUND)
    assert found == expected | {"other agency": HTTPStatus.OK}
