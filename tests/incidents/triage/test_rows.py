from datetime import timedelta

import pytest

from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.incident.shares import share, unshare
from incidents.models import TriageRow, TriageState
from incidents.triage.outcomes import Decision, decide
from incidents.triage.rows import reopen_rows
from tests.incidents.triage.conftest import NOW

pytestmark = pytest.mark.django_db


def test_sharing_puts_the_incident_into_that_agencys_queue_only(desk, open_shared):
    incident = open_shared()
    rows = TriageRow.objects.values_list("incident", "organisation", "state")
    assert list(rows) == [(incident.pk, desk.agency.pk, TriageState.WAITING)]


def test_sharing_again_brings_a_decided_row_back_with_its_history(desk, open_shared):
    incident = open_shared()
    lab = Actor.of(desk.staff, desk.lab)
    more = {"agency": desk.agency, "user": desk.staff, "actor": lab}
    decide(
        incident,
        organisation=desk.agency,
        decision=Decision("accepted", priority=2),
        user=desk.officer,
        actor=Actor.of(desk.officer, desk.agency),
        now=NOW,
    )
    unshare(incident, reason="by mistake", now=NOW, **more)
    later = NOW + timedelta(hours=2)
    share(incident, reason="after all", now=later, **more)
    row = TriageRow.objects.get(incident=incident)
    assert (row.state, row.received_at, row.priority) == (
        TriageState.WAITING,
        later,
        2,
    )


def test_deciding_after_the_share_has_ended_is_refused(desk, open_shared):
    incident = open_shared()
    unshare(
        incident,
        agency=desk.agency,
        reason="by mistake",
        user=desk.staff,
        actor=Actor.of(desk.staff, desk.lab),
        now=NOW,
    )
    with pytest.raises(NotPossible, match="is not shared with Naisa now") as refusal:
        decide(
            incident,
            organisation=desk.agency,
            decision=Decision("accepted"),
            user=desk.officer,
            actor=Actor.of(desk.officer, desk.agency),
            now=NOW,
        )
    assert refusal.value.state == {"shared": False}


def decided(desk, incident, agency):
    return decide(
        incident,
        organisation=agency,
        decision=Decision("accepted", reason="ours", priority=2),
        user=desk.officer,
        actor=Actor.of(desk.officer, agency),
        now=NOW,
    )


def test_a_reopened_incident_comes_back_to_the_agencies_that_still_see_it(
    desk, open_shared
):
    incident = open_shared(agencies=(desk.agency, desk.other_agency))
    elsewhere = open_shared()
    for agency in (desk.agency, desk.other_agency):
        decided(desk, incident, agency)
    decided(desk, elsewhere, desk.agency)
    unshare(
        incident,
        agency=desk.other_agency,
        reason="by mistake",
        user=desk.staff,
        actor=Actor.of(desk.staff, desk.lab),
        now=NOW,
    )
    later = NOW + timedelta(hours=2)

    reopen_rows(incident, later)

    rows = TriageRow.objects.order_by("pk")
    assert list(rows.values_list("incident", "state", "received_at")) == [
        (incident.pk, TriageState.WAITING, later),
        (incident.pk, TriageState.DECIDED, NOW),
        (elsewhere.pk, TriageState.DECIDED, NOW),
    ]
    assert (rows[0].outcome, rows[0].reason, rows[0].priority) == (
        "accepted",
        "ours",
        2,
    )


def test_reopening_leaves_a_row_alone_that_waits_for_the_lab(desk, open_shared):
    incident = open_shared()
    TriageRow.objects.update(state=TriageState.ASKED)

    reopen_rows(incident, NOW + timedelta(hours=2))

    row = TriageRow.objects.get()
    assert (row.state, row.received_at) == (TriageState.ASKED, NOW)
