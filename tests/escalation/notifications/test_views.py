import pytest
from django.core.mail import EmailMessage
from django.urls import reverse

from escalation.models import ContactMethod, Notification
from escalation.notifications.delivery import deliver_batch
from escalation.notifications.file_mailbox import EmailBackend
from escalation.notifications.mailbox import MAILBOX_BACKEND
from incidents.timers.clock import read_now
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def aurora():
    return make.lab("aurora")


def add(client, **changes):
    body = {
        "channel": "email",
        "address": "new@aurora.example",
        "organisation": "aurora",
    }
    return client.post(reverse("contact-method-new"), {**body, **changes})


def test_a_new_address_is_used_only_with_the_code_that_it_got(
    client, aurora, mail_server
):
    client.force_login(make.person(aurora))
    verify = add(client).url
    deliver_batch(read_now())
    text = mail_server.mails[0].get_body(("plain",)).get_content()
    code = text.split("Your code is ")[1][:6]

    wrong = client.post(verify, {"code": "not it"})
    assert (wrong.status_code, set(wrong.context["form"].errors)) == (422, {"code"})
    assert ContactMethod.objects.get().verified_at is None
    client.post(verify, {"code": code})

    assert ContactMethod.objects.get().verified_at is not None


def test_a_bad_address_comes_back_with_what_was_typed(client, aurora):
    client.force_login(make.person(aurora))

    response = add(client, address="nonsense")

    assert response.status_code == 422
    assert 'value="nonsense"' in response.text
    assert not ContactMethod.objects.exists()


def test_a_webhooks_secret_is_shown_once(client, aurora, settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    client.force_login(make.person(aurora))

    made = add(client, channel="webhook", address="http://127.0.0.1:9/hook")

    secret = made.context["new_secret"]
    assert secret.startswith("whsec_")
    assert secret not in client.get(reverse("account")).text


@pytest.mark.parametrize("name", ["verify", "resend", "delete"])
def test_nobody_touches_the_address_of_another(client, aurora, name):
    method = make.contact(aurora, make.person(aurora), is_verified=False)
    client.force_login(make.person(aurora, role="admin"))

    response = client.post(reverse(f"contact-method-{name}", args=[method.pk]))

    method.refresh_from_db()
    assert (response.status_code, method.disabled_at) == (404, None)
    assert not Notification.objects.exists()


def test_a_removed_address_is_paged_no_more(client, aurora):
    person = make.person(aurora)
    method = make.contact(aurora, person)
    client.force_login(person)

    client.post(reverse("contact-method-delete", args=[method.pk]))

    method.refresh_from_db()
    assert method.disabled_at is not None
    assert client.get(reverse("account")).context["contact_methods"] == []


def test_the_mailbox_shows_only_mail_to_ones_own_organisation(
    client, aurora, settings, tmp_path
):
    settings.DEMO, settings.EMAIL_BACKEND = True, MAILBOX_BACKEND
    settings.MAILBOX_DIR = settings.EMAIL_FILE_PATH = tmp_path
    officer = make.person(make.agency("naisa"), role="officer")
    make.contact(aurora, address="desk@aurora.example")
    mails = [
        EmailMessage("To the lab", "text", to=["desk@aurora.example"]),
        EmailMessage("To nobody here", "text", to=["else@elsewhere.example"]),
    ]
    EmailBackend().send_messages(mails)
    client.force_login(make.person(aurora))

    mine = client.get(reverse("mailbox")).context["mails"]
    client.force_login(officer)
    theirs = client.get(reverse("mailbox")).context["mails"]

    assert ([mail.subject for mail in mine], theirs) == (["To the lab"], [])
    url = reverse("mailbox-message", args=[mine[0].name])
    assert client.get(url).status_code == 404


def test_there_is_no_mailbox_outside_the_demo(client, aurora, settings):
    settings.DEMO = False
    client.force_login(make.person(aurora))

    assert client.get(reverse("mailbox")).status_code == 404


def test_the_button_behind_a_link_is_not_refused_by_browsers(client):
    page = client.get(reverse("acknowledge-by-link", args=["nonsense"]))

    # With no-referrer a browser sends "Origin: null", which the CSRF check refuses.
    assert page["Referrer-Policy"] == "same-origin"
