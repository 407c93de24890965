from datetime import timedelta

import pytest

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.incident.lifecycle import acknowledge
from incidents.incident.shares import unshare
from incidents.models import AcknowledgedVia, TriageRow
from incidents.triage.outcomes import Decision, assign, decide
from incidents.triage.questions import answer, request_info
from incidents.triage.queue import QUEUE_STATES, QueueFilters, count_rows, rows_for
from tests.incidents.triage.conftest import NOW

pytestmark = pytest.mark.django_db


def _titles(user, *, now=NOW, **filters):
    rows = rows_for(user, filters=QueueFilters(**filters), now=now)
    return [row.incident.title for row in rows]


def _officer(desk):
    return {
        "organisation": desk.agency,
        "actor": Actor.of(desk.officer, desk.agency),
        "now": NOW,
    }


def _acknowledge(desk, incident):
    via = AcknowledgedVia.PAGE
    acknowledge(incident, user=desk.officer, via=via, **_officer(desk))


def _decide(desk, incident, **fields):
    decision = Decision("accepted", **fields)
    decide(incident, decision=decision, user=desk.officer, **_officer(desk))


def _ask(desk, incident):
    return request_info(incident, text="What?", user=desk.officer, **_officer(desk))


def test_the_most_urgent_row_comes_first(desk, open_shared):
    decided = open_shared("decided", severity=5)
    asked = open_shared("asked", severity=5)
    known = open_shared("acknowledged", severity=5)
    review = open_shared("review due")
    open_shared("newer", severity=4, now=NOW + timedelta(minutes=5))
    open_shared("older", severity=4)
    open_shared("worse", severity=5, now=NOW + timedelta(minutes=9))
    answered = open_shared("answered", severity=0)
    _decide(desk, decided)
    _ask(desk, asked)
    _acknowledge(desk, known)
    _decide(desk, review, next_review_at=NOW + timedelta(days=1))
    answer(
        _ask(desk, answered),
        text="That.",
        user=desk.staff,
        actor=Actor.of(desk.staff, desk.lab),
        now=NOW,
    )
    tomorrow = NOW + timedelta(days=1)
    assert _titles(desk.officer, state="all", now=tomorrow) == [
        "answered",
        "worse",
        "older",
        "newer",
        "review due",
        "acknowledged",
        "asked",
        "decided",
    ]


def test_the_labs_acknowledgement_does_not_lower_the_agencys_urgency(desk, open_shared):
    incident = open_shared()
    acknowledge(
        incident,
        organisation=desk.lab,
        user=desk.staff,
        via=AcknowledgedVia.PAGE,
        actor=Actor.of(desk.staff, desk.lab),
        now=NOW,
    )
    [row] = rows_for(desk.officer, filters=QueueFilters(), now=NOW)
    assert (row.is_acknowledged, row.urgency) == (False, 1)


def test_a_queue_holds_only_what_its_agency_is_shared_with_now(desk, open_shared):
    open_shared("ours")
    open_shared("theirs", agencies=(desk.other_agency,))
    ended = open_shared("ended")
    lab = Actor.of(desk.staff, desk.lab)
    unshare(ended, agency=desk.agency, reason="no", user=desk.staff, actor=lab, now=NOW)
    assert TriageRow.objects.count() == 3
    assert _titles(desk.officer, state="all") == ["ours"]
    assert _titles(desk.other_officer, state="all") == ["theirs"]
    assert _titles(desk.staff, state="all") == []


def test_the_usual_queue_leaves_out_what_is_decided_until_its_review(desk, open_shared):
    incident = open_shared("weights")
    _decide(desk, incident, next_review_at=NOW + timedelta(hours=1))
    assert _titles(desk.officer) == []
    assert _titles(desk.officer, now=NOW + timedelta(hours=1)) == ["weights"]
    assert _titles(desk.officer, now=NOW + timedelta(hours=1), state="review") == [
        "weights"
    ]


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        ({"severity": 4}, ["severe"]),
        ({"category": "AVL"}, ["outage"]),
        ({"lab": "aurora"}, ["severe", "mine", "outage"]),
        ({"lab": "meridian"}, []),
        ({"owner": "me"}, ["mine"]),
        ({"owner": "none"}, ["severe", "outage"]),
        ({"q": "out"}, ["outage"]),
        ({"state": "waiting"}, ["severe", "mine", "outage"]),
        ({"state": "asked"}, []),
    ],
)
def test_filters_narrow_the_queue(desk, open_shared, filters, titles):
    open_shared("severe", severity=4)
    mine = open_shared("mine", severity=3)
    open_shared("outage", severity=2, category="AVL")
    assign(mine, owner=desk.officer, **_officer(desk))
    assert _titles(desk.officer, **filters) == titles


def test_by_due_the_soonest_review_comes_first_and_what_has_none_last(
    desk, open_shared
):
    open_shared("nothing due", severity=5)
    for title, days in (("later", 2), ("sooner", 1)):
        _decide(desk, open_shared(title), next_review_at=NOW + timedelta(days=days))
    open_shared("nothing due either", severity=4)
    assert _titles(desk.officer, state="all", sort="due") == [
        "sooner",
        "later",
        "nothing due",
        "nothing due either",
    ]


@pytest.mark.parametrize("sort", ["", "due"])
@pytest.mark.parametrize("count", [1, 3])
def test_the_queue_takes_the_same_queries_however_long(
    desk, open_shared, count, sort, django_assert_num_queries
):
    for _ in range(count):
        open_shared()
    with django_assert_num_queries(2):
        filters = QueueFilters(q="weights", sort=sort)
        rows = rows_for(desk.officer, filters=filters, now=NOW)
        shown = [
            (row.incident.organisation.name, row.owner, row.is_review_due)
            for row in rows
        ]
    assert shown == [("Aurora", None, False)] * count


def test_filters_are_read_from_an_address(desk):
    query = {"state": "all", "severity": "3", "owner": "me", "q": "x", "page": "2"}
    assert QueueFilters.read(query) == QueueFilters(
        state="all", severity=3, owner="me", q="x"
    )
    assert QueueFilters.read({"state": "", "severity": ""}) == QueueFilters()


@pytest.mark.parametrize("field", ["state", "severity", "category", "owner"])
def test_an_unknown_filter_value_names_its_field(field):
    with pytest.raises(BadInput) as refusal:
        QueueFilters.read({field: "nonsense"})
    assert (refusal.value.field, refusal.value.value) == (field, "nonsense")


def test_the_counts_agree_with_the_lists_and_take_one_statement(
    desk, open_shared, django_assert_num_queries
):
    _decide(desk, open_shared("decided"))
    _decide(desk, open_shared("review"), next_review_at=NOW + timedelta(hours=1))
    _ask(desk, open_shared("asked"))
    answered = _ask(desk, open_shared("answered"))
    lab = Actor.of(desk.staff, desk.lab)
    answer(answered, text="That.", user=desk.staff, actor=lab, now=NOW)
    known = open_shared("known")
    _acknowledge(desk, known)
    open_shared("new")
    open_shared("of the other agency", agencies=(desk.other_agency,))
    now = NOW + timedelta(hours=2)
    _acknowledge(desk, answered.incident)

    with django_assert_num_queries(2):  # the officer's roles, the counts
        counts = count_rows(desk.officer, now=now)

    assert counts.by_state == {
        state: len(_titles(desk.officer, now=now, state=state))
        for state, _ in QUEUE_STATES
    }
    assert counts.by_state["all"] == 6
    assert counts.urgent == 2
