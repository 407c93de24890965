"""A new way in must be declared; tokens and passwords leave an entry.

That each address which changes something records it: test_changing.py.
"""

from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from config.column_kinds import RANDOM, SEALED
from config.columns import COLUMNS
from incidents.events.feed import read_fields
from incidents.events.kinds import KINDS
from incidents.events.own_access import end_token, make_token
from incidents.models import Entry, User
from incidents.organisations.tokens import Scope
from incidents.sealing.log_events import LOG_KINDS
from tests import factories as make
from tests.access.access_changes import DECLARED, RECORDED
from tests.factories import NOW

pytestmark = pytest.mark.django_db

_SPANS = {
    *("granted_at", "ended_at", "unshared_at", "revoked_at", "disabled_at"),
    *("retired_at", "is_active", "members"),
}
PASSWORD = "a long enough secret"


def _may_give_access() -> set[str]:
    with_secret = {
        label
        for label, row in COLUMNS.items()
        if any(column in (RANDOM, SEALED) for column in row.values())
    }
    with_span = {
        model._meta.label
        for model in apps.get_models()
        if {field.name for field in model._meta.get_fields()} & _SPANS
    }
    return with_secret | with_span


def test_every_model_that_may_give_access_is_recorded_or_says_why_not():
    assert RECORDED.keys() & DECLARED.keys() == set()
    assert RECORDED.keys() | DECLARED.keys() == _may_give_access()


def test_what_records_it_is_a_kind_of_the_record():
    named = {kind for kinds in RECORDED.values() for kind in kinds}
    assert named - KINDS.keys() - LOG_KINDS.keys() == set()


def test_tokens_are_made_where_it_is_recorded_and_nowhere_else():
    root = Path(settings.BASE_DIR)
    making = [
        str(path.relative_to(root))
        for app in ("incidents", "escalation", "config")
        for path in (root / app).rglob("*.py")
        if "create_token(" in path.read_text(encoding="utf-8")
    ]
    assert sorted(making) == [
        "incidents/events/own_access.py",
        "incidents/organisations/tokens.py",
    ]


def _last(kind: str) -> dict[str, str]:
    entry = Entry.objects.filter(kind=kind).latest("pk")
    return read_fields([entry])[entry.pk]


def _token(user: User):
    return make_token(user, name="CI", scopes=[Scope.READ], expires_at=None, now=NOW)[0]


def test_token_is_an_entry_of_each_organisation_of_its_person():
    user = make.person(make.lab())
    make.person(make.agency(), user.email, role="officer")
    token = _token(user)
    assert Entry.objects.filter(kind="access.granted").count() == 2
    granted = _last("access.granted")
    assert granted["role"] == f"holder of the API token {token.prefix}… CI (read)"
    for _ in range(2):
        end_token(token, at=NOW, now=NOW)
    assert Entry.objects.filter(kind="access.revoked").count() == 2
    assert _last("access.revoked")["who"] == user.email


def test_token_of_somebody_without_an_organisation_opens_nothing_and_is_no_entry():
    _token(User.objects.create_user("nobody@nowhere.example"))
    assert Entry.objects.count() == 0


def test_token_of_the_command_is_an_entry_by_the_operator(capsys):
    user = make.person(make.lab())
    call_command("create_token", user=user.email, name="CI", scope=["read"])
    assert _last("access.granted")["actor"]["kind"] == "system"


def test_changed_password_is_an_entry(client: Client):
    user = make.person(make.lab())
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    sent = dict.fromkeys(("new_password1", "new_password2"), "another long secret")
    client.post(reverse("password-change"), {"old_password": PASSWORD, **sent})
    assert _last("access.changed")["what"] == (
        "changed the password; other sessions ended"
    )


def test_password_that_an_operator_gives_is_an_entry(monkeypatch, capsys):
    user = make.person(make.lab())
    monkeypatch.setattr("getpass.getpass", lambda prompt: "another long secret")
    call_command("changepassword", user.email)
    user.refresh_from_db()
    assert user.check_password("another long secret")
    told = _last("access.changed")
    assert (told["what"], told["actor"]["kind"]) == (
        "was given a password; other sessions ended",
        "system",
    )
