from datetime import timedelta

import pytest

from incidents.events.actor import Actor
from incidents.events.reads import record_read
from incidents.models import AudienceStream, Entry
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def read(incident, user, organisation, now=NOW):
    record_read(
        reader=f"user:{user.pk}",
        actor=Actor.of(user, organisation),
        incident=incident,
        targets=[f"incident:{incident.ref}"],
        now=now,
    )


@pytest.fixture
def incident():
    return make.incident(make.lab("aurora"))


def count_reads():
    return Entry.objects.filter(kind="record.read").count()


def test_reading_is_recorded_once_in_fifteen_minutes(incident):
    lab, user = incident.organisation, make.person(incident.organisation)
    for minutes, expected in ((0, 1), (14, 1), (15, 2)):
        read(incident, user, lab, NOW + timedelta(minutes=minutes))
        assert count_reads() == expected


def test_each_reader_is_recorded(incident):
    lab = incident.organisation
    read(incident, make.person(lab), lab)
    read(incident, make.person(lab), lab)
    assert count_reads() == 2


def test_reads_have_a_stream_of_their_own(incident):
    lab, user = incident.organisation, make.person(incident.organisation)
    read(incident, user, lab)
    entry = Entry.objects.get(kind="record.read")
    assert AudienceStream.objects.get(pk=entry.stream_id).purpose == "access"
