"""Add and remove contact methods: ways to reach a person or an organisation's desk."""

from datetime import datetime
from typing import Final

from escalation.notifications.addresses import read_address
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
    read = read_address(channel, address)
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
        _start_afresh(method, channel=channel, address=read.shown)
        if sealed := read.secret or secret:
            method.secret_sealed = seal_secret(sealed.encode(), context=SECRET_CONTEXT)
        method.save()
        record_change(method, "added", actor)
    return method, secret


def remove_contact_method(
    method: ContactMethod, *, actor: Actor, now: datetime
) -> ContactMethod:
    """Stop using a method. Raises NotPossible for one that is removed already."""
    with recording(now):
        rows = ContactMethod.objects.filter(pk=method.pk, disabled_at=None)
        if not rows.update(disabled_at=now):
            raise NotPossible("It is removed already.", state={"enabled": False})
        record_change(method, "removed", actor)
    method.refresh_from_db()
    return method


def _start_afresh(method: ContactMethod, *, channel: str, address: str) -> None:
    method.channel, method.address = channel, address
    method.secret_sealed = None
    method.verified_at = method.disabled_at = None
    method.verification_digest = None
    method.verification_tries = 0


def record_change(method: ContactMethod, verb: str, actor: Actor) -> None:
    """Record what was done to a method. Requires a recording transaction."""
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
