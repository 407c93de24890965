import hashlib
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from incidents.errors import BadInput
from incidents.models import ApiToken
from incidents.organisations.tokens import (
    authenticate_token,
    create_token,
    revoke_token,
)
from tests.api_world import ApiWorld
from tests.factories import NOW


def test_only_the_digest_is_kept(api_world: ApiWorld) -> None:
    token, text = create_token(api_world.person("staff"), name="n")
    token.refresh_from_db()
    assert text.startswith("toc_")
    assert bytes(token.digest) == hashlib.sha256(text.encode()).digest()
    assert token.prefix == text[:12]


def test_valid_token_is_its_person(api_world: ApiWorld) -> None:
    _, text = create_token(api_world.person("staff"), name="n")
    found = authenticate_token(text, now=NOW)
    assert found is not None
    assert found.user == api_world.person("staff")


@pytest.mark.parametrize("change", ["expired", "revoked", "inactive", "other"])
def test_token_ends(api_world: ApiWorld, change: str) -> None:
    user = api_world.person("staff")
    expires_at = NOW if change == "expired" else NOW + timedelta(days=1)
    token, text = create_token(user, name="n", expires_at=expires_at)
    if change == "revoked":
        revoke_token(token, now=NOW - timedelta(hours=1))
    if change == "inactive":
        user.is_active = False
        user.save(update_fields=["is_active"])
    if change == "other":
        text += "x"
    assert authenticate_token(text, now=NOW) is None


def test_last_use_is_written_once_a_minute(api_world: ApiWorld) -> None:
    token, text = create_token(api_world.person("staff"), name="n")
    used = []
    for seconds in (0, 59, 61):
        authenticate_token(text, now=NOW + timedelta(seconds=seconds))
        token.refresh_from_db()
        used.append(token.last_used_at)
    assert used == [NOW, NOW, NOW + timedelta(seconds=61)]


def test_unknown_scope_is_named(api_world: ApiWorld) -> None:
    with pytest.raises(BadInput) as caught:
        create_token(api_world.person("staff"), name="n", scopes=["rule"])
    assert (caught.value.field, caught.value.value) == ("scopes", "rule")


def test_command_prints_the_token_alone_on_its_last_line(api_world: ApiWorld) -> None:
    email, out = api_world.person("staff").email, StringIO()
    call_command("create_token", user=email, name="ci", scope=["read"], stdout=out)
    last = out.getvalue().rstrip("\n").split("\n")[-1]
    found = authenticate_token(last, now=timezone.now())
    assert found is not None
    assert (found.user.email, found.name, found.scopes) == (email, "ci", ["read"])


def test_command_names_an_unknown_person(api_world: ApiWorld) -> None:
    with pytest.raises(CommandError, match=r"no active account 'x@y\.example'"):
        call_command("create_token", user="x@y.example", name="ci")
    assert not ApiToken.objects.exists()
