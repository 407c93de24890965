"""Held mail is told of, without its words, and not more often than every quarter."""

from datetime import timedelta

import pytest

from escalation.loop import fire_due
from escalation.models import Notification
from incidents.models import Mail
from tests import factories as make
from tests.escalation.notifications.makers import NOW, make_method, make_user

pytestmark = pytest.mark.django_db


def _told() -> list[tuple[str, str]]:
    rows = Notification.objects.filter(purpose="mail").order_by("pk")
    return list(rows.values_list("address", "message__text"))


def _fire(seconds: int = 1) -> None:
    fire_due(NOW + timedelta(seconds=seconds))


def test_desk_is_told_of_held_mail_without_its_words(lab):
    make_method(lab, address="desk@lab.example")
    make_method(lab, user=make_user(lab, "admin"))
    make.held_mail(lab, "Extortion", now=NOW)
    _fire()
    [(address, text)] = _told()
    assert address == "desk@lab.example"
    assert text.startswith("An e-mail is held for review")
    assert "Extortion" not in str(Notification.objects.get().message)


def test_administrators_are_told_where_there_is_no_desk(lab):
    make_method(lab, user=make_user(lab, "admin"), address="admin@lab.example")
    make_method(lab, user=make_user(lab, "staff"), address="staff@lab.example")
    make.held_mail(lab, now=NOW)
    _fire()
    assert [address for address, _ in _told()] == ["admin@lab.example"]


def test_storm_of_held_mail_tells_once_in_a_quarter_of_an_hour(lab):
    make_method(lab)
    for second in range(3):
        make.held_mail(lab, now=NOW + timedelta(seconds=second))
        _fire(second + 1)
    assert len(_told()) == 1
    make.held_mail(lab, now=NOW + timedelta(minutes=15))
    _fire(15 * 60 + 1)
    assert len(_told()) == 2
    assert Mail.objects.count() == 4
