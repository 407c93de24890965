import re
from datetime import timedelta

import pytest

from escalation.models import ContactMethod, Notification
from escalation.notifications.delivery import deliver_batch
from escalation.notifications.outbox import desk_methods
from escalation.notifications.verification import confirm, start_verification
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.models import Entry, Organisation
from tests.escalation.notifications.makers import NOW, make_method, make_webhook
from tests.escalation.notifications.servers import MailServer

pytestmark = pytest.mark.django_db


def received_code(mail_server: MailServer) -> str:
    body = mail_server.mails[-1].get_body(("plain",))
    text = body.get_content() if body is not None else ""
    found = re.search(r"Your code is ([0-9]{6})\s*$", text, re.MULTILINE)
    assert found is not None
    return found[1]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def by(method: ContactMethod) -> Actor:
    return Actor.system(method.organisation)


@pytest.fixture
def method(lab: Organisation) -> ContactMethod:
    return make_method(lab, verified_at=None)


def test_method_is_used_only_after_its_code_came_back(lab, method, mail_server):
    start_verification(method, now=NOW)
    deliver_batch(NOW)
    assert desk_methods([lab.pk]) == {}
    confirmed = confirm(
        method, code=f" {received_code(mail_server)} ", actor=by(method), now=NOW
    )
    assert confirmed.verified_at == NOW
    [entry] = Entry.objects.filter(kind="config.changed")
    said = read_fields([entry])[entry.pk]["what"]
    assert said == f"contact method {method.slug} verified"
    assert desk_methods([lab.pk]) == {lab.pk: [method]}


def test_code_stands_in_no_table(method, mail_server):
    row = start_verification(method, now=NOW)
    deliver_batch(NOW)
    code = received_code(mail_server)
    stored = Notification.objects.filter(pk=row.pk).values().get()
    kept = ContactMethod.objects.filter(pk=method.pk).values().get()
    assert code not in str(stored["message"])
    assert code.encode() not in bytes(kept["verification_digest"] or b"")


def test_webhook_gets_its_code_as_data(lab, http_server):
    method = make_webhook(lab, http_server.url, verified_at=None)
    start_verification(method, now=NOW)
    deliver_batch(NOW)
    assert re.search(rb'"code":"[0-9]{6}"', http_server.posts[0].body)


def test_wrong_code_counts_and_five_end_it(method, mail_server):
    start_verification(method, now=NOW)
    deliver_batch(NOW)
    code = received_code(mail_server)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(BadInput, match=f"{left} tries are left"):
            confirm(method, code=wrong(code), actor=by(method), now=NOW)
    with pytest.raises(NotPossible, match="Too many wrong codes"):
        confirm(method, code=code, actor=by(method), now=NOW)
    method.refresh_from_db()
    assert method.verified_at is None


def test_new_code_replaces_the_old_one(method, mail_server):
    later = NOW + timedelta(seconds=61)
    start_verification(method, now=NOW)
    deliver_batch(NOW)
    first = received_code(mail_server)
    start_verification(method, now=later)
    deliver_batch(later)
    second = received_code(mail_server)
    with pytest.raises(BadInput):
        confirm(method, code=first, actor=by(method), now=later)
    assert (
        confirm(method, code=second, actor=by(method), now=later).verified_at == later
    )


def test_code_is_not_sent_twice_in_a_minute(method):
    start_verification(method, now=NOW)
    with pytest.raises(NotPossible, match="just now"):
        start_verification(method, now=NOW + timedelta(seconds=59))


def test_code_works_for_a_day(method, mail_server):
    start_verification(method, now=NOW)
    deliver_batch(NOW)
    with pytest.raises(NotPossible, match="too old"):
        confirm(
            method,
            code=received_code(mail_server),
            actor=by(method),
            now=NOW + timedelta(hours=24),
        )


def test_verified_method_needs_no_code(lab):
    with pytest.raises(NotPossible, match="verified already"):
        start_verification(make_method(lab), now=NOW)


def test_confirm_without_a_code_is_not_possible(method):
    with pytest.raises(NotPossible, match="No code was sent"):
        confirm(method, code="000000", actor=by(method), now=NOW)


def test_one_owner_cannot_try_codes_on_many_addresses_a_day(lab):
    waiting = [make_method(lab, verified_at=None) for _ in range(11)]
    for method in waiting[:10]:
        start_verification(method, now=NOW)
        ContactMethod.objects.filter(pk=method.pk).update(disabled_at=NOW)
    with pytest.raises(NotPossible, match="Too many addresses"):
        start_verification(waiting[10], now=NOW)
    tomorrow = NOW + timedelta(days=1)
    assert start_verification(waiting[10], now=tomorrow).method_id == waiting[10].pk
