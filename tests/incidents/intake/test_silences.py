from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.intake.maintenance import (
    MaintenanceDraft,
    change_maintenance,
    create_maintenance,
    draft_of,
    end_maintenance,
    next_start,
)
from incidents.intake.receive import store_deliveries
from incidents.intake.silences import SilenceDraft, create_silence, end_silence
from incidents.intake.suppressors import counts_held
from incidents.intake.waking import wake_alerts
from incidents.models import (
    Alert,
    Entry,
    Incident,
    Maintenance,
    Silence,
    Suppression,
)
from tests.incidents.intake.intake_world import (
    NOW,
    generic,
    make_organisation,
    make_source,
    post,
    process_all,
)

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def silence(organisation, *, field="label:cluster", value="a", start=NOW, **more):
    matchers = [{"field": field, "op": "=", "value": value}]
    draft = SilenceDraft(
        matchers=matchers, starts_at=start, ends_at=NOW + HOUR, reason="known", **more
    )
    actor = Actor.system(organisation)
    return create_silence(organisation, draft, author=None, actor=actor, now=NOW)


def maintenance(organisation, **values):
    draft = MaintenanceDraft(reason="new disks", **values)
    actor = Actor.system(organisation)
    return create_maintenance(organisation, draft, author=None, actor=actor, now=NOW)


def noisy(title="A", **more):
    return generic(title, labels={"cluster": "a"}, **more)


def kinds():
    names = ("alert.suppressed", "alert.attached", "alert.resolved", "incident.opened")
    return list(
        Entry.objects.filter(kind__in=names)
        .order_by("id")
        .values_list("kind", flat=True)
    )


def test_an_alert_that_matches_opens_no_incident_and_says_why(source, organisation):
    made = silence(organisation)
    post(source, noisy())
    row = Alert.objects.get()
    assert (Incident.objects.count(), row.status, row.incident) == (0, "firing", None)
    assert (row.held_by, row.held_until) == (f"silence:{made.pk}", NOW + HOUR)
    entry = Entry.objects.get(kind="alert.suppressed")
    reason = "silence until 2026-11-23 13:00 UTC: known"
    assert read_fields([entry])[entry.pk]["reason"] == reason
    assert Suppression.objects.get().reason == reason


def test_an_alert_that_does_not_match_opens_its_incident(source, organisation):
    silence(organisation)
    post(source, generic("B", labels={"cluster": "b"}))
    assert Incident.objects.count() == 1


def test_repeats_are_counted_and_recorded_once(source, organisation):
    made = silence(organisation)
    post(source, noisy(), noisy(), noisy())
    assert Alert.objects.get().repeat_count == 2
    assert kinds() == ["alert.suppressed"]
    assert counts_held([made]) == {f"silence:{made.pk}": 1}


def test_what_still_fires_at_the_end_opens_its_incident(source, organisation):
    silence(organisation)
    post(source, noisy("A", group_key="g"), noisy("B", group_key="g"))
    assert wake_alerts(NOW + HOUR - timedelta(seconds=1)) == 0
    assert wake_alerts(NOW + HOUR) == 2
    incident = Incident.objects.get()
    assert (incident.alert_count, incident.open_alert_count) == (2, 2)
    assert set(Alert.objects.values_list("held_by", "held_until")) == {("", None)}
    assert wake_alerts(NOW + HOUR) == 0


def test_what_has_cleared_before_the_end_opens_nothing(source, organisation):
    silence(organisation)
    post(source, noisy(), noisy(status="resolved", minutes=5))
    assert wake_alerts(NOW + HOUR) == 0
    assert Incident.objects.count() == 0
    assert Alert.objects.get().held_by == ""


def test_an_incident_that_is_open_stays_and_takes_repeats(source, organisation):
    post(source, noisy())
    silence(organisation)
    post(source, noisy())
    assert Incident.objects.get().status == "open"
    assert Suppression.objects.count() == 0


def test_a_new_alert_of_an_open_group_is_held_back_too(source, organisation):
    post(source, generic("B", group_key="g"))
    silence(organisation)
    post(source, noisy(group_key="g"))
    assert Incident.objects.get().alert_count == 1


def test_a_silence_ended_early_lets_go_at_once(source, organisation):
    made = silence(organisation)
    post(source, noisy())
    actor = Actor.system(organisation)
    end_silence(made, actor=actor, now=NOW + timedelta(minutes=5))
    assert wake_alerts(NOW + timedelta(minutes=5)) == 1
    assert Incident.objects.count() == 1
    with pytest.raises(NotPossible):
        end_silence(made, actor=actor, now=NOW + timedelta(minutes=6))


def test_another_silence_goes_on_holding_it_back(source, organisation):
    made = silence(organisation)
    post(source, noisy())
    silence(organisation, field="title", value="A")
    end_silence(made, actor=Actor.system(organisation), now=NOW)
    wake_alerts(NOW)
    assert Incident.objects.count() == 0
    assert kinds() == ["alert.suppressed"] * 2


def test_a_silence_that_has_not_begun_holds_nothing_back(source, organisation):
    silence(organisation, start=NOW + timedelta(minutes=5))
    post(source, noisy())
    assert Incident.objects.count() == 1


def test_another_organisations_silence_holds_nothing_back(source):
    silence(make_organisation("meridian"))
    post(source, noisy())
    assert Incident.objects.count() == 1


def test_maintenance_of_one_source_leaves_the_others(source, organisation):
    other = make_source(organisation, slug="other")
    maintenance(organisation, source=source, starts_at=NOW, ends_at=NOW + HOUR)
    post(source, noisy("A"))
    post(other, noisy("B"))
    assert Incident.objects.get().title == "B"
    assert wake_alerts(NOW + HOUR) == 1
    assert Incident.objects.count() == 2


def test_recurring_maintenance_holds_until_the_end_of_its_time(source, organisation):
    window = maintenance(organisation, cron="30 11 * * *", minutes=60)
    post(source, noisy())
    assert Alert.objects.get().held_until == NOW + timedelta(minutes=30)
    assert next_start(window, NOW) is None
    later = NOW + timedelta(hours=2)
    assert next_start(window, later) == NOW + timedelta(hours=23, minutes=30)


def test_maintenance_taken_out_of_use_lets_go_at_once(source, organisation):
    window = maintenance(organisation, cron="30 11 * * *", minutes=60)
    post(source, noisy())
    end_maintenance(window, actor=Actor.system(organisation), now=NOW)
    wake_alerts(NOW)
    assert Incident.objects.count() == 1


def test_maintenance_that_is_changed_lets_go_at_once(source, organisation):
    window = maintenance(organisation, cron="30 11 * * *", minutes=60)
    post(source, noisy())
    draft = replace(draft_of(window), minutes=10)
    actor = Actor.system(organisation)
    change_maintenance(window, draft, actor=actor, now=NOW)
    wake_alerts(NOW)
    assert Incident.objects.count() == 1


def test_maintenance_that_was_ended_is_used_again_when_it_is_changed(organisation):
    window = maintenance(organisation, cron="30 11 * * *", minutes=60)
    actor = Actor.system(organisation)
    ended = end_maintenance(window, actor=actor, now=NOW)
    same = change_maintenance(ended, draft_of(ended), actor=actor, now=NOW)
    assert same.ended_at == NOW
    draft = replace(draft_of(ended), minutes=10)
    assert change_maintenance(ended, draft, actor=actor, now=NOW).ended_at is None


def test_an_organisation_has_so_many_silences_and_no_more(organisation):
    rows = {"matchers": [], "starts_at": NOW, "ends_at": NOW + HOUR, "reason": "x"}
    Silence.objects.bulk_create(
        Silence(organisation=organisation, **rows) for _ in range(1_000)
    )
    with pytest.raises(NotPossible):
        silence(organisation)
    assert silence(make_organisation("meridian")).pk
    Silence.objects.filter(organisation=organisation).update(ends_at=NOW)
    assert silence(organisation).pk


def test_an_organisation_has_so_many_windows_and_no_more(organisation):
    rows = {"cron": "0 0 * * *", "minutes": 5, "reason": "x"}
    Maintenance.objects.bulk_create(
        Maintenance(organisation=organisation, **rows) for _ in range(500)
    )
    with pytest.raises(NotPossible):
        maintenance(organisation, cron="0 1 * * *", minutes=5)
    Maintenance.objects.update(ended_at=NOW)
    assert maintenance(organisation, cron="0 1 * * *", minutes=5).pk


def test_many_are_held_back_and_taken_up_in_as_many_statements(source, organisation):
    silence(organisation)
    counts = []
    for titles in ("A", "BCD"):
        store_deliveries(source, [noisy(title) for title in titles])
        with CaptureQueriesContext(connection) as queries:
            process_all()
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Suppression.objects.count() == 4


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"ends_at": NOW}, "ends_at"),
        ({"ends_at": NOW + timedelta(days=400)}, "ends_at"),
        ({"reason": " "}, "reason"),
        ({"matchers": [{"field": "x", "op": "=", "value": ""}]}, "matchers[0].field"),
        ({"matchers": []}, "matchers"),
    ],
)
def test_a_silence_that_cannot_be_made_names_the_field(organisation, values, field):
    good = {
        "matchers": [{"field": "title", "op": "=", "value": "A"}],
        "starts_at": NOW,
        "ends_at": NOW + HOUR,
        "reason": "known",
    }
    draft = SilenceDraft(**{**good, **values})
    with pytest.raises(BadInput) as caught:
        create_silence(
            organisation,
            draft,
            author=None,
            actor=Actor.system(organisation),
            now=NOW,
        )
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "starts_at"),
        ({"starts_at": NOW}, "ends_at"),
        ({"starts_at": NOW, "ends_at": NOW}, "ends_at"),
        ({"cron": "0 0 * * *"}, "minutes"),
        ({"cron": "0 0 * *", "minutes": 5}, "cron"),
        ({"cron": "0 0 * * *", "minutes": 5, "zone": "Mars"}, "zone"),
        ({"cron": "0 0 * * *", "minutes": 5, "starts_at": NOW}, "cron"),
        ({"starts_at": NOW, "ends_at": NOW + HOUR, "minutes": 5}, "minutes"),
    ],
)
def test_maintenance_that_cannot_be_made_names_the_field(organisation, values, field):
    with pytest.raises(BadInput) as caught:
        maintenance(organisation, **values)
    assert caught.value.field == field
