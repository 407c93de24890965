"""Make, check and revoke API tokens: only a digest of each is kept.

A token looks like `toc_` and 43 characters of base64url. Whoever holds it may do what its
person may do, as far as its scopes go.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import models

from incidents.errors import BadInput
from incidents.organisations.models import ApiToken, User

TOKEN_PREFIX: Final = "toc_"  # noqa: S105  not a secret, the mark of one
_SECRET_BYTES: Final = 32
_SHOWN_CHARACTERS: Final = 12
# A busy token would otherwise write one row version for each request.
_LAST_USED_RESOLUTION: Final = timedelta(minutes=1)


class Scope(models.TextChoices):
    """What a token may be used for, beside its person's roles."""

    READ = "read", "read incidents and configuration"
    WRITE = "write", "file incidents and act on them"
    CONFIGURE = "configure", "change sources, policies, routes, people and tokens"


def create_token(
    user: User,
    *,
    name: str,
    scopes: Iterable[str] = tuple(Scope.values),
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token for the person. Returns the row and the text, which is never shown again.

    Raises BadInput for an unknown scope.
    """
    text = TOKEN_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=text[:_SHOWN_CHARACTERS],
        digest=_digest(text),
        scopes=_checked_scopes(scopes),
        expires_at=expires_at,
    )
    return token, text


def authenticate_token(text: str, *, now: datetime) -> ApiToken | None:
    """Return the valid token of an active person, None for any other text."""
    if not text.startswith(TOKEN_PREFIX):
        return None
    token = ApiToken.objects.select_related("user").filter(digest=_digest(text)).first()
    if token is None or not token.is_valid(now) or not token.user.is_active:
        return None
    _note_use(token, now)
    return token


def revoke_token(token: ApiToken, *, now: datetime) -> ApiToken:
    """End the token from `now` on; a second time changes nothing."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
    token.refresh_from_db()
    return token


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _checked_scopes(scopes: Iterable[str]) -> list[str]:
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in Scope.values]
    if unknown or not wanted:
        known = ", ".join(Scope.values)
        raise BadInput("scopes", ", ".join(unknown), f"Use one or more of {known}.")
    return wanted


def _note_use(token: ApiToken, now: datetime) -> None:
    stale = now - _LAST_USED_RESOLUTION
    if token.last_used_at is not None and token.last_used_at > stale:
        return
    ApiToken.objects.filter(pk=token.pk).filter(
        models.Q(last_used_at=None) | models.Q(last_used_at__lte=stale)
    ).update(last_used_at=now)
    token.last_used_at = now
