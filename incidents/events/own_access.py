"""Make and end people's own ways in, API tokens and passwords, each as an entry.

A token or a password opens what its person's organisations see, so each of these has the
entry in its own record, in the transaction of the change. Who belongs to none opens
nothing. The functions stand here and not in `organisations`, because they record.
"""

from collections.abc import Iterable
from datetime import datetime

from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.organisations.models import ApiToken, Organisation, User
from incidents.organisations.tokens import create_token, revoke_token


def make_token(
    user: User,
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    now: datetime,
    by_operator: bool = False,
) -> tuple[ApiToken, str]:
    """Make a token for the person. Returns the row and the text, never shown again.

    Raises BadInput for an unknown scope.
    """
    with recording(now):
        token, text = create_token(
            user, name=name, scopes=scopes, expires_at=expires_at
        )
        body = {"who": str(user), "role": _holder(token)}
        _record("access.granted", user, body, by_operator=by_operator)
    return token, text


def end_token(token: ApiToken, *, at: datetime, now: datetime) -> ApiToken:
    """End the token; a second time changes nothing. `at` is real time, as tokens' age."""
    with recording(now):
        rows = ApiToken.objects.select_for_update(no_key=True, of=("self",))
        token = rows.select_related("user").get(pk=token.pk)
        if token.revoked_at is None:
            token = revoke_token(token, now=at)
            body = {"who": str(token.user), "role": _holder(token)}
            _record("access.revoked", token.user, body)
    return token


def note_password(user: User, *, by_operator: bool = False) -> None:
    """Record that the password became another. Requires an open recording."""
    how = "was given a password" if by_operator else "changed the password"
    what = f"{how}; other sessions ended"
    body = {"who": str(user), "what": what}
    _record("access.changed", user, body, by_operator=by_operator)


def _holder(token: ApiToken) -> str:
    ends = f", until {token.expires_at.isoformat()}" if token.expires_at else ""
    scopes = ", ".join(token.scopes)
    return f"holder of the API token {token.prefix}… {token.name} ({scopes}{ends})"


def _record(
    kind: str, user: User, body: dict[str, str], *, by_operator: bool = False
) -> None:
    for organisation in Organisation.objects.of(user).order_by("pk"):
        as_user = Actor.of(user, organisation)
        record(
            kind,
            organisation_id=organisation.pk,
            actor=Actor.system(organisation) if by_operator else as_user,
            body=body,
            subjects={"who": user.uid},
        )
