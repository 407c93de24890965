import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.notifications.address_book import AddressBook
from tests.escalation.notifications.makers import (
    NOW,
    make_agency,
    make_lab,
    make_method,
    make_user,
)

pytestmark = pytest.mark.django_db


def test_told_are_the_people_else_the_desk_else_the_administrators(lab):
    ann, admin = make_user(lab), make_user(lab, "admin")
    desk = make_method(lab)
    hers, admins = make_method(lab, user=ann), make_method(lab, user=admin)

    def told():
        book = AddressBook.load([lab.pk], user_ids=[ann.pk])
        return book.methods_of(lab.pk, [ann.pk])

    assert told() == [hers]
    ann.memberships.update(ended_at=NOW)
    assert told() == [desk]
    desk.disabled_at = NOW
    desk.save()
    assert told() == [admins]
    admin.memberships.update(ended_at=NOW)
    assert told() == []


def test_a_person_is_reached_for_each_organisation_by_its_own_methods(lab):
    agency, ann = make_agency(), make_user(lab)
    agency.memberships.create(user=ann, role="officer")
    methods = {side.pk: make_method(side, user=ann) for side in (lab, agency)}
    book = AddressBook.load([lab.pk, agency.pk], user_ids=[ann.pk])
    assert {pk: book.methods_of(pk, [ann.pk]) for pk in methods} == {
        pk: [method] for pk, method in methods.items()
    }


def test_statements_do_not_grow_with_the_organisations(lab):
    labs = [lab, make_lab("meridian"), make_lab("borealis")]
    people = [make_user(one, "admin") for one in labs]

    def statements(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            AddressBook.load(
                [one.pk for one in labs[:count]],
                user_ids=[person.pk for person in people[:count]],
            )
        return len(captured)

    assert statements(1) == statements(3)
