import pytest

from incidents.errors import Unavailable
from incidents.incident.transfers import Transfers


def test_all_together_and_each_have_a_bound():
    transfers = Transfers(lambda: 3, each=2)
    transfers.begin("a")
    end = transfers.begin("a")
    with pytest.raises(Unavailable):
        transfers.begin("a")
    transfers.begin("b")
    with pytest.raises(Unavailable):
        transfers.begin("c")
    end()
    transfers.begin("c")
    with pytest.raises(Unavailable):
        transfers.begin("a")


def test_what_ended_twice_is_counted_once():
    transfers = Transfers(lambda: 2, each=2)
    transfers.begin("a")
    end = transfers.begin("a")
    end()
    end()
    transfers.begin("a")
    with pytest.raises(Unavailable):
        transfers.begin("b")


def test_a_block_that_fails_gives_its_place_back():
    transfers = Transfers(lambda: 1, each=1)
    for _ in range(2):
        with pytest.raises(KeyError), transfers.one("a"):
            raise KeyError
