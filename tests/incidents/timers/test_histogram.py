from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.timers.histogram import (
    BEYOND,
    BOUNDS_MS,
    bucket_of,
    count_within,
    quantile_ms,
)

LATENESSES = st.lists(st.integers(0, 400_000), min_size=1, max_size=200)


@pytest.mark.parametrize(
    ("late_ms", "bound"), [(0, 50), (50, 50), (51, 100), (2_000, 2_000), (2_001, 4_000)]
)
def test_bucket_holds_what_does_not_exceed_its_bound(late_ms: int, bound: int) -> None:
    assert BOUNDS_MS[bucket_of(late_ms)] == bound


def test_bucket_of_the_latest_is_beyond_all_bounds() -> None:
    assert bucket_of(BOUNDS_MS[-1] + 1) == BEYOND


@given(LATENESSES, st.sampled_from(BOUNDS_MS))
def test_count_within_a_bound_is_exact(late: list[int], bound: int) -> None:
    counts = Counter(bucket_of(ms) for ms in late)
    assert count_within(counts, bound) == sum(ms <= bound for ms in late)


@given(LATENESSES, st.sampled_from([0.5, 0.99, 1.0]))
def test_quantile_is_the_bucket_of_the_true_quantile(
    late: list[int], share: float
) -> None:
    counts = Counter(bucket_of(ms) for ms in late)
    place = next(n for n in range(1, len(late) + 1) if n >= share * len(late))
    bucket = bucket_of(sorted(late)[place - 1])
    expected = None if bucket == BEYOND else BOUNDS_MS[bucket]
    assert quantile_ms(counts, share) == expected


def test_quantile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing was counted"):
        quantile_ms({}, 0.5)
