import re

import pytest
from django.conf import settings

from incidents.events.feed import read_fields
from incidents.events.record import NotRecordable
from incidents.ledger.canonical import parse_leaf
from incidents.ledger.heads import SYSTEM_STREAM
from incidents.models import Entry
from incidents.sealing.log_events import LOG_KINDS, record_log_event
from incidents.sealing.places import places_of
from incidents.sealing.seal import seal_batch
from tests.factories import NOW

pytestmark = pytest.mark.django_db

KEY = {"key": "log.example/a+01020304+AQID"}


def test_events_of_the_log_stand_in_a_stream_of_their_own_and_are_sealed():
    ids = [record_log_event("log.key_added", KEY, NOW) for _ in range(2)]
    leaves = [parse_leaf(bytes(entry.leaf)) for entry in Entry.objects.order_by("id")]
    assert [(leaf.stream, leaf.seq) for leaf in leaves] == [
        (SYSTEM_STREAM, 1),
        (SYSTEM_STREAM, 2),
    ]
    assert read_fields(Entry.objects.filter(pk=ids[0])) == {ids[0]: KEY}
    seal_batch(NOW)
    assert places_of(ids) == {ids[0]: 0, ids[1]: 1}


@pytest.mark.parametrize(
    ("kind", "fields", "why"),
    [
        ("log.emptied", {}, "log.emptied is not an event of the log"),
        ("log.heads", KEY, r"log.heads does not declare \['key'\]"),
    ],
)
def test_event_that_the_log_does_not_know_is_refused(kind, fields, why):
    with pytest.raises(NotRecordable, match=why):
        record_log_event(kind, fields, NOW)


def test_every_event_of_the_log_is_documented_with_its_fields():
    page = (settings.BASE_DIR / "docs/reference/events.md").read_text("utf-8")
    rows = re.findall(r"^\| `(log\.\w+)` \| ([^|]*) \| [^|]* \|$", page, re.M)
    documented = {name: set(re.findall(r"`(\w+)`", fields)) for name, fields in rows}
    assert documented == dict(LOG_KINDS)
