import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.loop import fire_due
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.events.record import recording
from incidents.intake.heartbeats.monitors import HeartbeatDraft, create_heartbeat
from incidents.intake.silence_ends import counts_holding, last_told, note_endings
from incidents.intake.silences import (
    SilenceDraft,
    create_silence,
    end_silence,
    extend_silence,
)
from incidents.intake.suppressors import counts_held
from incidents.intake.waking import wake_alerts
from incidents.models import Entry, NoticeStage, SilenceNotice, Timer
from tests.incidents.intake.intake_world import NOW, at, generic, post

pytestmark = pytest.mark.django_db


def silence(organisation, *, hours=8, **more):
    given = {"matchers": [{"field": "title", "op": "=~", "value": ".*"}]}
    times = {"starts_at": NOW, "ends_at": at(hours * 60)}
    draft = SilenceDraft(reason="known", **{**given, **times, **more})
    actor = Actor.system(organisation)
    return create_silence(organisation, draft, author=None, actor=actor, now=NOW)


def due(now):
    return list(Timer.objects.filter(kind="silence.ending", due_at__lte=now))


def noted(now):
    with recording(now):
        return [(one.stage, one.held_count) for one in note_endings(due(now), now)]


def extend(made, minutes, now):
    actor = Actor.system(made.organisation)
    return extend_silence(made, minutes=minutes, actor=actor, now=now)


def test_an_end_is_told_an_hour_before_and_at_it(source, organisation):
    made = silence(organisation)
    post(source, generic("A"), generic("B"))
    assert noted(at(419)) == []
    assert noted(at(420)) == [(NoticeStage.SOON, 2)]
    assert noted(at(480)) == [(NoticeStage.OVER, 2)]
    entries = Entry.objects.filter(kind="silence.ending").order_by("id")
    fields = read_fields(entries)
    assert [fields[entry.pk]["what"] for entry in entries] == [
        "A silence ends at 2026-11-23 20:00 UTC and holds back 2 alerts that fire. known",
        "A silence has ended at 2026-11-23 20:00 UTC and held back 2 alerts that fire"
        " still. known",
    ]
    told = fields[entries[0].pk]
    assert (told["silence"], told["ends_at"], told["held"]) == (
        str(made.uid),
        "2026-11-23T20:00:00.000Z",
        2,
    )


def test_an_end_is_told_once(source, organisation):
    made = silence(organisation)
    post(source, generic("A"))
    assert len(noted(at(420))) == 1
    assert noted(at(421)) == []
    assert SilenceNotice.objects.count() == 1
    assert last_told([made]) == {made.pk: at(420)}


def test_what_was_let_go_before_its_timer_is_told_too(source, organisation):
    silence(organisation)
    post(source, generic("A"))
    assert wake_alerts(at(480)) == 1
    assert (NoticeStage.OVER, 1) in noted(at(480))


def test_a_silence_that_holds_nothing_ends_unnoticed(source, organisation):
    silence(organisation)
    post(source, generic("A"), generic("A", status="resolved", minutes=5))
    assert noted(at(480)) == []
    assert Entry.objects.filter(kind="silence.ending").count() == 0


def test_what_another_silence_holds_longer_is_not_told(source, organisation):
    silence(organisation)
    post(source, generic("A"))
    silence(organisation, hours=9)
    assert wake_alerts(at(480)) == 1
    first = [timer for timer in due(at(480)) if timer.due_at == at(480)]
    with recording(at(480)):
        told = note_endings(first, at(480))
    # Told a second time for what the other one holds, an hour before that one's end.
    assert [one.stage for one in told] == [NoticeStage.SOON]


def test_of_a_short_silence_the_last_quarter_is_told(organisation):
    silence(organisation, hours=1)
    times = Timer.objects.filter(kind="silence.ending").values_list("due_at", flat=True)
    assert sorted(times) == [at(45), at(60)]


def test_a_silence_may_be_told_at_its_end_only(organisation):
    silence(organisation, announce_minutes=0)
    times = Timer.objects.filter(kind="silence.ending").values_list("due_at", flat=True)
    assert list(times) == [at(480)]


def test_a_longer_silence_tells_its_new_end_only(source, organisation):
    made = silence(organisation)
    post(source, generic("A"))
    assert noted(at(420)) == [(NoticeStage.SOON, 1)]
    assert extend(made, 120, at(430)).ends_at == at(600)
    assert noted(at(539)) == []
    assert wake_alerts(at(480)) == 1
    assert noted(at(540)) == [(NoticeStage.SOON, 1)]
    assert noted(at(600)) == [(NoticeStage.OVER, 1)]


def test_a_silence_that_was_ended_tells_nothing_at_its_former_end(source, organisation):
    made = silence(organisation)
    post(source, generic("A"))
    end_silence(made, actor=Actor.system(organisation), now=at(5))
    assert noted(at(480)) == []


def test_a_silence_that_has_ended_cannot_be_extended(organisation):
    with pytest.raises(NotPossible):
        extend(silence(organisation), 60, at(480))


@pytest.mark.parametrize("minutes", [0, -5, 366 * 24 * 60])
def test_a_silence_cannot_be_extended_by_so_much(organisation, minutes):
    with pytest.raises(BadInput) as caught:
        extend(silence(organisation), minutes, NOW)
    assert caught.value.field == "minutes"


@pytest.mark.parametrize("minutes", [-1, 7 * 24 * 60 + 1])
def test_a_silence_is_not_told_so_long_before(organisation, minutes):
    with pytest.raises(BadInput) as caught:
        silence(organisation, announce_minutes=minutes)
    assert caught.value.field == "announce_minutes"


def test_held_heartbeats_count_too(organisation):
    made = silence(organisation)
    draft = HeartbeatDraft(name="Backup", period_minutes=60)
    actor = Actor.system(organisation)
    create_heartbeat(organisation, draft, slug="backup", actor=actor, now=NOW)
    fire_due(at(65))
    assert counts_holding([made]) == {made.pk: 1}
    assert counts_held([made]) == {f"silence:{made.pk}": 1}
    assert noted(at(420)) == [(NoticeStage.SOON, 1)]
    Timer.objects.filter(kind="heartbeat.due").delete()
    assert noted(at(480)) == [(NoticeStage.OVER, 1)]


def test_ends_are_noted_in_as_many_statements_for_two(source, organisation):
    both = [silence(organisation), silence(organisation)]
    post(source, generic("A"))
    counts = []
    for made in (both[1:], both):
        timers = [
            timer
            for timer in due(at(480))
            if timer.subject_id in {one.pk for one in made}
        ]
        with recording(at(480)), CaptureQueriesContext(connection) as queries:
            note_endings(timers, at(480))
        counts.append(len(queries))
        SilenceNotice.objects.all().delete()
    assert counts[0] == counts[1]
