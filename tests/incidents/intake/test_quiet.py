from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.loop import fire_due
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.incident.lifecycle import comment, resolve
from incidents.intake.maintenance import (
    MaintenanceDraft,
    create_maintenance,
    end_maintenance,
)
from incidents.intake.quiet import QUIET
from incidents.intake.receive import store_deliveries
from incidents.intake.sources import (
    SourceOptions,
    change_source,
    create_source,
    send_trial,
)
from incidents.intake.suppressors import counts_held
from incidents.models import Delivery, Entry, Incident, Suppression, Timer
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def aurora():
    return factories.lab("aurora", name="Aurora Labs")


def watched(organisation, slug="scripts", hours=6):
    source, _ = create_source(
        organisation,
        tool="generic",
        slug=slug,
        name="Scripts",
        actor=Actor.system(organisation),
        now=NOW,
        options=SourceOptions(quiet_after_hours=hours),
    )
    return source


def delivered(source, at):
    [delivery] = store_deliveries(source, [b'{"title": "x"}'])
    Delivery.objects.filter(pk=delivery.pk).update(received_at=at)


def change(source, now, **changes):
    actor = Actor.system(source.organisation)
    change_source(source, changes=changes, actor=actor, now=now)


def titles():
    return list(Incident.objects.order_by("pk").values_list("title", "status"))


def test_a_silence_opens_one_incident(aurora):
    watched(aurora)
    fire_due(NOW)
    fire_due(NOW + 6 * HOUR - MINUTE)
    assert titles() == []

    for minutes in (0, 1, 2, 120):
        fire_due(NOW + 6 * HOUR + minutes * MINUTE)

    assert titles() == [("Nothing has come from Scripts for 6 hours", "open")]


def test_each_delivery_puts_the_end_of_patience_off(aurora):
    source = watched(aurora)
    fire_due(NOW)
    delivered(source, NOW + 5 * HOUR)

    fire_due(NOW + 6 * HOUR)
    assert (titles(), Timer.objects.get(kind=QUIET).due_at) == ([], NOW + 11 * HOUR)

    fire_due(NOW + 11 * HOUR)
    assert len(titles()) == 1


def test_it_resolves_once_something_comes_and_the_next_silence_opens_another(aurora):
    source = watched(aurora)
    fire_due(NOW)
    fire_due(NOW + 6 * HOUR)
    delivered(source, NOW + 7 * HOUR)

    fire_due(NOW + 7 * HOUR + MINUTE)
    [(_, status)] = titles()
    reasons = Entry.objects.filter(kind="incident.resolved").count()
    fire_due(NOW + 13 * HOUR)

    assert (status, reasons) == ("resolved", 1)
    assert [status for _, status in titles()] == ["resolved", "open"]


def test_the_test_button_is_no_sign_of_the_tool(aurora):
    source = watched(aurora)
    fire_due(NOW)
    fire_due(NOW + 6 * HOUR)
    trial = send_trial(source, now=NOW + 7 * HOUR)
    Delivery.objects.filter(pk=trial.pk).update(received_at=NOW + 7 * HOUR)

    fire_due(NOW + 7 * HOUR + MINUTE)

    assert [status for _, status in titles()] == ["open"]


def test_what_a_person_has_touched_stays_open(aurora):
    source = watched(aurora)
    fire_due(NOW)
    fire_due(NOW + 6 * HOUR)
    person = factories.person(aurora)
    comment(
        Incident.objects.get(),
        text="Looking.",
        is_shared=False,
        organisation=aurora,
        user=person,
        actor=Actor.of(person, aurora),
        now=NOW,
    )
    delivered(source, NOW + 7 * HOUR)

    fire_due(NOW + 8 * HOUR)

    assert [status for _, status in titles()] == ["open"]


def test_one_that_a_person_resolved_is_not_opened_again_for_the_same_silence(aurora):
    watched(aurora)
    fire_due(NOW)
    fire_due(NOW + 6 * HOUR)
    person = factories.person(aurora)
    resolve(
        Incident.objects.get(),
        reason="known",
        user=person,
        actor=Actor.of(person, aurora),
        now=NOW + 7 * HOUR,
    )

    for hours in (8, 20, 40):
        fire_due(NOW + hours * HOUR)

    assert [status for _, status in titles()] == ["resolved"]


def test_switching_the_watch_off_ends_it_and_its_incident(aurora):
    source = watched(aurora)
    fire_due(NOW)
    fire_due(NOW + 6 * HOUR)

    change(source, NOW + 7 * HOUR, quiet_after_hours=0)
    fire_due(NOW + 7 * HOUR)

    assert [status for _, status in titles()] == ["resolved"]
    assert not Timer.objects.filter(kind=QUIET).exists()


def test_a_source_that_is_switched_off_is_not_missed(aurora):
    source = watched(aurora)
    fire_due(NOW)

    change(source, NOW, is_enabled=False)
    fire_due(NOW)
    fire_due(NOW + 10 * HOUR)

    assert titles() == []


def test_a_shorter_patience_counts_from_the_last_delivery(aurora):
    source = watched(aurora)
    fire_due(NOW)
    change(source, NOW + HOUR, quiet_after_hours=2)

    fire_due(NOW + HOUR)

    assert Timer.objects.get(kind=QUIET).due_at == NOW + 2 * HOUR


def test_a_patience_that_cannot_be_used_names_its_limits(aurora):
    with pytest.raises(BadInput) as refused:
        watched(aurora, hours=745)

    assert str(refused.value) == (
        "quiet_after_hours: '745' cannot be used. Give whole hours from 0 to 744."
    )


def test_many_silences_take_as_many_statements_as_one(aurora):
    def statements(slugs):
        for slug in slugs:
            watched(aurora, slug)
        fire_due(NOW)
        with CaptureQueriesContext(connection) as queries:
            fire_due(NOW + 6 * HOUR)
        opened = Incident.objects.active().count()
        Incident.objects.update(status="resolved")
        Timer.objects.all().delete()
        return opened, len(queries)

    statements(["warm"])
    one = statements(["a"])
    three = statements(["b", "c", "d"])

    assert (one[0], three[0]) == (1, 3)
    assert one[1] == three[1]


def _covered(lab, source, *, until):
    draft = MaintenanceDraft(
        reason="new hall", source=source, starts_at=NOW, ends_at=until
    )
    actor = Actor.system(lab)
    return create_maintenance(lab, draft, author=None, actor=actor, now=NOW)


def test_a_source_under_maintenance_is_missed_only_afterwards(aurora):
    source = watched(aurora)
    window = _covered(aurora, source, until=NOW + 12 * HOUR)
    for hours in (6, 7, 11):
        fire_due(NOW + hours * HOUR)
    assert titles() == []
    held = Suppression.objects.get()
    assert (held.source, held.alert, held.heartbeat) == (source, None, None)
    assert counts_held([window]) == {f"maintenance:{window.pk}": 1}
    assert Entry.objects.filter(kind="alert.suppressed").count() == 1
    fire_due(NOW + 12 * HOUR)
    assert titles() == [("Nothing has come from Scripts for 6 hours", "open")]


def test_a_source_that_delivers_before_the_maintenance_ends_is_not_missed(aurora):
    source = watched(aurora)
    _covered(aurora, source, until=NOW + 12 * HOUR)
    fire_due(NOW + 6 * HOUR)
    delivered(source, NOW + 11 * HOUR)
    fire_due(NOW + 12 * HOUR)
    assert titles() == []


def test_maintenance_that_ends_early_lets_go_of_a_quiet_source(aurora):
    window = _covered(aurora, watched(aurora), until=NOW + 12 * HOUR)
    fire_due(NOW + 6 * HOUR)
    actor = Actor.system(aurora)
    end_maintenance(window, actor=actor, now=NOW + 7 * HOUR)
    fire_due(NOW + 7 * HOUR)
    assert [status for _, status in titles()] == ["open"]


def test_maintenance_of_another_source_or_organisation_holds_nothing_back(aurora):
    watched(aurora)
    _covered(aurora, watched(aurora, slug="other", hours=24), until=NOW + 12 * HOUR)
    _covered(factories.lab("meridian"), None, until=NOW + 12 * HOUR)
    fire_due(NOW + 6 * HOUR)
    assert len(titles()) == 1
