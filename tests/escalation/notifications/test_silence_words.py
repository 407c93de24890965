from datetime import timedelta

import pytest

from escalation.models import Notification
from escalation.notifications.silence_words import announce_ends
from incidents.events.actor import Actor
from incidents.intake.silences import SilenceDraft, create_silence
from incidents.models import Membership, Timer
from tests.escalation.notifications.makers import make_method, make_user
from tests.incidents.intake.intake_world import NOW, generic, make_source, post

pytestmark = pytest.mark.django_db

END = NOW + timedelta(hours=8)


@pytest.fixture
def author(lab):
    return make_user(lab)


@pytest.fixture
def silence(lab, author):
    return _silence(lab, author)


def _silence(lab, author, *, name=""):
    draft = SilenceDraft(
        matchers=[{"field": "title", "op": "=", "value": "Weights gone"}],
        starts_at=NOW,
        ends_at=END,
        reason="new switches",
    )
    made = create_silence(
        lab,
        draft,
        author=author,
        author_name=name,
        actor=Actor.system(lab),
        now=NOW,
    )
    post(make_source(lab), generic("Weights gone"))
    return made


def fire(now):
    timers = Timer.objects.filter(kind="silence.ending", due_at__lte=now)
    announce_ends(list(timers), now)


def addresses():
    return list(Notification.objects.order_by("id").values_list("address", flat=True))


def test_the_author_is_told_once_before_the_end_and_once_at_it(lab, author, silence):
    own = make_method(lab, user=author)
    make_method(lab)
    for _ in range(2):
        fire(END - timedelta(hours=1))
    assert addresses() == [own.address]
    for _ in range(2):
        fire(END)
    assert addresses() == [own.address] * 2
    rows = Notification.objects.order_by("id")
    subjects = [row.message["subject"] for row in rows]
    assert subjects == [
        "[Tocsin] A silence ends soon",
        "[Tocsin] A silence has ended",
    ]


def test_the_message_says_how_many_and_never_what(lab, author, silence):
    make_method(lab, user=author)
    fire(END - timedelta(hours=1))
    message = Notification.objects.get().message
    assert message["text"] == (
        "A silence ends at 2026-11-23 20:00 UTC and holds back 1 alert that fires."
        " What still fires then opens its incident. Let it last longer if that is too"
        f" soon.\n\nIt was made by {author}."
    )
    assert message["url"].endswith(f"/silences/#silence-{silence.uid}")
    assert "Weights" not in str(message)
    assert "switches" not in str(message)


def test_the_desk_is_told_when_the_author_has_left(lab, author, silence):
    make_method(lab, user=author)
    desk = make_method(lab)
    Membership.objects.filter(user=author).update(ended_at=NOW)
    fire(END)
    assert set(addresses()) == {desk.address}


def test_the_desk_is_told_of_a_tools_silence(lab, author):
    _silence(lab, None, name="amtool")
    desk = make_method(lab)
    make_method(lab, user=author)
    fire(END)
    assert set(addresses()) == {desk.address}
    assert "made by amtool." in Notification.objects.first().message["text"]
