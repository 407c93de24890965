"""Who has nothing to do with an incident finds nothing: 404, and nothing changes."""

import json
import re
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from incidents.models import Entry
from tests.access.places import address, keys, text_of, visit
from tests.access.scene import (
    AGENCY_WORDS,
    LAB_WORDS,
    SHARED_WORDS,
    STRANGERS,
    WORD,
    Scene,
)

_NOT_FOUND = HTTPStatus.NOT_FOUND
_MISSING = "INC-0000000000"


def _statuses(scene: Scene, who: str, places: list[str]) -> dict[str, int]:
    clients = {"api": scene.call(who), "page": scene.visit(who)}
    return {
        key: visit(key, clients[key.split()[0]], scene).status_code for key in places
    }


@pytest.mark.parametrize("who", STRANGERS)
def test_stranger_finds_neither_the_incident_nor_what_is_the_labs(
    scene: Scene, who: str
):
    places = keys("incident", "lab")
    before = Entry.objects.count()
    assert _statuses(scene, who, places) == dict.fromkeys(places, _NOT_FOUND)
    assert Entry.objects.count() == before


@pytest.mark.parametrize("who", ["officer", "agency admin"])
def test_agency_of_the_incident_finds_nothing_of_the_labs_own(scene: Scene, who: str):
    places = keys("lab")
    assert _statuses(scene, who, places) == dict.fromkeys(places, _NOT_FOUND)


def test_colleague_finds_neither_token_nor_contact_method(scene: Scene):
    places = [key for key in keys("lab") if "token" in key or "contact" in key]
    assert _statuses(scene, "staff", places) == dict.fromkeys(places, _NOT_FOUND)


@pytest.mark.parametrize("who", STRANGERS)
def test_hidden_incident_answers_like_one_that_does_not_exist(scene: Scene, who: str):
    places = [key for key in keys("incident") if key.startswith("api")]
    client = scene.call(who)
    hidden = {key: text_of(visit(key, client, scene)) for key in places}
    scene.incident.ref = _MISSING
    assert {key: text_of(visit(key, client, scene)) for key in places} == hidden


def test_visitor_is_sent_to_sign_in(scene: Scene):
    places = [
        key
        for key in keys("incident", "lab", "list", "account", "make")
        if key.startswith("page")
    ]
    # Before the visits, which leave nothing: what an address names is to be one thing.
    wanted = {key: (302, f"/sign-in/?next={address(key, scene)}") for key in places}
    answers = {key: visit(key, Client(), scene) for key in places}
    found = {key: (a.status_code, a.get("Location")) for key, a in answers.items()}
    assert found == wanted


def test_caller_without_a_token_is_not_authenticated(scene: Scene):
    places = [
        key
        for key in keys("incident", "lab", "list", "account", "make")
        if key.startswith("api")
    ]
    client = APIClient()
    found = {
        key: json.loads(text_of(visit(key, client, scene)))["code"] for key in places
    }
    assert found == dict.fromkeys(places, "not_authenticated")


_SEARCHES = ("", "?organisation=aurora", "?state=all&lab=aurora", f"?q={WORD}")


@pytest.mark.parametrize("who", STRANGERS)
def test_no_list_shows_a_stranger_a_word(scene: Scene, who: str):
    clients = {"api": scene.call(who), "page": scene.visit(who)}
    words = (*SHARED_WORDS, *LAB_WORDS, *AGENCY_WORDS, scene.incident.ref)
    leaks = []
    for key in keys("list"):
        for search in _SEARCHES:
            text = text_of(visit(key, clients[key.split()[0]], scene, search))
            leaks += [(key, search, word) for word in words if word in text]
    assert leaks == []


def test_counts_of_a_search_do_not_tell_that_there_is_something(scene: Scene):
    for who in STRANGERS:
        client = scene.visit(who)
        for key in ("page GET incident-list", "page GET triage-queue"):
            found, nothing = (
                _comparable(visit(key, client, scene, f"?state=all&q={word}"), word)
                for word in (WORD, "nothinglikeit")
            )
            assert found == nothing, who


def _comparable(answer, word: str) -> str:
    """Returns the page without what differs each time: its form token and the time."""
    text = text_of(answer).replace(word, "WORD")
    text = re.sub(r"\d{4}-\d\d-\d\dT[^\"]+|\d\d:\d\d:\d\d", "TIME", text)
    return "\n".join(line for line in text.splitlines() if "csrf" not in line)


def test_scene_would_show_what_could_leak(scene: Scene):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tocsin_notification")
        assert cursor.fetchone()[0] >= len(("lab", "agency"))
    seen = ""
    for key in keys("incident", "lab", "list", method="GET"):
        where = key.split()[0]
        for who in ("lab admin", "agency admin"):
            client = scene.call(who) if where == "api" else scene.visit(who)
            seen += text_of(visit(key, client, scene))
    words = (*SHARED_WORDS, *LAB_WORDS, *AGENCY_WORDS, scene.incident.ref)
    assert [word for word in words if word not in seen] == []
