"""Announces and erases by schedule, as the hourly chore does it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.audit.erasures import check_erasures
from incidents.audit.findings import Findings
from incidents.custody.holds import release_hold
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import comment, reopen, resolve
from incidents.incident.shares import share
from incidents.ledger.models import Disclosure, Entry, Erased
from incidents.retention.announcing import NOTICE, announce_run, announce_runs
from incidents.retention.models import RetentionItem, RetentionRun
from incidents.retention.running import erase_due
from incidents.retention.schedules import apply_schedule
from incidents.timers.models import Timer
from tests import factories as make
from tests.factories import NOW

pytestmark = pytest.mark.django_db

CLOSED = NOW + timedelta(hours=1)
LATER = CLOSED + timedelta(days=100)
RUN = LATER + NOTICE


@pytest.fixture
def lab():
    return make.lab("aurora")


@pytest.fixture
def naisa():
    return make.agency("naisa")


@pytest.fixture
def ann(lab):
    return make.person(lab, role="approver")


def closed(lab, *, title="Call Zoe Quill", shared_with=None):
    incident = make.incident(lab, title=title)
    actor = Actor.system(lab)
    if shared_with:
        share(incident, agency=shared_with, reason="r", user=None, actor=actor, now=NOW)
    resolve(incident, reason="done", user=None, actor=actor, now=CLOSED)
    return incident


def keep(organisation, days=90, of="reports"):
    apply_schedule(organisation, of=of, keep_days=days, now=NOW)


def run_all(now=RUN):
    while erase_due(now):
        pass


def titles():
    return Disclosure.objects.filter(name="title").count()


def counts(run):
    rows = RetentionItem.objects.filter(run=run)
    return [(row.values_announced, row.values_erased) for row in rows.order_by("pk")]


def test_without_a_schedule_nothing_is_announced(lab):
    closed(lab)
    assert announce_runs(LATER) == 0


def test_what_is_old_enough_is_announced_and_goes_after_the_notice(lab):
    incident = closed(lab)
    keep(lab)
    assert announce_runs(LATER) == 1
    run_all(RUN - timedelta(seconds=1))
    assert titles() == 1
    run_all()
    incident.refresh_from_db()
    run = RetentionRun.objects.get()
    assert (titles(), incident.title, run.ended_at) == (0, "(erased)", RUN)
    assert counts(run) == [(3, 3)]
    said = Entry.objects.filter(kind="disclosure.erased").count()
    assert (said, Erased.objects.count()) == (1, 3)
    findings = Findings()
    check_erasures(findings)
    assert findings.values() == []


def test_bookkeeping_and_other_classes_stay(lab):
    closed(lab)
    keep(lab)
    announce_runs(LATER)
    run_all()
    kinds = ("incident.opened", "incident.resolved")
    left = Disclosure.objects.filter(entry__kind__in=kinds)
    assert sorted(left.values_list("name", flat=True)) == ["actor", "actor", "body"]


def test_the_notice_is_given_once_for_a_run(lab):
    closed(lab)
    keep(lab)
    announce_runs(LATER)
    assert announce_runs(LATER + timedelta(days=1)) == 0
    assert Timer.objects.filter(kind="retention.announced").count() == 1


def test_an_open_or_young_incident_is_not_announced(lab):
    make.incident(lab)
    closed(lab)
    keep(lab, days=115)
    assert announce_runs(LATER) == 0


def test_a_hold_placed_after_the_notice_keeps_what_was_announced(lab, ann):
    held, _ = closed(lab), closed(lab)
    keep(lab)
    run = announce_run(lab.pk, LATER)
    hold = make.hold(lab, held, ann)
    run_all()
    assert (titles(), counts(run)) == (1, [(3, 0), (3, 3)])
    release_hold(hold, reason="x", user=ann, actor=Actor.of(ann, lab), now=RUN)
    run_all()
    assert titles() == 1
    again = announce_run(lab.pk, RUN)
    run_all(RUN + NOTICE)
    assert (titles(), counts(again)) == (0, [(3, 3)])


def test_a_persons_hold_keeps_their_name(lab, ann):
    incident = make.incident(lab, reported_by=ann)
    actor = Actor.of(ann, lab)
    resolve(incident, reason="x", user=None, actor=actor, now=CLOSED)
    keep(lab, of="people")
    make.hold(lab, ann, ann)
    assert announce_run(lab.pk, LATER) is None


def test_what_was_not_announced_is_not_taken(lab):
    incident = closed(lab)
    keep(lab)
    announce_runs(LATER)
    comment(
        incident,
        text="written later",
        is_shared=False,
        organisation=lab,
        user=None,
        actor=Actor.system(lab),
        now=LATER,
    )
    run_all()
    assert Disclosure.objects.filter(name="text").count() == 1


def test_a_reopened_incident_and_an_ended_schedule_keep_all(lab):
    incident = closed(lab)
    keep(lab)
    announce_runs(LATER)
    reopen(incident, reason="x", user=None, actor=Actor.system(lab), now=LATER)
    run_all()
    closed(lab)
    announce_runs(RUN)
    keep(lab, days=None)
    run_all(RUN + NOTICE)
    assert titles() == 2


def test_a_schedule_that_keeps_longer_since_names_its_own_days(lab):
    incident = closed(lab)
    keep(lab)
    announce_runs(LATER)
    keep(lab, days=114)
    run_all()
    [said] = [
        item.summary
        for item in timeline(incident, [lab.pk])
        if item.kind == "disclosure.erased"
    ]
    assert said.endswith(
        "Retention schedule “What people reported and wrote”: 114 days"
    )


def test_what_both_sides_read_goes_when_both_say_so(lab, naisa):
    incident = closed(lab, shared_with=naisa)
    keep(lab)
    announce_runs(LATER)
    run_all()
    incident.refresh_from_db()
    assert (titles(), incident.title) == (1, "Call Zoe Quill")
    keep(naisa, days=60)
    announce_run(lab.pk, RUN)
    run_all(RUN + NOTICE)
    incident.refresh_from_db()
    assert (titles(), incident.title) == (0, "(erased)")
    told = Timer.objects.filter(kind="retention.announced", organisation=naisa)
    assert told.count() == 1


def test_names_of_who_read_and_configured_go_after_their_entry(lab, ann):
    keep(lab, of="configuration")
    granted = Disclosure.objects.filter(entry__kind="config.changed", name="actor")
    assert granted.count() == 1
    announce_run(lab.pk, NOW + timedelta(days=90))
    run_all(NOW + timedelta(days=104))
    assert granted.count() == 0


def test_a_batch_takes_as_many_statements_for_one_incident_as_for_three(lab):
    keep(lab)
    counted = []
    for number in (1, 3):
        for _ in range(number):
            closed(lab)
        announce_run(lab.pk, LATER)
        with CaptureQueriesContext(connection) as queries:
            assert erase_due(RUN)
        counted.append(len(queries))
        run_all()
    assert titles() == 0
    assert counted[0] == counted[1]


def test_a_run_that_stopped_goes_on_and_sees_a_hold_between(lab, ann):
    first, second = closed(lab), closed(lab)
    keep(lab)
    run = announce_run(lab.pk, LATER)
    assert erase_due(RUN, at_once=2)
    assert [erased for _, erased in counts(run)] == [2, 0]
    make.hold(lab, second, ann)
    while erase_due(RUN + timedelta(hours=1), at_once=2):
        pass
    first.refresh_from_db()
    assert (first.title, counts(run)) == ("(erased)", [(3, 3), (3, 0)])
