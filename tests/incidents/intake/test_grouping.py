import pytest

from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.lifecycle import acknowledge, lock_incidents, resolve
from incidents.intake.grouping import take_over_alerts
from incidents.intake.receive import store_deliveries
from incidents.models import AcknowledgedVia, Alert, Entry, Incident, Timer
from tests.incidents.intake.intake_world import (
    NOW,
    at,
    generic,
    make_source,
    post,
    process_all,
)

pytestmark = pytest.mark.django_db


def kinds():
    """Return the kinds of what was recorded of incidents, in order."""
    rows = Entry.objects.exclude(kind="config.changed").order_by("id")
    return list(rows.values_list("kind", flat=True))


def person_acknowledges(incident):
    owner = incident.organisation
    acknowledge(
        incident,
        organisation=owner,
        user=None,
        via=AcknowledgedVia.PAGE,
        actor=Actor.system(owner),
        now=NOW,
    )


def resolve_by_hand(incident):
    actor = Actor.system(incident.organisation)
    resolve(incident, reason="done", user=None, actor=actor, now=NOW)


def test_alerts_of_a_group_share_an_incident(source):
    first = generic("A", group_key="g", labels={"team": "x", "host": "1"})
    second = generic("B", group_key="g", labels={"team": "x", "host": "2"})
    post(source, first, second)
    incident = Incident.objects.get()
    assert (incident.alert_count, incident.open_alert_count) == (2, 2)
    assert incident.labels == {"team": "x"}


def test_same_group_key_of_two_sources_is_two_incidents(source, organisation):
    other = make_source(organisation, slug="other")
    post(source, generic("A", group_key="g"))
    post(other, generic("A", group_key="g"))
    assert Incident.objects.count() == 2
    assert Alert.objects.count() == 2


def test_group_that_arrives_at_once_has_the_groups_title(source):
    store_deliveries(
        source,
        [generic(t, group_key="g", group_title="Egress (2 hosts)") for t in "AB"],
    )
    process_all()
    assert Incident.objects.get().title == "Egress (2 hosts)"


def test_new_incident_takes_the_worst_severity(source):
    words = ["low", "critical", "medium"]
    store_deliveries(source, [generic(w, group_key="g", severity=w) for w in words])
    process_all()
    assert Incident.objects.get().severity == 4
    assert "incident.severity_changed" not in kinds()


def test_unknown_severity_takes_the_sources_default(organisation):
    source = make_source(organisation, default_severity=3, default_category="CYB")
    post(source, generic(severity="purple"))
    incident = Incident.objects.get()
    assert (incident.severity, incident.category) == (3, "CYB")


def test_repeat_adds_to_a_counter_and_writes_no_entry(source):
    post(source, generic())
    before = kinds()
    post(source, generic(), generic(), generic())
    assert Alert.objects.get().repeat_count == 3
    assert kinds() == before == ["incident.opened", "alert.attached"]


def test_worse_alert_raises_severity_of_untouched_incident(source):
    post(source, generic("A", group_key="g", severity="medium"))
    post(source, generic("B", group_key="g", severity="critical"))
    assert Incident.objects.get().severity == 4
    assert kinds().count("incident.severity_changed") == 1


def test_milder_alert_does_not_lower_severity(source):
    post(source, generic("A", group_key="g", severity="critical"))
    post(source, generic("B", group_key="g", severity="low"))
    assert Incident.objects.get().severity == 4


def test_worse_alert_leaves_severity_of_touched_incident(source):
    post(source, generic("A", group_key="g", severity="medium"))
    person_acknowledges(Incident.objects.get())
    post(source, generic("B", group_key="g", severity="critical"))
    assert Incident.objects.get().severity == 2


def test_incident_stays_open_while_one_alert_fires(source):
    post(source, generic("A", group_key="g"), generic("B", group_key="g"))
    post(source, generic("A", group_key="g", status="resolved", minutes=5))
    incident = Incident.objects.get()
    assert (incident.status, incident.open_alert_count) == ("open", 1)
    assert incident.all_clear_at is None


def test_untouched_incident_resolves_with_its_last_alert(source):
    post(source, generic("A", group_key="g"), generic("B", group_key="g"))
    store_deliveries(
        source,
        [generic(t, group_key="g", status="resolved", minutes=5) for t in "AB"],
    )
    process_all(at(6))
    incident = Incident.objects.get()
    assert (incident.status, incident.resolved_at) == ("resolved", at(6))
    assert (incident.alert_count, incident.open_alert_count) == (2, 0)
    assert kinds()[-3:] == ["alert.resolved", "alert.resolved", "incident.resolved"]
    timers = Timer.objects.filter(kind="incident.changed", incident=incident)
    assert timers.count() == 1


def test_touched_incident_shows_all_clear_and_stays_open(source):
    post(source, generic())
    person_acknowledges(Incident.objects.get())
    post(source, generic(status="resolved", minutes=5), now=at(6))
    incident = Incident.objects.get()
    assert (incident.status, incident.all_clear_at) == ("acknowledged", at(6))
    assert "incident.resolved" not in kinds()


def test_source_that_does_not_resolve_shows_all_clear(organisation):
    source = make_source(organisation, resolves_incidents=False)
    post(source, generic(), generic(status="resolved", minutes=5), now=at(6))
    incident = Incident.objects.get()
    assert (incident.status, incident.all_clear_at) == ("open", at(6))


def test_all_clear_ends_when_an_alert_fires_again(organisation):
    source = make_source(organisation, resolves_incidents=False)
    post(source, generic(), generic(status="resolved", minutes=5), generic(minutes=9))
    incident = Incident.objects.get()
    assert (incident.all_clear_at, incident.open_alert_count) == (None, 1)
    attached = kinds().count("alert.attached")
    assert (attached, Incident.objects.count()) == (2, 1)


def test_alert_of_a_resolved_incident_fires_into_a_new_one(source):
    post(source, generic(), generic(status="resolved", minutes=5))
    post(source, generic(minutes=9))
    old, new = Incident.objects.order_by("id")
    assert (old.status, new.status) == ("resolved", "open")
    assert (old.alert_count, new.alert_count) == (1, 1)
    assert Alert.objects.get().incident == new


def test_alert_that_still_fires_after_a_person_resolved_opens_a_new_one(source):
    post(source, generic())
    resolve_by_hand(Incident.objects.get())
    post(source, generic())
    assert [i.status for i in Incident.objects.order_by("id")] == ["resolved", "open"]


def test_clearing_after_a_person_resolved_opens_nothing(source):
    post(source, generic())
    resolve_by_hand(Incident.objects.get())
    post(source, generic(status="resolved", minutes=5))
    incident = Incident.objects.get()
    assert (incident.status, incident.open_alert_count) == ("resolved", 0)
    assert kinds()[-2:] == ["incident.resolved", "alert.resolved"]


def test_merged_alerts_count_for_the_other_incident(source):
    post(source, generic("A"), generic("B"))
    one, other = Incident.objects.order_by("id")
    with recording(NOW):
        locked = lock_incidents([one.pk, other.pk])
        take_over_alerts(locked[one.pk], into=locked[other.pk])
    other.refresh_from_db()
    assert (other.alert_count, other.open_alert_count) == (2, 2)
    post(source, generic("A", status="resolved", minutes=5))
    other.refresh_from_db()
    assert (other.status, other.open_alert_count) == ("open", 1)


def test_labels_that_are_not_ascii_are_recorded(source):
    post(source, generic(labels={"größe": "10", "team": "Überwachung"}))
    assert Alert.objects.get().labels == {"größe": "10", "team": "Überwachung"}
    assert kinds() == ["incident.opened", "alert.attached"]
