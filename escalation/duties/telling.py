"""Tell people about a decision of theirs: that its day has come, or that it does not fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from escalation.duties.models import Decision
from escalation.lawbook.profiles import Profile, profiles_of
from escalation.notifications import retry
from escalation.notifications.address_book import AddressBook
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    message_by,
    queue_notifications,
)
from escalation.notifications.render import facts_of, render_message


@dataclass(frozen=True, slots=True)
class Word:
    """What is said about a decision, and once for which key. `people` are users' ids."""

    decision: Decision
    key: str
    why: str
    people: tuple[int | None, ...]


def tell(words: Sequence[Word], *, now: datetime) -> None:
    """Tell these people, and whoever answers for the organisation's duties.

    Needs a transaction. Takes a fixed number of statements.
    """
    if not words:
        return
    profiles = profiles_of({word.decision.organisation_id for word in words})
    people = [_people(one, profiles[one.decision.organisation_id]) for one in words]
    book = AddressBook.load(
        set(profiles), user_ids={pk for found in people for pk in found}
    )
    queue_notifications(
        [
            _row(word, method)
            for word, found in zip(words, people, strict=True)
            for method in book.methods_of(word.decision.organisation_id, found)
        ],
        now=now,
    )


def _people(word: Word, profile: Profile) -> list[int]:
    people = [*word.people, profile.accountable_id]
    return list(dict.fromkeys(pk for pk in people if pk))


def _row(word: Word, method: ContactMethod) -> NewNotification:
    decision = word.decision
    facts = facts_of(
        decision.incident,
        purpose=retry.DECISION,
        channel=method.channel,
        organisation_name=decision.organisation.name,
        base_url=settings.BASE_URL,
        why=word.why,
    )
    desk = f"{decision.organisation.name} desk"
    return message_by(
        method,
        dedup_key=f"{word.key}:{method.pk}",
        purpose=retry.DECISION,
        message=render_message(facts),
        desk=desk,
        incident=decision.incident,
    )
