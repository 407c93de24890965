import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from escalation.regimes.calendars import known_calendars
from escalation.regimes.deadlines import Place, add_months, deadline
from escalation.regimes.library import shipped_regimes
from tests.escalation.regimes import counting

VECTORS = Path(__file__).parents[4] / "shared" / "vectors" / "deadlines.json"
ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Brussels",
        "America/New_York",
        "America/Los_Angeles",
        "Australia/Lord_Howe",
        "Asia/Shanghai",
        "UTC",
    )
]
STARTS = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001  (the zone is drawn beside it)
    datetime(2035, 12, 31),  # noqa: DTZ001  as above
    timezones=st.just(UTC),
)
PLACES = st.tuples(st.sampled_from(ZONES), st.sampled_from(known_calendars()))


def at(text):
    return datetime.fromisoformat(text)


def due(regime, stage, *, zone="Europe/Brussels", calendar="BE", entity="", **anchors):
    """Count a stage; anchors by name, `submitted__x` for `submitted:x`."""
    law = shipped_regimes()[regime]
    known = {
        name.replace("__", ":"): [at(one) for one in value.split()]
        for name, value in anchors.items()
    }
    place = Place(ZoneInfo(zone), calendar, entity)
    found = law.stage(stage)
    assert found is not None
    return deadline(law, found, known, place)


def local(found):
    return found and found.isoformat()


@pytest.mark.skipif(not VECTORS.exists(), reason=f"{VECTORS} is not on this machine")
def test_every_shared_vector():
    wrong = []
    for vector in json.loads(VECTORS.read_text()):
        law = shipped_regimes()[vector["regime"]]
        stage = law.stage(vector["stage"])
        anchors = {name: [at(text)] for name, text in vector["anchors"].items()}
        place = Place(
            ZoneInfo(vector["zone"]), vector["calendar"], vector.get("entity", "")
        )
        found = deadline(law, stage, anchors, place)
        got = local(found.due_operational), local(found.due_statutory_latest)
        if got != (vector["due_operational"], vector["due_statutory_latest"]):
            wrong.append((vector["id"], got))
    assert wrong == []


def test_hours_are_elapsed_hours_and_the_hour_of_the_event_is_no_hour_of_the_period():
    found = due("eu-gdpr-33", "notification", aware="2026-10-23T18:00:00+02:00")
    assert local(found.due_operational) == "2026-10-26T17:00:00+01:00"
    assert local(found.due_statutory_latest) == "2026-10-26T18:00:00+01:00"


def test_two_days_from_a_friday_hold_two_working_days_at_the_latest():
    aware = "2026-12-04T17:05:00+01:00"
    found = due(
        "eu-gpai-cop-9",
        "initial_critical_infrastructure",
        model_involvement_aware=aware,
    )
    assert local(found.due_operational) == "2026-12-06T23:59:59+01:00"
    assert local(found.due_statutory_latest) == "2026-12-08T23:59:59+01:00"


def test_report_without_its_anchor_waits_and_says_for_what():
    found = due("eu-nis2-23", "final", aware="2026-12-25T03:10:00+01:00")
    assert (found.status, found.due_operational) == ("waiting", None)
    assert found.waiting_for == ("submitted:notification",)


def test_ongoing_case_owes_its_final_report_a_month_after_it_was_handled():
    filed = {
        "submitted__notification": "2026-12-28T02:40:00+01:00",
        "submitted__progress": "2027-01-28T10:00:00+01:00",
    }
    waiting = due("eu-nis2-23", "final", **filed)
    assert (waiting.status, waiting.waiting_for) == ("waiting", ("handled",))
    found = due("eu-nis2-23", "final", handled="2027-03-31T12:00:00+02:00", **filed)
    assert local(found.due_operational) == "2027-04-30T23:59:59+02:00"


def test_progress_report_is_due_when_the_final_one_is_unless_it_is_handled():
    filed = {"submitted__notification": "2026-12-28T02:40:00+01:00"}
    found = due("eu-nis2-23", "progress", **filed)
    assert local(found.due_operational) == "2027-01-28T23:59:59+01:00"
    over = due("eu-nis2-23", "progress", handled="2027-01-02T10:00:00+01:00", **filed)
    assert (over.status, over.flags) == ("not_applicable", ("ended: handled",))


def test_reopening_undoes_that_it_was_resolved():
    resolved = "2026-12-20T10:00:00+01:00"
    reopened = "2026-12-21T10:00:00+01:00"
    first = "2026-12-15T18:00:00+01:00"
    series = {"submitted__initial_death": first, "resolved": resolved}
    assert due("eu-gpai-cop-9", "intermediate", **series).status == "not_applicable"
    again = due("eu-gpai-cop-9", "intermediate", reopened=reopened, **series)
    assert local(again.due_operational) == "2027-01-12T23:59:59+01:00"
    final = due("eu-gpai-cop-9", "final", resolved=resolved, reopened=reopened)
    assert (final.status, final.waiting_for) == ("waiting", ("resolved",))


def test_each_submission_starts_the_next_four_weeks():
    found = due(
        "eu-gpai-cop-9",
        "intermediate",
        submitted__initial_death="2026-12-15T18:00:00+01:00",
        submitted__intermediate="2027-01-11T09:00:00+01:00 2027-02-01T09:00:00+01:00",
    )
    assert local(found.due_operational) == "2027-03-01T23:59:59+01:00"
    assert "recurring" in found.flags


def test_relief_of_the_weekend_is_for_those_who_may_have_it():
    anchors = {
        "aware": "2026-12-05T22:00:00+01:00",
        "classified_major": "2026-12-06T20:30:00+01:00",
    }
    eligible = due("eu-dora-19", "initial", entity="weekend-relief-eligible", **anchors)
    assert local(eligible.due_statutory_latest) == "2026-12-07T12:00:00+01:00"
    bank = due("eu-dora-19", "initial", entity="credit-institution", **anchors)
    assert local(bank.due_statutory_latest) == "2026-12-06T22:00:00+01:00"
    assert "no relief: not weekend-relief-eligible" in bank.flags


def test_clock_that_may_come_to_end_earlier_says_by_what():
    found = due("eu-dora-19", "initial", aware="2026-11-27T09:00:00+01:00")
    assert local(found.due_operational) == "2026-11-28T09:00:00+01:00"
    assert found.waiting_for == ("classified_major",)
    assert "may change with: classified_major" in found.flags


@pytest.mark.parametrize(
    ("regime", "stage", "anchors", "flag"),
    [
        (
            "us-circia",
            "covered_incident",
            {"reasonable_belief": "2026-11-27T09:00:00-05:00"},
            "law: not_in_effect",
        ),
        (
            "us-ny-raise",
            "report",
            {"determined": "2026-12-31T23:00:00-05:00"},
            "law: in effect from 2027-01-01",
        ),
    ],
)
def test_law_that_is_not_in_effect_gives_no_date(regime, stage, anchors, flag):
    found = due(regime, stage, zone="America/New_York", calendar="US-NY", **anchors)
    assert (found.status, found.due_operational) == ("pending", None)
    assert flag in found.flags


def in_new_york(**anchors):
    place = {"zone": "America/New_York", "calendar": "US-NY"}
    return due("us-ny-raise", "report", **place, **anchors)


def test_what_came_before_the_law_does_not_hide_what_came_since():
    before, since = "2026-12-30T09:00:00-05:00", "2027-01-02T09:00:00-05:00"
    found = in_new_york(determined=before, reasonable_belief=since)
    alone = in_new_york(reasonable_belief=since)
    assert (found.anchor, found.due_operational) == (
        "reasonable_belief",
        alone.due_operational,
    )


def test_report_without_a_date_is_not_due_for_what_came_before_the_law():
    law = replace(shipped_regimes()["eu-nis2-23"], effective_from=date(2026, 12, 2))
    stage = law.stage("intermediate")
    place = Place(ZoneInfo("Europe/Brussels"), "BE")

    def asked(text):
        return deadline(law, stage, {"authority_request": [at(text)]}, place).status

    assert asked("2026-12-01T23:59:59+01:00") == "pending"
    assert asked("2026-12-02T00:00:00+01:00") == "due"


def test_law_is_in_effect_by_the_local_day():
    found = due(
        "us-ny-raise",
        "report",
        zone="America/New_York",
        calendar="US-NY",
        determined="2027-01-01T05:00:00+00:00",
    )
    assert found.status == "due"


def test_without_undue_delay_is_due_and_has_no_date():
    request = "2026-12-01T09:00:00+01:00"
    found = due("eu-nis2-23", "intermediate", authority_request=request)
    assert (found.status, found.due_operational) == ("due", None)
    assert (found.rule, found.flags) == ("on_request", ("the law gives no date",))


def test_no_rule_no_latest_date():
    found = due("safe-2026", "preliminary", aware="2026-12-01T09:00:00+01:00")
    assert local(found.due_operational) == "2026-12-31T23:59:59+01:00"
    assert found.due_statutory_latest is None


@settings(max_examples=300, deadline=None)
@given(start=STARTS, place=PLACES)
@example(
    start=datetime(2028, 10, 26, tzinfo=UTC),
    place=(ZoneInfo("Europe/Brussels"), "AT"),
)
def test_hours_agree_with_the_slow_count(start, place):
    zone, calendar = place
    law = shipped_regimes()["eu-nis2-23"]
    stage = law.stage("notification")
    found = deadline(law, stage, {"aware": [start]}, Place(zone, calendar))
    if start.astimezone(zone).date() < law.effective_from:
        assert found.status == "pending"
        return
    # In UTC: a local time that the clocks show twice equals none of another zone.
    due, latest = found.due_operational, found.due_statutory_latest
    assert due.astimezone(UTC) == counting.hours_on(start, 72)
    assert latest.astimezone(UTC) == counting.whole_hours_on(start, 72)


@settings(max_examples=400, deadline=None)
@given(start=STARTS, place=PLACES, limb=st.sampled_from([2, 5, 10, 15]))
def test_days_agree_with_the_slow_count(start, place, limb):
    zone, calendar = place
    law = shipped_regimes()["eu-gpai-cop-9"]
    name = {
        2: "critical_infrastructure",
        5: "cybersecurity_breach",
        10: "death",
        15: "serious_harm",
    }
    stage = law.stage(f"initial_{name[limb]}")
    anchors = {"model_involvement_aware": [start]}
    found = deadline(law, stage, anchors, Place(zone, calendar))
    first = start.astimezone(zone).date()
    if first < law.effective_from:
        assert found.status == "pending"
        return
    last = counting.days_on(start, limb, zone)
    assert found.due_operational == counting.last_second(last, zone)
    latest = counting.with_two_working_days(
        first, counting.rolled(last, calendar), calendar
    )
    latest = counting.rolled(latest, calendar)
    assert found.due_statutory_latest == counting.last_second(latest, zone)


@settings(max_examples=300, deadline=None)
@given(start=STARTS, place=PLACES)
def test_months_agree_with_the_slow_count(start, place):
    zone, calendar = place
    law = shipped_regimes()["eu-nis2-23"]
    stage = law.stage("final")
    anchors = {"submitted:notification": [start]}
    found = deadline(law, stage, anchors, Place(zone, calendar))
    if start.astimezone(zone).date() < law.effective_from:
        return
    last = counting.months_on(start, 1, zone)
    assert found.due_operational == counting.last_second(last, zone)
    latest = counting.rolled(last, calendar)
    assert found.due_statutory_latest == counting.last_second(latest, zone)


@settings(max_examples=300, deadline=None)
@given(start=STARTS, place=PLACES)
def test_business_days_agree_with_the_slow_count(start, place):
    zone, calendar = place
    law = shipped_regimes()["us-sec-8k-105"]
    stage = law.stage("filing")
    found = deadline(law, stage, {"material": [start]}, Place(zone, calendar))
    if start.astimezone(zone).date() < law.effective_from:
        return
    last = counting.business_days_on(start, 4, zone, calendar)
    wanted = datetime.combine(last, time(17, 30), tzinfo=zone)
    assert found.due_operational == wanted


@settings(max_examples=300, deadline=None)
@given(start=STARTS, place=PLACES)
def test_latest_date_is_never_before_the_operational_one(start, place):
    zone, calendar = place
    everything = {
        name: [start]
        for law in shipped_regimes().values()
        for stage in law.stages
        for name in stage.anchors
        if name not in ("resolved", "handled")
    }
    for law in shipped_regimes().values():
        for stage in law.stages:
            found = deadline(law, stage, everything, Place(zone, calendar))
            if found.due_operational and found.due_statutory_latest:
                assert found.due_operational <= found.due_statutory_latest


def test_month_without_that_day_ends_with_its_last():
    assert add_months(date(2028, 1, 31), 1) == date(2028, 2, 29)
    assert add_months(date(2026, 12, 31), 2) == date(2027, 2, 28)
    assert add_months(date(2026, 11, 30), 1) == date(2026, 12, 30)


def test_dues_keep_the_offset_of_their_own_day():
    found = due(
        "us-ca-sb53",
        "imminent_risk",
        zone="America/Los_Angeles",
        calendar="US-CA",
        imminent_risk_discovered="2027-03-13T22:15:00-08:00",
    )
    assert local(found.due_operational) == "2027-03-14T23:15:00-07:00"
    assert found.due_operational - at("2027-03-13T22:15:00-08:00") == timedelta(
        hours=24
    )


def test_authority_answers_within_a_day_of_the_early_warning():
    found = due(
        "eu-nis2-23",
        "authority_answer",
        submitted__early_warning="2026-12-25T20:00:00+01:00",
    )
    assert local(found.due_operational) == "2026-12-26T20:00:00+01:00"


def test_authority_acts_within_seven_days_of_the_first_report():
    found = due(
        "eu-ai-act-73",
        "authority_measures",
        submitted__report_death="2027-03-01T09:00:00+01:00",
        submitted__report="2027-03-04T09:00:00+01:00",
    )
    assert local(found.due_operational) == "2027-03-08T23:59:59+01:00"


@pytest.mark.parametrize("instant", ["0001-01-01", "9999-12-31T23:59:59"])
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_instant_at_the_end_of_time_stops_no_count(instant, zone):
    first = at(instant).replace(tzinfo=zone)
    for law in shipped_regimes().values():
        for stage in law.stages:
            anchors = {name: [first] for name in stage.anchors}
            deadline(law, stage, anchors, Place(zone, law.calendar))


@pytest.mark.parametrize("instant", ["0001-01-01T00:00+01:00", "9999-12-31T00:00Z"])
def test_instant_out_of_range_gives_no_date_and_says_so(instant):
    found = due("eu-gdpr-33", "notification", aware=instant)
    assert (found.status, found.due_operational) == ("waiting", None)
    assert "the instant is out of range" in found.flags
