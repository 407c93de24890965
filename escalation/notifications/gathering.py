"""Decide which pages to one address go out and which are gathered. Free of Django.

The first `after` pages within `minutes` go out each on its own. A further one is gathered
into a digest, unless it is more severe than all of those. The first digest leaves a
minute after its first page; one more within the time leaves when the oldest message of
the time is past it. So somebody in a storm gets `after` pages, a digest, and then one
digest in each such time, and hears at once of anything worse.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

FIRST_DIGEST_AFTER: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Recent:
    """What went to an address within the time; the severity is -1 when nothing did."""

    count: int = 0
    highest: int = -1
    oldest_at: datetime | None = None
    has_digest: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page that is due."""

    id: int
    severity: int


def sort_out(
    pages: Iterable[Page], recent: Recent, *, after: int
) -> tuple[Sequence[int], Sequence[int]]:
    """Return the ids of those that go out now, and of those to gather.

    Requires the pages oldest first; the most severe are looked at first.

    >>> sort_out([Page(1, 2), Page(2, 4), Page(3, 3)], Recent(), after=1)
    ([2], [1, 3])
    """
    going: list[int] = []
    gathered: list[int] = []
    count, highest = recent.count, recent.highest
    for page in sorted(pages, key=lambda page: -page.severity):
        if after and count >= after and page.severity <= highest:
            gathered.append(page.id)
            continue
        going.append(page.id)
        count, highest = count + 1, max(highest, page.severity)
    return going, sorted(gathered)


def leaves_at(recent: Recent, *, minutes: int, now: datetime) -> datetime:
    """Return when a digest leaves whose first page is gathered at `now`."""
    soonest = now + FIRST_DIGEST_AFTER
    if not recent.has_digest or recent.oldest_at is None:
        return soonest
    return max(soonest, recent.oldest_at + timedelta(minutes=minutes))
