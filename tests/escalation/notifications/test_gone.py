from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.models import Notification
from escalation.notifications.delivery import deliver_batch
from escalation.notifications.gone import switch_off
from incidents.events.feed import read_fields
from incidents.events.record import recording
from incidents.models import Entry
from tests.escalation.notifications.makers import (
    NOW,
    make_method,
    make_user,
    make_webhook,
    new_page,
    queue_pages,
)

pytestmark = pytest.mark.django_db


def words() -> list[tuple[str, str]]:
    rows = Notification.objects.filter(purpose="gone").order_by("pk")
    return [(row.address, row.message["subject"]) for row in rows]


def off(*methods: Any) -> None:
    with recording(NOW):
        switch_off([method.pk for method in methods], now=NOW)


def test_receiver_that_is_gone_is_switched_off_recorded_and_told(lab, http_server):
    desk, hook = make_method(lab), make_webhook(lab, http_server.url, slug="pager")
    queue_pages([new_page(hook)])
    http_server.answer = (410, {})
    deliver_batch(NOW)
    hook.refresh_from_db()
    assert hook.disabled_at == NOW
    entry = Entry.objects.get(kind="config.changed")
    fields = read_fields([entry])[entry.pk]
    assert (fields["what"], fields["changes"]) == (
        "contact method pager switched off",
        ["webhook: its receiver says that it is gone"],
    )
    assert words() == [
        (desk.address, "[Tocsin] A way to reach the desk of Aurora Labs is gone")
    ]


def test_person_hears_by_another_method_else_the_desk_does(lab):
    ann = make_user(lab)
    desk = make_method(lab)
    first, second = make_method(lab, user=ann), make_method(lab, user=ann)
    off(first)
    subject = f"[Tocsin] A way to reach {ann} is gone"
    assert words() == [(second.address, subject)]
    off(second)
    assert words() == [(second.address, subject), (desk.address, subject)]


def test_method_that_is_off_is_told_once(lab):
    make_method(lab)
    hook = make_method(lab)
    off(hook)
    off(hook)
    assert len(words()) == 1


def test_statements_do_not_grow_with_the_methods(lab):
    make_method(lab)
    hooks = [make_method(lab, user=make_user(lab)) for _ in range(4)]

    def statements(some: list[Any]) -> int:
        with CaptureQueriesContext(connection) as captured:
            off(*some)
        return len(captured)

    # The first entry makes the organisation's stream.
    off(make_method(lab))
    assert statements(hooks[:1]) == statements(hooks[1:])
