from datetime import UTC, datetime

import pytest

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.evidence.proving import proving_head
from incidents.ledger.policy import parse_policy
from incidents.ledger.quorum import read_lines
from incidents.models import Cosigned, Entry, Organisation, Witness, WitnessQuorum
from incidents.sealing.places import newest_note
from incidents.witnessing.editing import WitnessDraft, add_witness, change_witness
from incidents.witnessing.own_policy import cosigners, own_policy, policy_with
from incidents.witnessing.previewing import preview_quorum
from incidents.witnessing.pulled import take_note
from incidents.witnessing.quorums import QuorumSetting, check_quorum, set_quorum
from tests.factories import NOW, agency, lab
from tests.incidents.ledger.simulated_log import AGENCY, LAB
from tests.incidents.sealing.log import LocalSigner
from tests.incidents.witnessing.parties import SECONDS, cosigned, our_head, witness
from tests.incidents.witnessing.test_own_policy import OTHER, SECOND

pytestmark = pytest.mark.django_db
ALL = "group three all naisa aurora body\nquorum three"
TWO = "group three 2 naisa aurora body\nquorum three"


@pytest.fixture(autouse=True)
def three():
    witness(AGENCY, "naisa", agency())
    witness(LAB, "aurora", lab())
    witness(OTHER, "body")


@pytest.fixture
def ops():
    return Organisation.objects.create(slug="ops", kind="platform", name="Ops")


@pytest.fixture
def change(ops, django_capture_on_commit_callbacks):
    """Sets a quorum by its lines, as a request would: to the end."""

    def run(lines, **more):
        draft = read_lines(lines) if lines else None
        with django_capture_on_commit_callbacks(execute=True):
            setting = QuorumSetting(draft, **more)
            return set_quorum(setting, actor=Actor.system(ops), now=NOW)

    return run


def take(head, *keys, after=0):
    for key in keys:
        take_note(cosigned(head.note, key, SECONDS + after).encode(), NOW)


def complete(which="first"):
    """Returns {size: seconds after NOW} of what is complete."""
    rows = Cosigned.objects.filter(which=which, quorum_at__isnull=False)
    return {row.size: int(row.quorum_at.timestamp()) - SECONDS for row in rows}


def test_heads_wait_for_the_quorum_that_was_set(change):
    change(TWO)
    head = our_head()
    take(head, OTHER)
    assert complete() == {}
    take(head, LAB, after=7)
    assert complete() == {head.size: 7}
    assert proving_head(0).is_cosigned


def test_what_was_complete_stays_so_under_another_quorum(change):
    signer = LocalSigner()
    head = our_head(signer=signer)
    take(head, AGENCY, LAB)
    take(head, AGENCY, LAB, after=60)
    before = newest_note()
    assert (complete(), complete("last")) == ({1: 0}, {1: 60})
    change(ALL)
    # A line more, which still does not make the new quorum, takes nothing away.
    take(head, LAB, after=120)
    assert (complete(), complete("last")) == ({1: 0}, {1: 60})
    assert newest_note() != before
    take(our_head(signer=signer), AGENCY, LAB)
    assert (complete(), proving_head(0).size) == ({1: 0}, 1)


def test_late_witness_makes_no_head_later(change):
    change("quorum naisa")
    head = our_head()
    take(head, AGENCY)
    change(ALL)
    take(head, LAB, OTHER, after=9)
    assert complete() == {head.size: 0}


def test_heads_that_lack_it_are_held_against_a_new_quorum(change):
    change(ALL)
    head = our_head()
    take(head, AGENCY)
    take(head, OTHER, after=4)
    assert complete() == {}
    change(TWO)
    assert complete() == {head.size: 4}


def test_end_of_a_witness_lets_heads_go_on_without_it(
    ops, django_capture_on_commit_callbacks
):
    take(our_head(), AGENCY)
    assert complete() == {}
    row = Witness.objects.get(slug="aurora")
    with django_capture_on_commit_callbacks(execute=True):
        change_witness(row, is_active=False, actor=Actor.system(ops), now=NOW)
    assert complete() == {1: 0}


def test_change_is_recorded_once(change):
    first = change(ALL, alarm_minutes=5)
    assert change(ALL, alarm_minutes=5) == first
    change("")
    kinds = Entry.objects.filter(kind="log.quorum_changed")
    assert kinds.count() == WitnessQuorum.objects.count() == 2
    assert own_policy().quorum == "sides"


def test_policy_as_a_file_has_the_groups(change):
    change("group outer all parties body\ngroup parties any naisa aurora\nquorum outer")
    policy = own_policy()
    assert parse_policy(policy.write()) == policy
    assert [one.name for one in policy.groups] == ["parties", "outer"]


def test_witness_that_the_quorum_names_does_not_end(change, ops):
    change(ALL)
    row = Witness.objects.get(slug="body")
    with pytest.raises(BadInput, match="names body in its group three"):
        change_witness(row, is_active=False, actor=Actor.system(ops), now=NOW)
    change("quorum naisa")
    change_witness(row, is_active=False, actor=Actor.system(ops), now=NOW)
    assert own_policy().quorum == "naisa"


def test_witness_takes_no_name_of_a_group(change, ops):
    change(ALL)
    for slug in ("three", "computed", "any"):
        draft = WitnessDraft(slug, SECOND.public.vkey())
        with pytest.raises(BadInput, match="means a group"):
            add_witness(draft, actor=Actor.system(ops), now=NOW)


def test_operators_own_witness_alone_is_no_quorum(ops):
    witness(SECOND, "own", ops)
    with pytest.raises(BadInput, match="own witnesses alone"):
        check_quorum(read_lines("group g any own naisa\nquorum g"), cosigners())
    check_quorum(read_lines("group g all own naisa\nquorum g"), cosigners())


def preview(lines):
    witnesses = cosigners()
    return preview_quorum(policy_with(read_lines(lines), witnesses), witnesses)


def test_quorum_that_leaves_a_side_out_is_warned_of():
    assert preview(ALL).warnings == ()
    assert preview("group g any naisa aurora\nquorum g").warnings == (
        "Heads can be complete without any agency's witness: naisa can be left out.",
        "Heads can be complete without any lab's witness: aurora can be left out.",
        "No part of the quorum: body.",
    )


def test_preview_tells_when_heads_would_have_been_complete_and_who_is_awaited():
    signer = LocalSigner()
    head = our_head(signer=signer)
    take(head, AGENCY, LAB)
    take(head, OTHER, after=30)
    take(our_head(signer=signer), OTHER, after=40)
    seen = preview(ALL)
    assert seen.needed == ("aurora", "body", "naisa")
    newer, older = seen.heads
    assert (newer.size, newer.would_be_at) == (2, None)
    assert newer.awaited == ("aurora", "naisa")
    at = datetime.fromtimestamp(SECONDS, UTC)
    assert (older.complete_at, older.awaited) == (at, ())
    assert (older.would_be_at - at).seconds == 30
    assert preview(TWO).needed == ()
