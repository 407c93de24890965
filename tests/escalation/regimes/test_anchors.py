from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from escalation.regimes.anchors import AnchorError, read_anchors
from escalation.regimes.library import shipped_regimes

BERLIN = ZoneInfo("Europe/Berlin")


def read(*pairs):
    law = shipped_regimes()["eu-nis2-23"]
    return read_anchors(pairs, regime=law, zone=BERLIN)


def test_offset_is_kept_and_nothing_is_taken_for_granted():
    found = read(("aware", "2026-10-23T18:00:00+02:00"))
    assert found.instants == {"aware": [datetime(2026, 10, 23, 16, tzinfo=UTC)]}
    assert found.flags == []


def test_local_time_is_of_the_zone():
    found = read(("aware", "2026-07-01T12:00"))
    assert found.instants["aware"] == [datetime(2026, 7, 1, 10, tzinfo=UTC)]
    assert found.flags == []


def test_time_that_happened_twice_is_the_first_and_is_flagged():
    found = read(("aware", "2026-10-25T02:30:00"))
    assert found.instants["aware"] == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
    assert found.flags == ["local time that happened twice, the first: aware"]


def test_time_that_the_clocks_skip_is_refused():
    with pytest.raises(AnchorError, match="skip this time: write the offset"):
        read(("aware", "2026-03-29T02:30:00"))


def test_day_alone_counts_from_its_first_instant_and_is_flagged():
    found = read(("aware", "2026-12-25"))
    assert found.instants["aware"] == [datetime(2026, 12, 24, 23, tzinfo=UTC)]
    assert found.flags == ["date only, from its first instant: aware"]


def test_anchor_may_have_several_instants():
    name = "submitted:notification"
    found = read((name, "2026-12-25T10:00+01:00"), (name, "2026-12-26T10:00+01:00"))
    assert len(found.instants[name]) == 2


@pytest.mark.parametrize("name", ["awake", "submitted:nothing", "submitted:"])
def test_unknown_anchor_is_named_with_those_that_are_known(name):
    with pytest.raises(AnchorError, match="submitted:early_warning"):
        read((name, "2026-12-25T10:00+01:00"))


def test_text_that_is_no_instant_is_named():
    with pytest.raises(AnchorError, match="aware: 'yesterday': Write it as"):
        read(("aware", "yesterday"))
