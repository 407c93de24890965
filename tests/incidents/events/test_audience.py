import pytest

from incidents.events.access import grant_role
from incidents.events.actor import Actor
from incidents.events.feed import read_fields, timeline
from incidents.events.record import NotRecordable, record, recording
from incidents.incident.lifecycle import acknowledge, merge
from incidents.incident.shares import share
from incidents.models import DataKey, Disclosure, Entry
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared():
    """An incident of a lab that an agency sees."""
    lab, naisa = make.lab("aurora"), make.agency("naisa")
    incident = make.incident(lab)
    share(
        incident,
        agency=naisa,
        reason="drill",
        user=None,
        actor=Actor.system(lab),
        now=NOW,
    )
    return incident, lab, naisa


def last(incident, organisation):
    return timeline(incident, [organisation.pk])[-1]


def test_other_side_does_not_read_to_whom_the_link_was_sent(shared):
    incident, lab, naisa = shared
    actor = Actor.link(lab, name="by link sent to Dana Duty")
    acknowledge(incident, organisation=lab, user=None, via="link", actor=actor, now=NOW)
    assert last(incident, lab).summary == "Acknowledged by link sent to Dana Duty"
    seen = last(incident, naisa)
    assert (seen.kind, seen.data) == ("incident.acknowledged", {"via": "by link"})
    assert "Dana" not in f"{seen.summary} {seen.actor}"


def test_other_side_does_not_read_into_which_incident_one_was_merged(shared):
    incident, lab, naisa = shared
    unseen = make.incident(lab)
    actor = Actor.system(lab)
    merge(incident, into=unseen, reason="", user=None, actor=actor, now=NOW)
    assert last(incident, lab).summary == f"Merged {unseen.ref}"
    seen = last(incident, naisa)
    assert seen.kind == "triage.merged"
    assert unseen.ref not in f"{seen.summary} {seen.data}"


def test_name_of_who_was_given_a_role_is_under_their_own_key():
    lab = make.lab()
    admin, user = make.person(lab), make.person(lab)
    grant_role(lab, user=user, role="staff", actor=Actor.of(admin, lab), now=NOW)
    entry = Entry.objects.get(kind="access.granted")
    row = Disclosure.objects.get(entry=entry, name="who")
    assert row.key == DataKey.objects.get(owner=user.uid)
    assert read_fields([entry])[entry.pk]["who"] == str(user)


def test_name_that_would_fall_under_the_streams_key_is_refused():
    lab = make.lab()
    user = make.person(lab)
    with pytest.raises(NotRecordable), recording(NOW):
        record(
            "config.changed",
            organisation_id=lab.pk,
            actor=Actor.of(user, lab),
            body={"what": str(user)},
            subjects={"what": user.uid},
        )
