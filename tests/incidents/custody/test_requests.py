import re
import uuid

import pytest
from django.db import ProgrammingError, connection, transaction

from incidents.custody.erasing import erase
from incidents.custody.holds import place_hold
from incidents.custody.models import ErasureState
from incidents.custody.places import erasable, places_of_person
from incidents.custody.requests import (
    approve_erasure,
    ask_erasure,
    carry_out,
    decline_erasure,
)
from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.events.access import end_role
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import comment
from incidents.incident.shares import share
from incidents.ledger.canonical import GENESIS, parse_leaf
from incidents.ledger.merkle import leaf_hash
from incidents.models import (
    DataKey,
    Disclosure,
    Entry,
    Erased,
    Incident,
    Pending,
    Stream,
)
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.lab("aurora")


@pytest.fixture
def naisa():
    return make.agency("naisa")


@pytest.fixture
def ann(lab):
    return make.person(lab, "ann@aurora.example", role="approver")


@pytest.fixture
def bob(lab):
    return make.person(lab, "bob@aurora.example", role="approver")


@pytest.fixture
def incident(lab, naisa):
    made = make.incident(lab, title="Call Zoe Quill", description="Zoe Quill took it")
    actor = Actor.system(lab)
    share(made, agency=naisa, reason="x", user=None, actor=actor, now=NOW)
    return made


def named(incident, lab, *names):
    rows = erasable(incident, lab).filter(name__in=names).select_related("entry")
    return [
        {"stream": str(r.entry.stream_id), "seq": r.entry.seq, "field": r.name}
        for r in rows
    ]


def ask(lab, user, of, fields=()):
    actor = Actor.of(user, lab)
    return ask_erasure(
        lab,
        of=of,
        fields=fields,
        basis="GDPR 17(1)(d)",
        reason="Collected by mistake",
        user=user,
        actor=actor,
        now=NOW,
    )


def approve(erasure, user):
    actor = Actor.of(user, erasure.organisation)
    return approve_erasure(erasure, user=user, actor=actor, now=NOW)


def hold(lab, user, on):
    actor = Actor.of(user, lab)
    place_hold(lab, on=on, matter="7", reason="x", user=user, actor=actor, now=NOW)


def check_chains():
    for stream in Stream.objects.all():
        before = GENESIS
        for entry in stream.entries.order_by("seq"):
            assert parse_leaf(bytes(entry.leaf)).prev == before
            before = leaf_hash(bytes(entry.leaf))
        assert bytes(stream.last_hash) == before


def leave(lab, person, admin):
    for row in person.memberships.filter(ended_at=None):
        end_role(row, actor=Actor.of(admin, lab), now=NOW)


def test_two_people_erase_a_value_wherever_it_stands(lab, naisa, ann, bob, incident):
    erasure = ask(lab, ann, incident, named(incident, lab, "title"))
    assert approve(erasure, ann).state == ErasureState.ASKED
    assert approve(erasure, bob).state == ErasureState.DONE
    incident.refresh_from_db()
    assert not Disclosure.objects.filter(name="title")
    assert (incident.title, incident.description) == ("(erased)", "Zoe Quill took it")
    check_chains()


def test_each_stream_that_loses_a_value_says_so(lab, naisa, ann, bob, incident):
    comment(
        incident,
        text="Zoe Quill again",
        is_shared=True,
        organisation=lab,
        user=ann,
        actor=Actor.of(ann, lab),
        now=NOW,
    )
    fields = named(incident, lab, "text")
    erasure = ask(lab, ann, incident, fields[:1])
    approve(erasure, ann)
    approve(erasure, bob)
    assert not Disclosure.objects.filter(name="text")
    saying = Entry.objects.filter(kind="disclosure.erased")
    lost = Erased.objects.values_list("entry__stream", flat=True)
    assert set(saying.values_list("stream", flat=True)) == set(lost)
    assert saying.count() == len(fields) == 2
    sealer = Pending.objects.filter(consumer="sealer", kind="disclosure.erased")
    assert sealer.count() == saying.count()
    told = [item.summary for item in timeline(incident, [naisa.pk])]
    assert told[-1] == "Values erased: GDPR 17(1)(d)"


def test_the_timeline_says_when_and_why_a_value_is_gone(lab, ann, bob, incident):
    erasure = ask(lab, ann, incident, named(incident, lab, "title"))
    approve(erasure, ann)
    approve(erasure, bob)
    opened = timeline(incident, [lab.pk])[0]
    assert "Zoe" not in opened.summary
    assert re.search(r"erased on \d{4}-\d\d-\d\d by decision", opened.erased)


def test_one_person_alone_erases_nothing(lab, ann, incident):
    erasure = ask(lab, ann, incident, named(incident, lab, "title"))
    approve(erasure, ann)
    with pytest.raises(NotPossible, match="another person"):
        approve(erasure, ann)
    assert not Erased.objects.exists()


def test_a_declined_request_erases_nothing(lab, ann, bob, incident):
    erasure = ask(lab, ann, incident, named(incident, lab, "title"))
    decline_erasure(erasure, reason="Needed", actor=Actor.of(bob, lab), now=NOW)
    with pytest.raises(NotPossible, match="declined"):
        approve(erasure, ann)


@pytest.mark.parametrize("name", ["body", "nothing"])
def test_bookkeeping_and_unknown_fields_are_refused(lab, ann, incident, name):
    place = {**named(incident, lab, "title")[0], "field": name}
    with pytest.raises(BadInput, match="fields"):
        ask(lab, ann, incident, [place])


def test_what_another_organisation_holds_is_refused(lab, naisa, ann, incident):
    officer = make.person(naisa, role="supervisor")
    with pytest.raises(BadInput, match="fields"):
        ask(naisa, officer, incident, named(incident, lab, "title"))


def test_under_a_hold_a_request_is_refused_and_recorded(lab, ann, incident):
    hold(lab, ann, incident)
    erasure = ask(lab, ann, incident, named(incident, lab, "title"))
    assert erasure.state == ErasureState.REFUSED
    told = [item.kind for item in timeline(incident, [lab.pk])]
    assert told[-2:] == ["erasure.asked", "erasure.refused"]


def test_an_agencys_hold_keeps_what_it_shares_with_the_lab(
    lab, naisa, ann, bob, incident
):
    erasure = ask(lab, ann, incident, named(incident, lab, "title"))
    hold(naisa, make.person(naisa, role="supervisor"), incident)
    approve(erasure, ann)
    assert approve(erasure, bob).state == ErasureState.REFUSED
    assert not Erased.objects.exists()
    assert Incident.objects.get().title == "Call Zoe Quill"


def test_postgresql_refuses_under_a_hold_even_without_our_look(lab, ann, incident):
    hold(lab, ann, incident)
    places = places_of_person(ann)
    with (
        pytest.raises(ProgrammingError, match="a legal hold covers"),
        transaction.atomic(),
    ):
        erase(
            places,
            basis="x",
            erasure=uuid.uuid4(),
            actor=Actor.system(lab),
            now=NOW,
        )
    assert not Entry.objects.filter(kind="disclosure.erased").exists()


def test_a_list_that_the_entry_does_not_record_is_refused(lab, ann, bob, incident):
    erasure = ask(lab, ann, incident, named(incident, lab, "title")[:1])
    approve(erasure, ann)
    approve(erasure, bob)
    entry = Entry.objects.filter(kind="disclosure.erased").first()
    with (
        pytest.raises(ProgrammingError, match="does not record this list"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT tocsin_erase(%s, %s)", [entry.pk, "WyJ4IiwieCIsW11d"])


def test_a_person_is_erased_with_key_and_columns(lab, ann, bob, incident):
    cid = make.person(lab, "cid@aurora.example", role="staff")
    cid.name = "Cid Vane"
    cid.save()
    method = make.contact(lab, user=cid, address="cid@aurora.example")
    comment(
        incident,
        text="by me",
        is_shared=False,
        organisation=lab,
        user=cid,
        actor=Actor.of(cid, lab),
        now=NOW,
    )
    leave(lab, cid, ann)
    assert places_of_person(cid)
    erasure = ask(lab, ann, cid)
    approve(erasure, ann)
    assert approve(erasure, bob).state == ErasureState.DONE
    cid.refresh_from_db()
    method.refresh_from_db()
    assert (cid.is_active, "vane" in cid.name.lower()) == (False, False)
    assert cid.email == f"erased-{cid.pk}@erased.invalid"
    assert "cid@" not in method.address
    assert not DataKey.objects.filter(owner=cid.uid).exists()
    assert not places_of_person(cid)
    assert timeline(incident, [lab.pk])
    check_chains()


def test_a_person_with_a_role_is_not_erased(lab, ann, bob):
    with pytest.raises(NotPossible, match="End the person's roles"):
        ask(lab, ann, bob)


def test_a_person_of_elsewhere_is_not_erased(lab, naisa, ann):
    with pytest.raises(BadInput, match="person"):
        ask(lab, ann, make.person(naisa))


def test_nobody_approves_their_own_erasure(lab, ann, bob):
    leave(lab, bob, ann)
    with pytest.raises(NotAllowed):
        approve(ask(lab, ann, bob), bob)


def test_carrying_out_needs_both_approvals(lab, ann, incident):
    erasure = ask(lab, ann, incident, named(incident, lab, "title"))
    with pytest.raises(NotPossible):
        carry_out(erasure, actor=Actor.of(ann, lab), now=NOW)
