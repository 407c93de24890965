from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from escalation.models import Clock, ClockPause, ClockState
from incidents.events.actor import Actor
from incidents.incident.shares import share
from tests import factories as make


def scene(minutes_ago: int = 0, **more):
    """An incident of a lab with one clock, and who works on it."""
    lab = make.lab()
    duty = make.person(lab)
    opened_at = timezone.now() - timedelta(minutes=minutes_ago)
    incident = make.incident(lab, now=opened_at)
    clock = make.clock(incident, make.policy(lab, make.wait(5)), **more)
    return incident, duty, clock


def shown_on(client, incident, duty):
    client.force_login(duty)
    return client.get(reverse("incident-detail", args=[incident.ref]))


def test_a_running_clock_says_what_is_left_and_whose_move_it_is(client, db):
    incident, duty, _ = scene(30, warn=[{"percent": 75}])
    answer = shown_on(client, incident, duty)
    [group] = answer.context["clocks"]
    [card] = group["cards"]
    assert group["name"] == "Running"
    assert card["shown"].percent_used == 51
    assert card["shown"].left == "29 minutes of time left"
    assert card["shown"].whose_move == f"{incident.organisation.name}."
    assert card["verb"] == "Pause"
    assert card["shown"].marks == [{"at": 75, "text": "75 % of the time used"}]
    assert card["shown"].to_warn == "75 % of the time used"


def test_a_warning_that_has_been_given_is_not_announced_any_more(client, db):
    incident, duty, _ = scene(50, warn=[{"percent": 75}, {"minutes_before": 5}])
    [group] = shown_on(client, incident, duty).context["clocks"]
    assert group["cards"][0]["shown"].to_warn == "5 minutes before it is due"


def test_groups_stand_in_the_order_of_their_urgency(client, db):
    incident, duty, clock = scene(90)
    path = make.policy(incident.organisation, make.wait(5))
    make.clock(incident, path, what="acknowledge_by", minutes=600)
    Clock.objects.filter(pk=clock.pk).update(state=ClockState.BREACHED)
    answer = shown_on(client, incident, duty)
    assert [g["name"] for g in answer.context["clocks"]] == ["Overdue", "Running"]
    assert answer.context["strip"].due == "Resolve: overdue since"


def test_a_person_pauses_a_clock_on_the_page(client, db):
    incident, duty, clock = scene()
    client.force_login(duty)
    url = reverse("clock-pause", args=[incident.ref, clock.pk])
    assert client.post(url, {"reason": "vendor"}).status_code == 302
    clock.refresh_from_db()
    assert clock.state == ClockState.PAUSED
    assert ClockPause.objects.get().reason == "vendor"


def test_what_was_done_while_paused_offers_nothing_and_stands_still(client, db):
    incident, duty, clock = scene(30)
    now = timezone.now()
    ClockPause.objects.create(
        clock=clock, organisation=clock.organisation, reason="vendor", from_at=now
    )
    Clock.objects.filter(pk=clock.pk).update(
        state=ClockState.CANCELLED, state_reason="resolved", due_at=None, ended_at=now
    )
    answer = shown_on(client, incident, duty)
    [card] = answer.context["clocks"][0]["cards"]
    assert (card["verb"], card["shown"].open_pause) == ("", None)


def test_a_pause_without_a_reason_comes_back_with_the_form(client, db):
    incident, duty, clock = scene()
    client.force_login(duty)
    url = reverse("clock-pause", args=[incident.ref, clock.pk])
    answer = client.post(url, {"reason": ""})
    assert answer.status_code == 422
    [card] = answer.context["clocks"][0]["cards"]
    assert list(card["form"].errors) == ["reason"]


def test_the_list_shows_what_is_due_next_and_finds_what_is_overdue(client, db):
    incident, duty, _ = scene(90)
    calm = make.incident(incident.organisation, now=timezone.now())
    client.force_login(duty)
    rows = client.get(reverse("incident-list")).context["incidents"]
    found = {row.ref: row.deadline for row in rows}
    assert found[incident.ref].is_overdue
    assert found[incident.ref].name == "Resolve"
    assert found[calm.ref] is None
    late = client.get(reverse("incident-list") + "?due=overdue").context["incidents"]
    assert [row.ref for row in late] == [incident.ref]


def test_the_queue_shows_and_finds_what_is_due_next(client, db):
    naisa, lab = make.agency(), make.lab()
    officer = make.person(naisa, role="officer")
    incident = make.incident(lab, now=timezone.now() - timedelta(minutes=90))
    share(
        incident,
        agency=naisa,
        reason="x",
        user=None,
        actor=Actor.system(lab),
        now=timezone.now(),
    )
    # The lab's own deadline is nothing to the agency.
    make.clock(incident, make.policy(lab, make.wait(5)), minutes=5)
    client.force_login(officer)
    url = reverse("triage-queue")
    assert client.get(url).context["rows"][0].due_label == ""
    assert client.get(f"{url}?due=day").context["rows"] == []
    make.clock(incident, make.policy(naisa, make.wait(5)), what="triage_by")
    [row] = client.get(f"{url}?due=overdue").context["rows"]
    assert (row.due_label, row.is_overdue) == ("Triage", True)


def test_the_queue_is_sorted_by_what_is_due_next_on_the_agencys_side(client, db):
    naisa, lab = make.agency(), make.lab()
    officer = make.person(naisa, role="officer")
    now = timezone.now()
    path, theirs = make.policy(naisa, make.wait(5)), make.policy(lab, make.wait(5))
    for minutes, severity in ((90, 5), (30, 4), (60, 3), (None, 5)):
        incident = make.incident(lab, title=str(minutes), severity=severity, now=now)
        actor = Actor.system(lab)
        share(incident, agency=naisa, reason="x", user=None, actor=actor, now=now)
        # The lab's own deadline is nothing to the agency.
        make.clock(incident, theirs, minutes=100 - severity)
        if minutes:
            make.clock(incident, path, what="triage_by", minutes=minutes)
    client.force_login(officer)
    url = reverse("triage-queue") + "?sort=due"
    rows = client.get(url).context["rows"]
    assert [row.incident.title for row in rows] == ["30", "60", "90", "None"]


def test_the_first_page_names_what_is_overdue(client, db):
    _, duty, clock = scene(90)
    client.force_login(duty)
    titles = [s.title for s in client.get(reverse("home")).context["sections"]]
    assert titles[0] == "Overdue"
    Clock.objects.filter(pk=clock.pk).update(due_at=timezone.now() + timedelta(hours=1))
    titles = [s.title for s in client.get(reverse("home")).context["sections"]]
    assert "Overdue" not in titles


def test_each_list_of_the_first_page_says_what_is_due_next(client, db):
    incident, duty, clock = scene(30)
    client.force_login(duty)
    rows = [
        row
        for section in client.get(reverse("home")).context["sections"]
        for row in section.incidents
    ]
    assert [(row.pk, row.deadline.at) for row in rows] == [(incident.pk, clock.due_at)]
