import pytest

from escalation.runs.deciding.going import round_to_go_to


@pytest.mark.parametrize(
    ("place", "taken", "goes_in"),
    [
        (3, {(0, 1), (1, 1)}, 1),
        (1, {(0, 1), (1, 1)}, 2),
        # A step behind it was taken: it would page a second time in this round.
        (1, {(0, 1), (2, 1)}, 2),
        (1, {(0, 1), (1, 1), (0, 2)}, 2),
    ],
)
def test_going_back_begins_another_round(place, taken, goes_in):
    number = max(turn for _, turn in taken)
    assert round_to_go_to(place, number, taken) == goes_in
