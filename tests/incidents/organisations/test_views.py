import pytest
from django.urls import reverse

from incidents.models import ApiToken
from incidents.organisations.tokens import create_token
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    user = factories.person(factories.lab("aurora"), "dana@aurora.example")
    user.set_password("a long enough secret")
    user.save()
    return user


def sign_in(client, **changes):
    body = {"username": "DANA@aurora.example", "password": "a long enough secret"}
    return client.post(reverse("sign-in"), {**body, **changes})


def test_signing_in_leads_to_where_one_wanted_to_go(client, person):
    assert sign_in(client, next="/incidents/").url == "/incidents/"


def test_signing_in_never_leads_off_the_site(client, person):
    assert sign_in(client, next="https://evil.example/").url == "/"


def test_a_wrong_password_keeps_the_address_and_says_one_thing(client, person):
    response = sign_in(client, password="wrong")

    assert response.status_code == 422
    assert 'value="DANA@aurora.example"' in response.text
    assert "This address and password do not belong together." in response.text


def test_demo_accounts_show_only_in_the_demo(client, person, settings):
    settings.DEMO = False
    assert "demo_accounts" not in client.get(reverse("sign-in")).context
    settings.DEMO = True
    accounts = client.get(reverse("sign-in")).context["demo_accounts"]
    assert [a["email"] for a in accounts] == ["dana@aurora.example"]


def test_signing_out_needs_a_post(client, person):
    client.force_login(person)

    assert client.get(reverse("sign-out")).status_code == 405
    client.post(reverse("sign-out"))

    assert client.get(reverse("home")).url == "/sign-in/?next=/"


def test_a_new_token_is_shown_once(client, person):
    client.force_login(person)

    made = client.post(
        reverse("token-new"), {"name": "CI", "scopes": ["read"], "days": "30"}
    )

    text = made.context["new_token"]
    token = ApiToken.objects.get()
    assert (token.scopes, text[:12]) == (["read"], token.prefix)
    assert text not in client.get(reverse("account")).text


def test_nobody_revokes_the_token_of_another(client, person):
    token, _ = create_token(person, name="CI")
    client.force_login(factories.person(factories.lab("meridian"), role="admin"))

    response = client.post(reverse("token-revoke", args=[token.pk]))

    token.refresh_from_db()
    assert (response.status_code, token.revoked_at) == (404, None)


def test_a_changed_password_keeps_this_session(client, person):
    client.force_login(person)
    new = "another long secret"

    client.post(
        reverse("password-change"),
        {
            "old_password": "a long enough secret",
            "new_password1": new,
            "new_password2": new,
        },
    )

    assert client.get(reverse("account")).status_code == 200
    person.refresh_from_db()
    assert person.check_password(new)
