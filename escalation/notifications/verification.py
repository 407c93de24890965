"""Prove that a contact method reaches its owner, before anybody is paged there.

The code is derived from the installation's secret key and the number of the sending,
so that it stands in no table: neither the outbox nor the method's row holds it.
"""

import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.utils.crypto import salted_hmac

from escalation.notifications import retry
from escalation.notifications.methods import record_change
from escalation.notifications.models import ContactMethod, Notification
from escalation.notifications.outbox import (
    NewNotification,
    message_by,
    queue_notifications,
)
from escalation.notifications.render import Message
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording

MAX_TRIES: Final = 5
_SEND_AGAIN_AFTER: Final = timedelta(seconds=60)
_MAX_CODES: Final = 20
# A code has six digits: adding one address under many names must not make it a lottery,
# nor a stranger's mailbox the target of a flood.
_MAX_WAITING: Final = 10
_DAY: Final = timedelta(days=1)
_DIGITS: Final = 6
_PLACE: Final = "{code}"
_SALT: Final = "escalation.notifications.verification"


def start_verification(method: ContactMethod, *, now: datetime) -> Notification:
    """Send a fresh code to the method; the one before it stops working.

    Locks the method. Raises NotPossible when it is verified or was just sent one.
    """
    with recording(now):
        method = _locked(method)
        _require_sendable(method, now)
        method.verification_count += 1
        method.verification_tries = 0
        method.verification_sent_at = now
        code = _code(method.pk, method.verification_count)
        method.verification_digest = _digest(method, code)
        method.save(update_fields=_FIELDS)
        return queue_notifications([_message_row(method)], now=now)[0]


def confirm(
    method: ContactMethod, *, code: str, actor: Actor, now: datetime
) -> ContactMethod:
    """Verify the method with the code that it received. Locks it.

    Raises BadInput for a wrong code (five per sending) and NotPossible without one.
    """
    with recording(now):
        method = _locked(method)
        _require_answerable(method, now)
        digest = _digest(method, "".join(code.split()))
        is_right = hmac.compare_digest(bytes(method.verification_digest or b""), digest)
        if is_right:
            method.verified_at, method.verification_digest = now, None
            record_change(method, "verified", actor)
        else:
            method.verification_tries += 1
        method.save(update_fields=_FIELDS)
    # Raised after the commit: a wrong try must count.
    if not is_right:
        left = MAX_TRIES - method.verification_tries
        raise BadInput(
            "code", code, f"Look again at the message; {left} tries are left."
        )
    return method


def fill_in_code(message: Message, *, dedup_key: str) -> Message:
    """Put the code into a message on its way out."""
    _, method_id, number = dedup_key.split(":")
    code = _code(int(method_id), int(number))
    return replace(
        message,
        text=message.text.replace(_PLACE, code),
        data={**message.data, "code": code},
    )


_FIELDS: Final = (
    "verified_at",
    "verification_count",
    "verification_digest",
    "verification_sent_at",
    "verification_tries",
)


def _locked(method: ContactMethod) -> ContactMethod:
    rows = ContactMethod.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("organisation", "user").get(pk=method.pk)


def _require_sendable(method: ContactMethod, now: datetime) -> None:
    state = _state(method)
    if method.verified_at is not None:
        raise NotPossible("This address is verified already.", state=state)
    if method.disabled_at is not None:
        raise NotPossible("This address was removed.", state=state)
    if method.verification_count >= _MAX_CODES:
        message = "Too many codes were sent here. Add the address under another name."
        raise NotPossible(message, state=state)
    if _count_others_waiting(method, now) >= _MAX_WAITING:
        message = "Too many addresses wait for their code. Try again tomorrow."
        raise NotPossible(message, state=state)
    last = method.verification_sent_at
    if last is not None and now < last + _SEND_AGAIN_AFTER:
        raise NotPossible("A code was sent just now. Wait a minute.", state=state)


def _count_others_waiting(method: ContactMethod, now: datetime) -> int:
    """Count other methods of the same owner, removed ones too, with a code of today."""
    others = ContactMethod.objects.filter(
        organisation=method.organisation_id, user=method.user_id, verified_at=None
    ).exclude(pk=method.pk)
    return others.filter(verification_sent_at__gt=now - _DAY).count()


def _require_answerable(method: ContactMethod, now: datetime) -> None:
    state = _state(method)
    sent_at = method.verification_sent_at
    if method.verified_at is not None:
        raise NotPossible("This address is verified already.", state=state)
    if method.verification_digest is None or sent_at is None:
        raise NotPossible("No code was sent yet. Ask for one.", state=state)
    if now >= sent_at + retry.LIFETIMES[retry.VERIFY]:
        raise NotPossible("The code is too old. Ask for another.", state=state)
    if method.verification_tries >= MAX_TRIES:
        raise NotPossible("Too many wrong codes. Ask for another.", state=state)


def _state(method: ContactMethod) -> dict[str, object]:
    return {
        "verified": method.verified_at is not None,
        "codes_sent": method.verification_count,
        "tries_left": max(MAX_TRIES - method.verification_tries, 0),
    }


def _message_row(method: ContactMethod) -> NewNotification:
    organisation = method.organisation.name
    text = (
        f"Your code is {_PLACE}\n\n"
        f"Somebody, probably you, asked {organisation} to reach you here when an "
        "incident needs you. Enter the code where you asked for it; it works for 24 "
        "hours. If it was not you, do nothing: you will not be paged here."
    )
    message = Message(
        subject=f"[Tocsin] Verify this address for {organisation}",
        text=text,
        url="",
        data={"purpose": retry.VERIFY, "organisation": organisation},
    )
    return message_by(
        method,
        dedup_key=f"verify:{method.pk}:{method.verification_count}",
        purpose=retry.VERIFY,
        message=message,
        desk=organisation,
    )


def _code(method_id: int, number: int) -> str:
    value = f"{method_id}:{number}"
    digest = salted_hmac(_SALT, value, algorithm="sha256").digest()
    return f"{int.from_bytes(digest[:8]) % 10**_DIGITS:0{_DIGITS}d}"


def _digest(method: ContactMethod, code: str) -> bytes:
    value = f"{method.pk}:{method.verification_count}:{code}"
    return salted_hmac(f"{_SALT}.digest", value, algorithm="sha256").digest()
