from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.models import Notification
from escalation.notifications.outbox import (
    desk_methods,
    methods_for_users,
    methods_named,
)
from incidents.events.feed import timeline
from incidents.models import Membership, User
from tests.escalation.notifications.makers import (
    NOW,
    make_agency,
    make_incident,
    make_method,
    make_user,
    new_page,
    queue_pages,
)

pytestmark = pytest.mark.django_db


def test_same_dedup_key_is_queued_once(lab):
    method = make_method(lab)
    first = queue_pages([new_page(method, dedup_key="run:1:1:1:1:1")])
    again = queue_pages(
        [
            new_page(method, dedup_key="run:1:1:1:1:1"),
            new_page(method, dedup_key="run:1:1:1:1:2"),
        ]
    )
    assert [row.dedup_key for row in first] == ["run:1:1:1:1:1"]
    assert [row.dedup_key for row in again] == ["run:1:1:1:1:2"]
    assert Notification.objects.count() == 2


def test_same_dedup_key_in_one_batch_is_queued_once(lab):
    method = make_method(lab)
    rows = queue_pages(
        [new_page(method, dedup_key="k"), new_page(method, dedup_key="k")]
    )
    assert [row.dedup_key for row in rows] == ["k"]


def test_queued_page_is_due_now_and_expires_after_half_an_hour(lab):
    row = queue_pages([new_page(make_method(lab))])[0]
    row.refresh_from_db()
    assert (row.status, row.next_attempt_at) == ("queued", NOW)
    assert row.expires_at == NOW + timedelta(minutes=30)


def test_only_what_was_really_queued_is_recorded(lab):
    incident, method = make_incident(lab), make_method(lab)
    page = new_page(method, incident=incident, recipient_name="Ann", dedup_key="k")
    row = queue_pages([page])[0]
    queue_pages([page])
    entries = [
        item.data for item in timeline(incident, [lab.pk]) if "queued" in item.kind
    ]
    assert len(entries) == 1
    assert entries[0]["recipient"] == "Ann"
    assert entries[0]["message_sha256"] == row.message_sha256


def test_statements_do_not_grow_with_the_batch(lab):
    methods = [make_method(lab, user=make_user(lab)) for _ in range(30)]
    incidents = [make_incident(lab) for _ in range(30)]

    def statements(count: int) -> int:
        pages = [
            new_page(m, incident=i, recipient_user_id=m.user_id)
            for m, i in zip(methods[:count], incidents[:count], strict=True)
        ]
        with CaptureQueriesContext(connection) as captured:
            queue_pages(pages)
        return len(captured)

    statements(30)
    assert statements(1) == statements(30)


def test_methods_are_those_verified_enabled_and_of_the_organisation(lab):
    ann, bo = make_user(lab), make_user(lab)
    first = make_method(lab, user=ann)
    second = make_method(lab, user=ann)
    make_method(lab, user=ann, verified_at=None)
    make_method(lab, user=ann, disabled_at=NOW)
    make_method(make_agency(), user=ann)
    make_method(lab)
    assert methods_for_users([ann.pk, bo.pk], [lab.pk]) == {
        (lab.pk, ann.pk): [first, second]
    }


def test_methods_of_people_who_left_are_not_used(lab):
    ann, bo, cy = (make_user(lab) for _ in range(3))
    for person in (ann, bo, cy):
        make_method(lab, user=person)
    Membership.objects.filter(user=ann).update(ended_at=NOW)
    make_agency().memberships.create(user=ann, role="officer")
    User.objects.filter(pk=bo.pk).update(is_active=False)
    # One of two roles has ended: she is still there, and listed once.
    Membership.objects.create(organisation=lab, user=cy, role="admin")
    Membership.objects.create(organisation=lab, user=cy, role="viewer", ended_at=NOW)
    assert [
        (user, len(methods))
        for user, methods in methods_for_users([ann.pk, bo.pk, cy.pk], [lab.pk]).items()
    ] == [((lab.pk, cy.pk), 1)]


def test_desk_methods_are_those_without_a_person(lab):
    agency = make_agency()
    desk = make_method(agency)
    make_method(agency, user=make_user(agency, "officer"))
    make_method(agency, verified_at=None)
    assert desk_methods([lab.pk, agency.pk]) == {agency.pk: [desk]}


def test_methods_are_found_by_slug_and_by_address(lab):
    hook = make_method(lab, slug="pager", address="https://pager.example/in")
    make_method(make_agency(), slug="pager")
    names = ["pager", "https://pager.example/in", "nobody"]
    assert methods_named(lab.pk, names) == {names[0]: hook, names[1]: hook}
