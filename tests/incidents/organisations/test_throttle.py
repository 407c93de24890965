from datetime import timedelta

import pytest
from django.urls import reverse

from incidents.models import SignInFailure
from incidents.organisations.throttle import (
    ACCOUNT_FAILURES,
    ADDRESS_FAILURES,
    WINDOW,
    TooManyTries,
    address_of,
    begin_try,
    forgive,
)
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

HERE, THERE = "192.0.2.7", "198.51.100.9"
SECRET = "a long enough secret"


@pytest.fixture
def person():
    user = factories.person(factories.lab("aurora"), "dana@aurora.example")
    user.set_password(SECRET)
    user.save()
    return user


def fail(times, email="dana@aurora.example", *, address=HERE, now=NOW):
    for _ in range(times):
        begin_try(email, address=address, now=now)


def test_the_eleventh_try_within_the_window_waits_for_the_first_to_age():
    fail(1)
    fail(ACCOUNT_FAILURES - 1, now=NOW + timedelta(minutes=5))

    with pytest.raises(TooManyTries) as refused:
        begin_try("Dana@Aurora.example ", address=HERE, now=NOW + timedelta(minutes=6))

    assert refused.value.wait == timedelta(minutes=9)
    begin_try("dana@aurora.example", address=HERE, now=NOW + WINDOW)


def test_a_refused_try_does_not_make_the_wait_longer():
    fail(ACCOUNT_FAILURES)
    for minute in range(1, 15):
        with pytest.raises(TooManyTries):
            fail(1, now=NOW + timedelta(minutes=minute))

    assert SignInFailure.objects.count() == ACCOUNT_FAILURES
    fail(1, now=NOW + WINDOW)


def test_other_accounts_and_other_addresses_go_on():
    fail(ACCOUNT_FAILURES)

    fail(1, "ben@aurora.example")
    fail(1, address=THERE)


def test_guessing_through_many_accounts_ends_at_the_address():
    for number in range(ADDRESS_FAILURES):
        fail(1, f"person{number}@aurora.example")

    with pytest.raises(TooManyTries):
        fail(1, "another@aurora.example")
    fail(1, "another@aurora.example", address=THERE)


def test_the_right_password_forgives_this_account_from_here_only():
    fail(ACCOUNT_FAILURES - 1)
    fail(2, address=THERE)
    fail(3, "ben@aurora.example")

    forgive(begin_try("dana@aurora.example", address=HERE, now=NOW))

    assert SignInFailure.objects.filter(address=HERE).count() == 3
    assert SignInFailure.objects.filter(address=THERE).count() == 2


def test_nothing_is_kept_longer_than_the_window():
    fail(3, address=THERE)

    fail(1, now=NOW + WINDOW)

    assert SignInFailure.objects.get().at == NOW + WINDOW


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", None),
        ("unix:", None),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(rf, peer, counted):
    assert address_of(rf.get("/", REMOTE_ADDR=peer)) == counted


def test_only_behind_a_proxy_is_its_header_believed(rf, settings):
    request = rf.get("/", REMOTE_ADDR=HERE, HTTP_X_FORWARDED_FOR=f"10.0.0.1, {THERE}")
    settings.SECURE_PROXY_SSL_HEADER = None
    assert address_of(request) == HERE
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert address_of(request) == THERE
    settings.ADDRESS_HEADER = "HTTP_X_REAL_IP"
    assert address_of(request) == HERE
    assert address_of(rf.get("/", REMOTE_ADDR=HERE, HTTP_X_REAL_IP=THERE)) == THERE


@pytest.mark.parametrize("email", ["dana@aurora.example", "nobody@aurora.example"])
def test_the_page_says_how_long_to_wait_whether_or_not_there_is_an_account(
    client, person, email
):
    url, wrong = reverse("sign-in"), {"username": email, "password": "wrong"}
    answers = [client.post(url, wrong) for _ in range(ACCOUNT_FAILURES)]
    assert {answer.status_code for answer in answers} == {422}

    refused = client.post(url, {**wrong, "password": SECRET})

    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= WINDOW.total_seconds()
    assert "Wait 15 minutes" in refused.text
    assert "_auth_user_id" not in client.session


def test_signing_in_forgets_the_failures_before_it(client, person):
    url, email = reverse("sign-in"), "dana@aurora.example"
    for _ in range(ACCOUNT_FAILURES - 1):
        client.post(url, {"username": email, "password": "wrong"})

    assert client.post(url, {"username": email, "password": SECRET}).url == "/"

    assert not SignInFailure.objects.exists()
