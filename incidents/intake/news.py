"""Decide what a batch of news makes of each alert. Pure: rows in, changes out.

News counts only when its (event time, delivery) is newer than what the row holds, so
that the two orders in which a pair of deliveries may commit end in the same state.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from incidents.intake.adapters.base import ParsedAlert
from incidents.intake.suppression import Hold

FIRING: Final = "firing"
RESOLVED: Final = "resolved"

AlertKey = tuple[int, str]
GroupKey = tuple[int, str]


@dataclass(frozen=True, slots=True)
class News:
    """One alert of one delivery, with its keys hashed.

    Some is not sent by a tool but made of a row when its time has come (`is_wake`); it
    counts only while the row still holds what it was made of. `reason` says why. A
    `hold` keeps an alert that fires from joining an incident. What `was_told` has been
    read well before. Where the tool named no time (not `is_timed`) that of receipt stands.
    """

    source_id: int
    delivery_id: int
    place: int
    received_at: datetime
    event_at: datetime
    dedup: str
    group: str
    alert: ParsedAlert
    expires_at: datetime | None = None
    reason: str = ""
    is_wake: bool = False
    hold: Hold | None = None
    is_replay: bool = False
    was_told: bool = False
    is_timed: bool = True

    @property
    def key(self) -> AlertKey:
        """Which alert it is about."""
        return self.source_id, self.dedup

    @property
    def stamp(self) -> tuple[datetime, int]:
        """What makes it newer or older than other news."""
        return self.event_at, self.delivery_id


@dataclass(frozen=True, slots=True)
class AlertRow:
    """What the database holds of an alert."""

    id: int
    key: AlertKey
    status: str
    event_at: datetime
    delivery_id: int
    incident_id: int | None
    is_home_open: bool
    title: str
    held_by: str = ""
    fired_at: datetime | None = None
    change_times: tuple[datetime, ...] = ()


class StepKind(StrEnum):
    """A change of an alert's state, named as it is recorded."""

    ATTACHED = "alert.attached"
    RESOLVED = "alert.resolved"
    SUPPRESSED = "alert.suppressed"
    ACKNOWLEDGED = "alert.acknowledged"
    NOTED = "alert.noted"


# What is said of an alert that fires, and changes nothing of it.
REMARKS: Final = {
    "acknowledged": StepKind.ACKNOWLEDGED,
    "noted": StepKind.NOTED,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One change of state. `joins` is the group it brings the alert to, if any."""

    kind: StepKind
    news: News
    is_in_new_home: bool


@dataclass(slots=True)
class AlertChange:
    """What the batch makes of one alert."""

    key: AlertKey
    row: AlertRow | None
    latest: News | None = None
    joins: GroupKey | None = None
    first_seen_at: datetime | None = None
    repeats: int = 0
    lates: int = 0
    held: Hold | None = None
    fired_at: datetime | None = None
    change_times: tuple[datetime, ...] = ()
    steps: list[Step] = field(default_factory=list)
    untold: list[News] = field(default_factory=list)

    @property
    def status(self) -> str | None:
        """Its state after the news taken so far, None before any."""
        if self.latest:
            return self.latest.alert.status
        return self.row.status if self.row else None

    @property
    def is_home_open(self) -> bool:
        """Whether it belongs to an incident that is open."""
        return self.joins is not None or bool(self.row and self.row.is_home_open)

    @property
    def held_by(self) -> str:
        """What holds it back after the news taken so far, empty for nothing."""
        if self.latest:
            return self.held.by if self.held else ""
        return self.row.held_by if self.row else ""

    def take(self, news: News) -> None:
        """Take one piece of news; older news is only counted."""
        if remark := REMARKS.get(news.alert.status):
            self._remark(remark, news)
            return
        self.first_seen_at = self.first_seen_at or news.received_at
        stamp = self._stamp()
        news = _not_before(news, stamp)
        if news.is_wake:
            if stamp == news.stamp and self.status == FIRING:
                self._wake(news)
        elif stamp is not None and news.stamp <= stamp:
            # What is read again was counted when it was read first.
            self.lates += not news.is_replay
        elif news.alert.status == FIRING:
            self._fire(news)
        else:
            self._clear(news)

    def _remark(self, kind: StepKind, news: News) -> None:
        """Take what is said of an alert that fires, unless it was said of an earlier time.

        What finds nothing that fires is kept apart: its alert may not have been read yet.
        """
        if news.was_told:
            return
        if self.status != FIRING:
            self.untold.append(news)
        elif self.fired_at is None or news.event_at >= self.fired_at:
            self._step(kind, news)

    def _stamp(self) -> tuple[datetime, int] | None:
        if self.latest:
            return self.latest.stamp
        return (self.row.event_at, self.row.delivery_id) if self.row else None

    def _fire(self, news: News) -> None:
        if self.status != FIRING:
            self.fired_at = news.event_at
        if not self.is_home_open and news.hold:
            self._hold(news, news.hold)
        elif self.status == FIRING and self.is_home_open:
            self.repeats += 0 if news.is_wake else 1
            self.held = None
        else:
            self.held = None
            if not self.is_home_open:
                self.joins = (news.source_id, news.group)
            self._step(StepKind.ATTACHED, news)
        self.latest = news

    def _hold(self, news: News, hold: Hold) -> None:
        """Keep it out of any incident; what holds it is told once."""
        if self.status != FIRING or self.held_by != hold.by:
            self._step(StepKind.SUPPRESSED, news)
        elif not news.is_wake:
            self.repeats += 1
        self.held = hold

    def _clear(self, news: News) -> None:
        self.held = None
        news = self._told_before(news)
        if self.status == FIRING:
            self._step(StepKind.RESOLVED, news)
        elif self.status == RESOLVED:
            self.repeats += 1
        self.latest = news

    def _told_before(self, news: News) -> News:
        """Return bare news with what was told of the alert before."""
        if not news.alert.is_bare:
            return news
        if self.latest is None:
            title = self.row.title if self.row else news.alert.title
            return replace(news, alert=replace(news.alert, title=title))
        ended_at = news.alert.ended_at
        alert = replace(self.latest.alert, status="resolved", ended_at=ended_at)
        return replace(news, alert=alert)

    def _wake(self, news: News) -> None:
        """Take what time brings to an alert that fires."""
        if news.alert.status == FIRING:
            self._fire(news)
        else:
            self._clear(news)

    def _step(self, kind: StepKind, news: News) -> None:
        self.steps.append(Step(kind, news, is_in_new_home=self.joins is not None))


def _not_before(news: News, stamp: tuple[datetime, int] | None) -> News:
    """Return news without a time of its own as not older than what came before it.

    A tool whose clock is ahead would else have its *resolved* taken for old news, when
    only its *firing* names a time.
    """
    if stamp is None or news.is_timed or news.is_wake or news.delivery_id < stamp[1]:
        return news
    return replace(news, event_at=max(news.event_at, stamp[0]))


def fold_news(
    news: Iterable[News], rows: Mapping[AlertKey, AlertRow]
) -> dict[AlertKey, AlertChange]:
    """Return what the news makes of each alert. Requires news in the order received."""
    changes: dict[AlertKey, AlertChange] = {}
    for item in news:
        change = changes.get(item.key)
        if change is None:
            row = rows.get(item.key)
            change = changes[item.key] = AlertChange(item.key, row)
            change.fired_at = row.fired_at if row else None
            change.change_times = row.change_times if row else ()
        change.take(item)
    return changes


def joined_groups(changes: Iterable[AlertChange]) -> dict[GroupKey, list[AlertChange]]:
    """Return the groups that alerts join, sorted, each with its alerts."""
    groups: dict[GroupKey, list[AlertChange]] = {}
    for change in changes:
        if change.joins:
            groups.setdefault(change.joins, []).append(change)
    return dict(sorted(groups.items()))


def shared_labels(labels: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the labels that all have with the same value.

    >>> shared_labels([{"team": "weights", "host": "a"}, {"team": "weights"}])
    {'team': 'weights'}
    """
    first, *rest = [mapping.items() for mapping in labels] or [{}.items()]
    return dict(sorted(pair for pair in first if all(pair in other for other in rest)))


def hashed(key: str) -> str:
    """Return a tool's key in the form and length in which it is stored."""
    return hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()
