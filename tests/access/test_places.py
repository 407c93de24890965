"""An address that is not in the table fails here: say there who may open it."""

from http import HTTPStatus

from django.test import Client

from tests.access.places import PAGES, PLACES, PUBLIC, ROOMS, address
from tests.access.scene import Scene
from tests.access.site import addresses_of_the_site

# Answers any other address under /api/v1/ with a problem.
_CATCH_ALL = "^(?P<rest>.*)$"
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def test_every_endpoint_of_the_api_stands_in_the_table():
    site = {
        f"api {method} {name}"
        for where, name, methods in addresses_of_the_site()
        for method in methods
        if where == "api"
    }
    assert site == {key for key in PLACES if key.startswith("api ")}


def test_every_page_stands_in_the_table_or_is_public():
    site = {name for where, name, _ in addresses_of_the_site() if where == "page"}
    assert site == {key.split()[1] for key in PAGES} | PUBLIC


def test_no_address_stands_in_two_rooms():
    stated = sum(len(room.API) + len(room.PAGES) for room in ROOMS)
    assert stated == len(PLACES)


def test_only_the_catch_all_of_the_api_knows_no_methods():
    without = [
        name
        for where, name, methods in addresses_of_the_site()
        if where == "api" and not methods
    ]
    assert without == [_CATCH_ALL]


def test_every_method_of_a_page_stands_in_the_table(scene: Scene):
    found = {}
    for key in PAGES:
        answer = Client().options(address(f"page {key}", scene))
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        found[key.split()[1]] = set(answer["Allow"].split(", ")) & _METHODS
    declared: dict[str, set[str]] = {}
    for key in PAGES:
        method, name = key.split()
        declared.setdefault(name, set()).add(method)
    assert found == declared
