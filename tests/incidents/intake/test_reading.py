"""Equal words are read once, but never where the instant or the sender matters."""

from uuid import UUID

import pytest

from incidents.intake.adapters.base import Unreadable
from incidents.intake.claims import Claimed
from incidents.intake.models import Source
from incidents.intake.reading import Reader
from tests.incidents.intake.intake_world import at, generic

POSTED = b'[{"labels": {"alertname": "Disk"}}]'


def delivery(body, *, minutes=0, source_id=1, headers=None):
    return Claimed(
        1,
        source_id,
        at(minutes),
        body,
        headers or {},
        attempts=0,
        replays=0,
        was_processed=False,
        alert_count=0,
        uid=UUID(int=minutes),
    )


def read_both(tool, one, other):
    reader, source = Reader(), Source(tool=tool)
    return reader.read(one, source), reader.read(other, source)


def test_equal_words_are_read_once():
    first, again = read_both(
        "generic", delivery(generic()), delivery(generic(), minutes=5)
    )
    assert first is again


@pytest.mark.parametrize(
    "other",
    [
        delivery(generic("other")),
        delivery(generic(), source_id=2),
        delivery(generic(), headers={"content-type": "text/plain"}),
    ],
)
def test_other_words_sources_and_headers_are_read_for_themselves(other):
    first, again = read_both("generic", delivery(generic()), other)
    assert first is not again


def test_what_depends_on_the_instant_is_read_again():
    first, again = read_both(
        "alertmanager_api", delivery(POSTED), delivery(POSTED, minutes=5)
    )
    assert [first.alerts[0].event_at, again.alerts[0].event_at] == [at(0), at(5)]


def test_unknown_tool_is_unreadable():
    with pytest.raises(Unreadable):
        Reader().read(delivery(b"{}"), Source(tool="unheard"))
