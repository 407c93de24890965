from datetime import timedelta

import pytest

from incidents.witnessing.standing import QuorumStanding
from incidents.witnessing.strip import witness_strip
from incidents.witnessing.vitals import WitnessVitals
from tests.factories import NOW


def strip(
    *, of_platform=True, own=(), active=("aurora",), ago=40, failing=(), missed=False
):
    vitals = WitnessVitals(
        active=active,
        failing=dict.fromkeys(failing, "not reached"),
        cosigned_size=1,
        quorum_at=NOW,
        contradicting=(),
        standing=QuorumStanding(NOW - timedelta(seconds=ago), ("aurora",)),
        alarm_minutes=10,
        is_missed=missed,
    )
    shown = witness_strip(vitals, NOW, of_platform=of_platform, own=own)
    return shown.happening, shown.due, shown.move, shown.is_mine


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {},
            ("A quorum vouched for the log 40 s ago.", "Nothing.", "Nobody's.", False),
        ),
        (
            {"failing": ("body",)},
            (
                "A quorum vouched for the log 40 s ago.",
                "A line of body.",
                "Whoever runs body.",
                False,
            ),
        ),
        (
            {"ago": 400},
            (
                "A quorum vouched for the log 6 min ago.",
                "A line of aurora.",
                "Whoever runs aurora.",
                False,
            ),
        ),
        (
            {"missed": True, "ago": 9_000},
            (
                "No quorum has vouched for the log for 2 h 30 min.",
                "A line of aurora.",
                "Yours: call whoever runs aurora.",
                True,
            ),
        ),
        (
            {"missed": True, "ago": 900, "of_platform": False},
            (
                "No quorum has vouched for the log for 15 min.",
                "A line of aurora.",
                "Whoever runs aurora.",
                False,
            ),
        ),
        (
            {"missed": True, "ago": 900, "of_platform": False, "own": {"aurora"}},
            (
                "No quorum has vouched for the log for 15 min.",
                "A line of aurora.",
                "Yours: look at aurora.",
                True,
            ),
        ),
        (
            {"active": (), "of_platform": False},
            (
                "Nobody but the operator vouches for this record.",
                "A first witness.",
                "The platform's.",
                False,
            ),
        ),
    ],
)
def test_strip_says_what_is_so_what_is_due_and_whose_move_it_is(given, said):
    assert strip(**given) == said
