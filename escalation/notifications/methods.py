"""Add and remove contact methods: ways to reach a person or an organisation's desk."""

from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from escalation.notifications.channels.registry import CHANNELS
from escalation.notifications.channels.webhook_target import Refused, parse_address
from escalation.notifications.models import ContactMethod
from escalation.notifications.webhook_signature import new_secret
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.ledger.keyring import seal_secret
from incidents.models import Organisation, User

SECRET_CONTEXT: Final = "contact-method"  # noqa: S105  the name of a purpose


def add_contact_method(  # noqa: PLR0913 - one method, whose, who added it, and when
    organisation: Organisation,
    *,
    user: User | None,
    slug: str,
    channel: str,
    address: str,
    actor: Actor,
    now: datetime,
) -> tuple[ContactMethod, str]:
    """Add a method that must be verified before use; a removed one of the name returns.

    Returns it and, for a webhook, its signing secret, shown this once. Raises BadInput.
    """
    check_address(channel, address)
    secret = new_secret() if channel == "webhook" else ""
    with recording(now):
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        method = ContactMethod.objects.filter(
            organisation=organisation, user=user, slug=slug
        ).first()
        if method is not None and method.disabled_at is None:
            raise BadInput("slug", slug, "It is taken; choose another.")
        method = method or ContactMethod(
            organisation=organisation, user=user, slug=slug
        )
        _start_afresh(method, channel=channel, address=address)
        if secret:
            sealed = seal_secret(secret.encode(), context=SECRET_CONTEXT)
            method.secret_sealed = sealed
        method.save()
        _record_change(method, "added", actor)
    return method, secret


def remove_contact_method(
    method: ContactMethod, *, actor: Actor, now: datetime
) -> ContactMethod:
    """Stop using a method. Raises NotPossible for one that is removed already."""
    with recording(now):
        rows = ContactMethod.objects.filter(pk=method.pk, disabled_at=None)
        if not rows.update(disabled_at=now):
            raise NotPossible("It is removed already.", state={"enabled": False})
        _record_change(method, "removed", actor)
    method.refresh_from_db()
    return method


def check_address(channel: str, address: str) -> None:
    """Raise BadInput unless the channel can use the address."""
    if channel not in CHANNELS:
        raise BadInput("channel", channel, f"Use one of {', '.join(CHANNELS)}.")
    try:
        if channel == "email":
            validate_email(address)
        if channel == "webhook":
            parse_address(address)
    except ValidationError as error:
        remedy = "Write an e-mail address like name@lab.example."
        raise BadInput("address", address, remedy) from error
    except Refused as error:
        raise BadInput("address", address, f"It is refused: {error}.") from error


def _start_afresh(method: ContactMethod, *, channel: str, address: str) -> None:
    method.channel, method.address = channel, address
    method.secret_sealed = None
    method.verified_at = method.disabled_at = None
    method.verification_digest = None
    method.verification_tries = 0


def _record_change(method: ContactMethod, verb: str, actor: Actor) -> None:
    # The address is personal: the record names the method only.
    whose = f"of {actor.name}" if method.user_id else "of the desk"
    record(
        "config.changed",
        organisation_id=method.organisation_id,
        actor=actor,
        body={
            "what": f"contact method {method.slug} {verb}",
            "changes": [f"{method.channel} {whose}"],
        },
    )
