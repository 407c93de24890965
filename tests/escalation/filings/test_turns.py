"""No more files are made at a time than a process can bear."""

import pytest

from escalation.filings.turns import Turns
from incidents.errors import Unavailable


def test_one_too_many_is_told_to_come_again():
    turns = Turns(2, patience_seconds=0.01)
    with turns.one(), turns.one(), pytest.raises(Unavailable), turns.one():
        pass


def test_turn_is_given_back_also_when_making_fails():
    turns = Turns(1, patience_seconds=0.01)
    with pytest.raises(KeyError), turns.one():
        raise KeyError
    with turns.one():
        pass
