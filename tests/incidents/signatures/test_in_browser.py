"""A key made in a real browser signs an acknowledgement, and the verifier knows it."""

import time

import pytest
from django.utils import timezone

from incidents.incident.new_file import path_of
from incidents.ledger.party_key import parse_pins
from incidents.ledger.verify.check import verify_bundle
from incidents.models import Acknowledgement
from tests.incidents.evidence.scene import Scene
from tests.incidents.signatures.site import BUSY, serving
from tests.scenarios.browser import CHROMIUM, Chromium

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
PASSWORD = "quiet-harbour-71"


@pytest.fixture
def scene():
    scene = Scene(now=timezone.now())
    scene.person.set_password(PASSWORD)
    scene.person.save()
    return scene


def wait_until(is_so):
    ends_at = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def test_key_of_a_browser_signs_and_is_verified(scene, settings, tmp_path):
    settings.ALLOWED_HOSTS = ["localhost"]
    with serving() as site, Chromium(tmp_path / "profile") as chromium:
        page = chromium.person(site).sign_in(scene.person.email, PASSWORD)
        page.open("/signing-keys/")
        wait_until(lambda: not page.run("document.forms[1].hidden"))
        page.press("Make a key")
        line = page.run("document.querySelector('.copy input').value")
        address = f"/incidents/{scene.incident.ref}/"
        page.open(address).press("Acknowledge")
        wait_until(lambda: "Sign it with this browser's key" in page.text)
        page.press("Sign it with this browser's key")
        assert "Your acknowledgement is signed." in page.text
        with BUSY:
            scene.now = timezone.now()
            row = scene.build(scene.ask())
    with path_of(row.stored_as).open("rb") as file:
        pins = parse_pins(line.encode())
        outcome = verify_bundle(file, scene.policy, party_keys=pins)
    [given] = outcome.acknowledgements
    [acknowledged] = Acknowledgement.objects.all()
    assert (given.by, given.pinned_as) == (scene.person.email, *pins.values())
    assert acknowledged.signed_by_key.startswith(given.key)
