from datetime import timedelta

import pytest

from config.health import CONSUMERS
from escalation.loop import fire_due
from escalation.models import Notification
from escalation.tasks import ask_witnesses
from incidents.events.actor import Actor
from incidents.models import Organisation, QuorumMiss, Tick, Witness
from incidents.organisations.roles import Role
from incidents.timers.clock import read_now
from incidents.timers.ticks import note_tick
from incidents.witnessing.editing import change_witness
from incidents.witnessing.pulled import take_note
from incidents.witnessing.quorums import QuorumSetting, set_quorum
from incidents.witnessing.standing import read_standing
from incidents.witnessing.vitals import measure_witnesses
from incidents.witnessing.watching import watch_if_due, watch_quorum
from tests.escalation.notifications.makers import make_method, make_user
from tests.factories import NOW, agency, lab
from tests.incidents.ledger.simulated_log import AGENCY, LAB
from tests.incidents.sealing.log import LocalSigner
from tests.incidents.witnessing.parties import cosigned, our_head, witness

pytestmark = pytest.mark.django_db


@pytest.fixture
def platform():
    made = Organisation.objects.create(slug="ops", name="Ops", kind="platform")
    make_method(made, user=make_user(made, Role.OPERATOR), address="op@tocsin.example")
    return made


@pytest.fixture
def signer():
    return LocalSigner()


@pytest.fixture
def head(platform, signer):
    side = agency()
    make_method(side, address="desk@agency.example")
    witness(AGENCY, "naisa", side)
    witness(LAB, "aurora", lab())
    head = our_head(signer=signer)
    take(head, AGENCY, LAB)
    return head


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def take(head, *keys, minutes=0, behind=0):
    """Takes lines of a head, by witnesses whose clocks go so many minutes behind."""
    seconds = int(at(minutes - behind).timestamp())
    for key in keys:
        take_note(cosigned(head.note, key, seconds).encode(), at(minutes))


def told():
    fire_due(at(1000))
    rows = Notification.objects.order_by("id")
    return list(rows.values_list("address", "purpose", "is_urgent"))


def test_operator_is_told_once_that_a_quorum_is_missed_and_once_of_its_end(head):
    # The agency goes on, and its heartbeats alone make no quorum.
    for minutes in (5, 10, 11, 12):
        take(head, AGENCY, minutes=minutes)
        watch_quorum(at(minutes))
    missed = ("op@tocsin.example", "quorum", True)
    assert told() == [missed]
    text = Notification.objects.get().message["text"]
    assert "for 11 minutes, since 23 Nov 2026, 03:00 UTC." in text
    assert "Awaited: aurora." in text
    take(head, LAB, minutes=20)
    watch_quorum(at(20))
    watch_quorum(at(21))
    assert told() == [missed, ("op@tocsin.example", "quorum_back", False)]
    assert QuorumMiss.objects.get().over_at == at(20)


def test_watch_looks_every_ten_seconds(head):
    for seconds in (0, 9, 601, 610, 612):
        watch_if_due(NOW + timedelta(seconds=seconds))
        looked = Tick.objects.get(consumer="quorum").ran_at - NOW
        assert looked.seconds == {0: 0, 9: 0, 601: 601, 610: 601, 612: 612}[seconds]
    assert QuorumMiss.objects.count() == 1


def test_quorum_of_heads_counts_and_not_that_each_witness_is_heard(signer, head):
    assert read_standing(at(1)).vouched_at == NOW
    newer = our_head(signer=signer)
    take(newer, AGENCY, minutes=9)
    take(head, LAB, minutes=9)
    standing = read_standing(at(9))
    # Neither is awaited, yet no head has both since.
    assert (standing.vouched_at, standing.awaited) == (NOW, ())


@pytest.mark.parametrize("behind", [120, -50])
def test_wrong_clock_of_a_witness_neither_hides_nor_feigns_a_miss(signer, head, behind):
    newer = our_head(signer=signer)
    take(newer, AGENCY, minutes=3)
    take(newer, LAB, minutes=4, behind=behind)
    assert read_standing(at(5)).vouched_at == at(3)
    take(newer, AGENCY, minutes=30)
    assert read_standing(at(30)).vouched_at == at(4)


def test_witness_is_not_missed_before_it_could_answer(platform):
    assert read_standing(at(60)).vouched_at is None
    our_head()
    Witness.objects.create(slug="new", vkey=LAB.public.vkey(), added_at=at(60))
    assert read_standing(at(61)).vouched_at == at(60)
    Witness.objects.update(is_active=False)
    assert read_standing(at(90)).vouched_at is None


def test_end_of_the_last_witness_ends_a_miss_without_a_word(head):
    watch_quorum(at(11))
    Witness.objects.update(is_active=False)
    watch_quorum(at(12))
    assert QuorumMiss.objects.get().over_at == at(12)
    assert [purpose for _, purpose, _ in told()] == ["quorum"]


def test_witness_that_begins_again_is_waited_for_from_then_on(head, platform):
    watch_quorum(at(11))
    ops = Actor.system(platform)
    for row in Witness.objects.all():
        change_witness(row, is_active=False, actor=ops, now=at(12))
    watch_quorum(at(12))
    for row in Witness.objects.all():
        change_witness(row, is_active=True, actor=ops, now=at(60))
    watch_quorum(at(69))
    assert [purpose for _, purpose, _ in told()] == ["quorum"]
    watch_quorum(at(71))
    assert [purpose for _, purpose, _ in told()] == ["quorum", "quorum"]
    assert QuorumMiss.objects.get(over_at=None).since == at(60)


def test_platform_says_for_how_long_it_may_be_missed(head, platform):
    setting = QuorumSetting(None, alarm_minutes=30)
    set_quorum(setting, actor=Actor.system(platform), now=NOW)
    assert not measure_witnesses(at(30)).is_missed
    assert measure_witnesses(at(31)).is_missed


def test_miss_is_on_the_status_page_in_the_metrics_and_at_the_witnesses(
    head, platform, client
):
    ask_witnesses()
    for consumer in CONSUMERS:
        note_tick(consumer, read_now())
    client.force_login(make_user(platform, Role.ADMIN))
    for place in ("/status/", "/witnesses/"):
        page = client.get(place).text
        assert "No quorum of witnesses vouches for the log." in page
        assert "Awaited: aurora, naisa." in page
    assert "Call aurora, naisa." in client.get("/").text
    assert "\ntocsin_quorum_missed 1\n" in client.get("/metrics").text
    shown = client.get("/readyz").json()
    assert (shown["quorum_missed"], shown["awaited_witnesses"]) == (
        True,
        ["aurora", "naisa"],
    )
    shown = client.get("/api/v1/status/").json()["witnesses"]
    assert (shown["is_missed"], shown["cosigned_size"]) == (True, 1)
