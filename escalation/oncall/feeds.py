"""Let calendars outside read shifts: secret addresses that end, and what they answer.

An address looks like `…/oncall/feeds/tocf_….ics`. It is shown once; only a digest of
its secret is kept. Whoever has it reads the shifts of one schedule, or of one person.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from escalation.oncall.editing import record_change
from escalation.oncall.loading import plans_of
from escalation.oncall.models import FeedToken, Schedule
from escalation.oncall.plan import Shift
from escalation.oncall.shifts import shifts
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import Organisation, User

FEED_PREFIX: Final = "tocf_"
MAX_DAYS: Final = 366
# What a calendar program gets: a little of what was, the next months. In steps, because
# a shift that is cut at the edge is another one each time that the edge moves.
_STEP: Final = timedelta(days=28)
_AHEAD_STEPS: Final = 5
_SECRET_BYTES: Final = 32
_SHOWN_CHARACTERS: Final = 12


def make_feed(
    owner: Schedule | Organisation,
    *,
    days: int,
    user: User,
    actor: Actor,
    now: datetime,
) -> tuple[FeedToken, str]:
    """Make an address of a schedule, or of the person's shifts in an organisation.

    Returns the row and its secret, which is never shown again. Raises BadInput.
    """
    if not 1 <= days <= MAX_DAYS:
        raise BadInput("days", days, f"Choose 1 to {MAX_DAYS} days.")
    schedule = owner if isinstance(owner, Schedule) else None
    text = FEED_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    with recording(now):
        feed = FeedToken.objects.create(
            organisation_id=schedule.organisation_id if schedule else owner.pk,
            schedule=schedule,
            made_by=user,
            prefix=text[:_SHOWN_CHARACTERS],
            digest=_digest(text),
            made_at=now,
            expires_at=now + timedelta(days=days),
        )
        _record(feed, "made", actor)
    return feed, text


def revoke_feed(feed: FeedToken, *, actor: Actor, now: datetime) -> FeedToken:
    """End the address at once; a second time changes nothing."""
    with recording(now):
        rows = FeedToken.objects.filter(pk=feed.pk, revoked_at=None)
        if rows.update(revoked_at=now):
            _record(feed, "revoked", actor)
    feed.refresh_from_db()
    return feed


def find_feed(text: str, *, now: datetime) -> FeedToken | None:
    """Return the valid feed of a secret; its maker must still be of the organisation."""
    if not text.startswith(FEED_PREFIX):
        return None
    rows = FeedToken.objects.select_related("schedule", "organisation", "made_by")
    feed = rows.filter(digest=_digest(text)).first()
    if feed is None or not feed.is_valid(now) or not feed.made_by.is_active:
        return None
    if feed.schedule is not None and feed.schedule.archived_at is not None:
        return None
    members = feed.organisation.memberships.filter(ended_at=None)
    return feed if members.filter(user=feed.made_by).exists() else None


def shifts_of_feed(
    feed: FeedToken, *, now: datetime
) -> Sequence[tuple[Schedule, Shift]]:
    """Return what the feed shows: each schedule's shifts, with the fallback's."""
    if feed.schedule is not None:
        schedules = [feed.schedule]
    else:
        rows = Schedule.objects.filter(organisation=feed.organisation)
        schedules = list(rows.in_use())
    start, end = _window(now)
    plans = plans_of(schedules, since=start)
    return [
        (schedule, shift)
        for schedule in schedules
        for shift in shifts(plans[schedule.pk], start, end)
        if feed.schedule is not None or feed.made_by_id in shift.people
    ]


def _window(now: datetime) -> tuple[datetime, datetime]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    start = epoch + (now - epoch) // _STEP * _STEP - _STEP
    return start, start + (1 + _AHEAD_STEPS) * _STEP


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _record(feed: FeedToken, verb: str, actor: Actor) -> None:
    expiry = f"until {feed.expires_at.isoformat()}"
    if feed.schedule is not None:
        what = f"calendar address of schedule {feed.schedule.slug} {verb}"
        record_change(feed.schedule, what, [feed.prefix, expiry], actor)
        return
    record(
        "config.changed",
        organisation_id=feed.organisation_id,
        actor=actor,
        body={
            "what": f"calendar address of a person's shifts {verb}",
            "changes": [feed.prefix, expiry],
        },
    )
