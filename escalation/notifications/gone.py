"""Switch off contact methods whose receiver says that it is gone for ever, and say so."""

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from escalation.notifications import retry
from escalation.notifications.address_book import AddressBook
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import NewNotification, queue_notifications
from escalation.notifications.render import Message
from incidents.events.actor import Actor
from incidents.events.record import record


def switch_off(method_ids: Collection[int], *, now: datetime) -> None:
    """Disable these methods, and tell their person, else the desk or an administrator.

    Requires an open `recording`. The number of statements does not grow with the methods.
    """
    if not method_ids:
        return
    rows = ContactMethod.objects.filter(pk__in=method_ids, disabled_at=None)
    locked = rows.select_for_update(no_key=True, of=("self",)).order_by("pk")
    methods = list(locked.select_related("organisation", "user"))
    if not methods:
        return
    rows.filter(pk__in=[method.pk for method in methods]).update(disabled_at=now)
    for method in methods:
        _record(method)
    book = AddressBook.load(
        {method.organisation_id for method in methods},
        user_ids={method.user_id for method in methods if method.user_id},
    )
    words = [
        _word(method, to, now)
        for method in methods
        for to in book.methods_of(
            method.organisation_id, filter(None, [method.user_id])
        )
    ]
    queue_notifications(words, now=now)


def _record(method: ContactMethod) -> None:
    # The address is personal: the record names the method only.
    record(
        "config.changed",
        organisation_id=method.organisation_id,
        actor=Actor.system(method.organisation),
        body={
            "what": f"contact method {method.slug} switched off",
            "changes": [f"{method.channel}: its receiver says that it is gone"],
        },
    )


def _word(method: ContactMethod, to: ContactMethod, now: datetime) -> NewNotification:
    organisation = method.organisation.name
    whose = str(method.user) if method.user else f"the desk of {organisation}"
    message = Message(
        subject=f"[Tocsin] A way to reach {whose} is gone",
        text=(
            f"The receiver of {whose} ({method.channel}, {method.slug}) answered that it "
            "is gone for ever. It was switched off: nothing is sent there any more.\n\n"
            "It is your move: see that there is another verified way."
        ),
        url=settings.BASE_URL + reverse("account"),
        data={
            "purpose": retry.GONE,
            "organisation": organisation,
            "method": method.slug,
        },
    )
    return NewNotification(
        dedup_key=f"gone:{method.pk}:{now:%Y%m%d%H%M%S%f}:{to.pk}",
        organisation_id=method.organisation_id,
        purpose=retry.GONE,
        channel=to.channel,
        address=to.address,
        message=message,
        method_id=to.pk,
        recipient_user_id=to.user_id,
        recipient_name=str(to.user) if to.user else organisation,
    )
