"""The pages on which a person says what a source's senders must bring."""

import pytest
from django.urls import reverse

from incidents.events.actor import Actor
from incidents.intake.receive import digest_of_key
from incidents.intake.sources import create_source
from incidents.intake.trust import secret_of
from incidents.models import Refusal
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

SECRET = "correct horse battery"


@pytest.fixture
def aurora():
    return factories.lab("aurora", name="Aurora Labs")


@pytest.fixture
def source(aurora):
    actor = Actor.system(aurora)
    made, _ = create_source(
        aurora, tool="generic", slug="scripts", name="Scripts", actor=actor, now=NOW
    )
    made.refresh_from_db()
    return made


@pytest.fixture
def admin(client, aurora):
    client.force_login(factories.person(aurora, role="admin"))
    return client


def trust(source, kind):
    return reverse("source-trust", args=[source.uid]) + f"?kind={kind}"


def panel(client, source):
    return client.get(reverse("source-detail", args=[source.uid])).context["trust"]


def test_only_the_options_of_the_kind_are_asked_for(admin, source):
    def asked(kind):
        return list(admin.get(trust(source, kind)).context["form"].fields)

    assert asked("none") == ["address_ranges"]
    assert asked("basic") == ["username", "secret", "address_ranges"]
    assert asked("hmac_github") == ["secret", "address_ranges"]
    assert admin.get(trust(source, "magic")).status_code == 404


def test_secret_that_is_made_is_shown_once(admin, source):
    sent = {"header": "X-Token", "secret": "", "address_ranges": ""}
    page = admin.post(trust(source, "header"), sent)
    source.refresh_from_db()
    secret = secret_of(source)
    assert f'value="{secret}"' in page.text
    assert (source.verification, source.verification_options) == (
        "header",
        {"header": "x-token"},
    )
    for place in (trust(source, "header"), f"/sources/{source.uid}/"):
        assert secret not in admin.get(place).text


def test_secret_that_is_replaced_works_on_as_chosen(admin, source):
    admin.post(trust(source, "bearer"), {"secret": SECRET})
    sent = {"make_secret": "on", "keep_old_minutes": "60", "address_ranges": ""}
    admin.post(trust(source, "bearer"), sent)
    source.refresh_from_db()
    assert secret_of(source) != SECRET
    assert panel(admin, source)["old_secret_ends_at"] == source.old_secret_ends_at
    assert source.old_secret_ends_at is not None


def test_what_cannot_be_used_is_said_beside_the_field(admin, source):
    sent = {"secret": SECRET, "address_ranges": "192.0.2.1/24"}
    page = admin.post(trust(source, "bearer"), sent)
    assert page.status_code == 422
    [said] = page.context["form"].errors["address_ranges"]
    assert said == (
        "'192.0.2.1/24': Give an address or a range such as 192.0.2.0/24 or "
        "2001:db8::/32. The bits after the prefix must be zero."
    )
    source.refresh_from_db()
    assert source.verification == "none"


def test_another_address_lets_the_former_one_work_on_and_end(admin, source):
    before = bytes(source.key_digest)
    rotate = reverse("source-rotate", args=[source.uid])
    admin.post(rotate, {"keep_old_minutes": "1440"})
    source.refresh_from_db()
    assert bytes(source.old_key_digest) == before
    assert panel(admin, source)["old_key"].last_used_at is None
    admin.post(reverse("source-end-old-key", args=[source.uid]))
    source.refresh_from_db()
    assert (source.old_key_digest, panel(admin, source)["old_key"]) == (None, None)
    assert bytes(source.key_digest) != before
    assert admin.post(rotate, {"keep_old_minutes": "5"}).status_code == 422


def test_page_tells_what_is_proved_and_what_was_refused(admin, source):
    Refusal.objects.create(
        source=source,
        reason="signature_wrong",
        count=3,
        first_at=NOW,
        last_at=NOW,
        last_size_bytes=10,
        last_sha256=digest_of_key("body"),
        last_address="192.0.2.9",
    )
    page = admin.get(reverse("source-detail", args=[source.uid]))
    assert "URL secret only. Anyone who knows the address can post." in page.text
    assert "Its signature does not fit its body and the secret." in page.text
    assert "192.0.2.9" in page.text
