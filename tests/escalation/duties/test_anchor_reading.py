import pytest

from escalation.duties.anchor_reading import flag_of, read_written
from escalation.regimes.anchors import AnchorError
from tests.escalation.duties.duty_world import utc


@pytest.mark.parametrize(
    ("text", "at", "kept", "precision", "flag"),
    [
        (
            "2026-12-25T03:10:00+01:00",
            "2026-12-25T02:10:00",
            "2026-12-25T03:10:00+01:00",
            "exact",
            "",
        ),
        (
            "2026-12-25T03:10Z",
            "2026-12-25T03:10:00",
            "2026-12-25T03:10Z",
            "minute",
            "",
        ),
        (
            "2026-12-25T03:10",
            "2026-12-25T02:10:00",
            "2026-12-25T03:10 Europe/Berlin",
            "minute",
            "",
        ),
        (
            "2026-10-25T02:30",
            "2026-10-25T00:30:00",
            "2026-10-25T02:30 Europe/Berlin",
            "minute",
            "local time that happened twice, the first",
        ),
        (
            "2026-12-25",
            "2026-12-24T23:00:00",
            "2026-12-25 Europe/Berlin",
            "day",
            "date only, from its first instant",
        ),
    ],
)
def test_instant_is_read_and_kept_as_it_was_written(text, at, kept, precision, flag):
    written = read_written(text, name="aware", zone="Europe/Berlin")
    assert (written.at, written.text) == (utc(at), kept)
    assert (written.precision, written.flag) == (precision, flag)
    assert flag_of(written.text) == flag


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2026-03-29T02:30", "Europe/Berlin"),
        ("yesterday", "UTC"),
        ("20261225", "UTC"),
        ("2026-12-25T03", "UTC"),
        ("2026-13-25", "UTC"),
        ("0001-01-01T00:00+10:00", "UTC"),
        ("2026-12-25", "Mars/Olympus"),
        ("2026-12-25", "../etc/passwd"),
        ("", "UTC"),
    ],
)
def test_what_is_no_instant_is_refused_with_a_remedy(text, zone):
    with pytest.raises(AnchorError) as caught:
        read_written(text, name="aware", zone=zone)
    assert caught.value.remedy


@pytest.mark.parametrize("kept", ["2026-12-25T03:10Z", "2026-12-25 Nowhere", "x y"])
def test_what_had_no_choice_has_no_flag(kept):
    assert flag_of(kept) == ""
