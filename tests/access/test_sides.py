"""Both sides see one incident; what is internal to one never shows on the other."""

from http import HTTPStatus

import pytest
from django.db import transaction

from escalation.models import Notification
from escalation.notifications.ack_links import acknowledge_url
from incidents.models import Membership
from tests.access.places import PLACES, keys, text_of, visit
from tests.access.scene import AGENCY_WORDS, LAB_WORDS, SHARED_WORDS, Scene

_READS = keys("incident", "list", method="GET")
_SIDES = {
    "staff": AGENCY_WORDS,
    "lab admin": AGENCY_WORDS,
    "officer": LAB_WORDS,
    "agency admin": LAB_WORDS,
}


def _reader(scene: Scene, who: str, key: str):
    return scene.call(who) if key.startswith("api") else scene.visit(who)


@pytest.mark.parametrize("who", _SIDES)
def test_nothing_internal_to_the_other_side_shows(scene: Scene, who: str):
    leaks = []
    for key in _READS:
        text = text_of(visit(key, _reader(scene, who, key), scene))
        leaks += [(key, word) for word in _SIDES[who] if word in text]
    assert leaks == []


@pytest.mark.parametrize(("who", "side"), [("officer", "lab"), ("staff", "agency")])
def test_file_that_is_not_shared_is_not_found_by_the_other_side(
    scene: Scene, who: str, side: str
):
    scene.shared_file = getattr(scene, side).file
    places = ["api GET incident-file-download", "page GET attachment-download"]
    found = {
        key: visit(key, _reader(scene, who, key), scene).status_code for key in places
    }
    assert found == dict.fromkeys(places, HTTPStatus.NOT_FOUND)


def test_agency_whose_share_ends_loses_everything(scene: Scene):
    places = [key for key in keys("incident") if key != "page GET incident-filed"]
    reads = [key for key in places if key.split()[1] == "GET"]

    def statuses(chosen: list[str]) -> dict[str, int]:
        return {
            key: visit(key, _reader(scene, "officer", key), scene).status_code
            for key in chosen
        }

    before = statuses(reads)
    scene.unshare()

    assert before == dict.fromkeys(reads, HTTPStatus.OK)
    assert statuses(places) == dict.fromkeys(places, HTTPStatus.NOT_FOUND)
    words = (*SHARED_WORDS, *LAB_WORDS, scene.incident.ref)
    leaks = []
    for key in keys("list"):
        text = text_of(visit(key, _reader(scene, "officer", key), scene))
        leaks += [(key, word) for word in words if word in text]
    assert leaks == []


def test_link_of_an_agency_ends_with_its_share(scene: Scene):
    agency = scene.agency.organisation
    row = Notification.objects.filter(organisation=agency, purpose="page").first()
    assert row is not None
    client, path = scene.visit("operator"), acknowledge_url(row.uid)
    path = path[path.index("/ack/") :]
    assert client.get(path).status_code == HTTPStatus.OK
    scene.unshare()
    answer = client.post(path)
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert scene.incident.ref not in answer.content.decode()


# What each role may do; the operator of the platform is among the strangers.
_MAY = {
    "staff": "report comment answer",
    "responder": "report comment answer acknowledge manage share escalate cover duties export",
    "approver": "report comment answer acknowledge manage share escalate cover duties export approve",
    "admin": "report comment answer acknowledge manage share escalate cover duties export configure approve",
    "officer": "comment acknowledge triage cover duties export",
    "supervisor": "comment acknowledge triage cover duties export approve",
    "agency admin": "comment acknowledge triage cover duties export configure approve",
}
_ACTED = [key for key, place in PLACES.items() if place.act and place.kind != "lab"]
_OF_THE_AGENCY = {"officer", "supervisor", "agency admin"}


@pytest.mark.parametrize("role", _MAY)
def test_role_may_do_exactly_what_the_table_says(scene: Scene, role: str):
    side = scene.agency if role in _OF_THE_AGENCY else scene.lab
    Membership.objects.filter(user=side.admin).update(role=role.rsplit(maxsplit=1)[-1])
    scene.people["acting"] = side.admin
    allowed = {key: _is_allowed(scene, key) for key in _ACTED}
    may = set(_MAY[role].split())
    assert allowed == {key: PLACES[key].act in may for key in _ACTED}


def _is_allowed(scene: Scene, key: str) -> bool:
    """Tries it and takes it back."""
    client = _reader(scene, "acting", key)
    with transaction.atomic():
        answer = visit(key, client, scene)
        transaction.set_rollback(True)
    assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    return answer.status_code != HTTPStatus.FORBIDDEN
