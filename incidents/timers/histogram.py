"""Count latenesses in buckets, and read shares and quantiles from the counts. Pure.

>>> bucket_of(120), BOUNDS_MS[bucket_of(120)]
(2, 250)
>>> counts = {0: 98, 4: 1, 6: 1}
>>> count_within(counts, 2000), quantile_ms(counts, 0.5), quantile_ms(counts, 0.99)
(100, 50, 1000)
"""

from bisect import bisect_left
from collections.abc import Mapping
from math import ceil
from typing import Final

# Upper bounds in milliseconds; whatever exceeds the last lies in one more bucket.
BOUNDS_MS: Final = (
    *(50, 100, 250, 500, 1_000, 1_500, 2_000, 4_000),
    *(10_000, 30_000, 60_000, 300_000),
)
BEYOND: Final = len(BOUNDS_MS)

Counts = Mapping[int, int]


def bucket_of(late_ms: int) -> int:
    """Return the number of the bucket that holds a lateness."""
    return bisect_left(BOUNDS_MS, late_ms)


def count_within(counts: Counts, bound_ms: int) -> int:
    """Return how many were at most this late. Requires one of BOUNDS_MS."""
    last = BOUNDS_MS.index(bound_ms)
    return sum(count for bucket, count in counts.items() if bucket <= last)


def quantile_ms(counts: Counts, share: float) -> int | None:
    """Return the bound that this share does not exceed; None beyond the last bound.

    Requires at least one count and 0 < share <= 1.
    """
    wanted = ceil(share * sum(counts.values()))
    passed = 0
    for bucket in sorted(counts):
        passed += counts[bucket]
        if passed >= wanted:
            return None if bucket == BEYOND else BOUNDS_MS[bucket]
    raise ValueError("nothing was counted")
