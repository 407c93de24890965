from datetime import UTC, datetime, timedelta

import pytest

from escalation.duties.plan import NOT_WATCHED, Key, State, plan
from escalation.duties.wanted import (
    AUTHORITY,
    NO_LIMB,
    NOT_REPORTABLE,
    Duty,
    Submission,
    wanted_clocks,
)
from escalation.regimes.deadlines import Place
from escalation.regimes.library import shipped_regimes

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def duty(regime_id, **more):
    regime = shipped_regimes()[regime_id]
    values = {
        "regime_id": regime_id,
        "texts": {"one": regime},
        "current": "one",
        "place": Place(regime.zone, regime.calendar),
        "anchors": {"aware": [NOW]},
        **more,
    }
    return Duty(**values)


def stages(found):
    return [key.stage for key in found]


def test_undecided_everything_that_is_not_ruled_out_is_wanted_to_be_safe():
    found = wanted_clocks(duty("eu-ai-act-73"))

    assert {"report", "report_fast", "report_death"} <= set(stages(found))
    assert all(terms.is_provisional for terms in found.values())


def test_a_stage_whose_limbs_are_all_ruled_out_is_not_wanted():
    out = frozenset({"death_or_health", "death"})
    regime = shipped_regimes()["eu-ai-act-73"]
    limbs = set(regime.stage("report_death").limbs)

    found = wanted_clocks(duty("eu-ai-act-73", ruled_out={"one": out | limbs}))

    assert "report_death" not in stages(found)
    assert "report_fast" in stages(found)


def test_decided_only_the_stages_of_the_limbs_that_are_met_are_wanted():
    regime = shipped_regimes()["eu-ai-act-73"]
    met = frozenset(regime.stage("report_fast").limbs)

    found = wanted_clocks(duty("eu-ai-act-73", verdict="reportable", met=met))

    assert "report_fast" in stages(found)
    assert "report_death" not in stages(found)
    assert not any(terms.is_provisional for terms in found.values())


def test_not_reportable_nothing_is_wanted_but_what_was_reported_stays():
    sent = {"early_warning": (Submission(NOW, "FIL-1"),)}

    found = wanted_clocks(
        duty("eu-nis2-23", verdict="not_reportable", submissions=sent)
    )

    assert stages(found) == ["early_warning"]
    [terms] = found.values()
    assert (terms.state, terms.met_by) == (State.MET, "FIL-1")
    assert terms.due_operational == NOW + DAY


def test_why_nothing_is_wanted_is_said():
    assert duty("eu-nis2-23", current="").why_not == NOT_WATCHED
    assert duty("eu-nis2-23", verdict="not_reportable").why_not == NOT_REPORTABLE
    assert duty("eu-nis2-23", ended_because="merged").why_not == "merged"
    assert duty("eu-nis2-23").why_not == NO_LIMB


def test_an_authority_has_the_stages_of_its_own_duty_alone():
    sent = [NOW]
    anchors = {"submitted:early_warning": sent}

    found = wanted_clocks(duty("eu-nis2-23", side=AUTHORITY, anchors=anchors))

    assert stages(found) == ["authority_answer"]
    [terms] = found.values()
    assert terms.due_operational == NOW + DAY
    assert not terms.is_provisional


def test_a_clock_that_is_kept_goes_by_its_own_text_and_others_by_the_present_one():
    regime = shipped_regimes()["eu-nis2-23"]
    texts = {"one": regime, "two": regime}

    found = wanted_clocks(
        duty("eu-nis2-23", texts=texts, current="two", kept={"early_warning": "one"})
    )

    assert found[Key("eu-nis2-23", "early_warning")].digest == "one"
    assert found[Key("eu-nis2-23", "notification")].digest == "two"


def test_a_law_that_is_not_in_effect_wants_no_clock():
    wanted = wanted_clocks(duty("us-circia", anchors={"reasonable_belief": [NOW]}))
    assert {one.reason for one in wanted.values()} == {"the law was not in effect then"}
    assert plan({}, wanted) == []


def test_each_report_of_a_series_has_its_round_counted_from_the_one_before():
    initial, first = NOW, NOW + 20 * DAY
    sent = {
        "initial_death": (Submission(initial, "FIL-1"),),
        "intermediate": (Submission(first, "FIL-2"),),
    }
    anchors = {
        "submitted:initial_death": [initial],
        "submitted:intermediate": [first],
    }

    found = wanted_clocks(duty("eu-gpai-cop-9", anchors=anchors, submissions=sent))

    one = found[Key("eu-gpai-cop-9", "intermediate", 1)]
    two = found[Key("eu-gpai-cop-9", "intermediate", 2)]
    assert (one.state, one.met_at) == (State.MET, first)
    assert (two.state, two.counted_from) == (State.RUNNING, first)
    assert two.due_operational > one.due_operational


def test_another_initial_report_while_a_round_runs_moves_its_start():
    anchors = {"submitted:initial_death": [NOW, NOW + DAY]}
    sent = {"initial_death": (Submission(NOW, "FIL-1"), Submission(NOW + DAY, "FIL-2"))}

    found = wanted_clocks(duty("eu-gpai-cop-9", anchors=anchors, submissions=sent))

    assert found[Key("eu-gpai-cop-9", "initial_death")].met_by == "FIL-1"
    assert found[Key("eu-gpai-cop-9", "intermediate")].counted_from == NOW + DAY


def series(**more):
    initial, first = NOW, NOW + 20 * DAY
    sent = {
        "initial_death": (Submission(initial, "FIL-1"),),
        "intermediate": (Submission(first, "FIL-2"),),
    }
    anchors = {
        "submitted:initial_death": [initial],
        "submitted:intermediate": [first],
        **more.pop("anchors", {}),
    }
    values = {"anchors": anchors, "submissions": sent, **more}
    return wanted_clocks(duty("eu-gpai-cop-9", **values))


@pytest.mark.parametrize(
    "ended",
    [{"verdict": "not_reportable"}, {"current": ""}, {"ended_because": "merged"}],
)
def test_no_next_round_of_a_series_is_wanted_once_nothing_is_to_be_reported(ended):
    kept = {"initial_death": "one", "intermediate": "one"}

    found = series(kept=kept, **ended)

    rounds = [key.round for key in found if key.stage == "intermediate"]
    assert rounds == [1]
    assert {terms.state for terms in found.values()} == {State.MET}


def test_a_resolution_after_a_report_leaves_the_date_it_was_due():
    before = series()
    after = series(anchors={"resolved": [NOW + 30 * DAY]})

    one, two = (Key("eu-gpai-cop-9", "intermediate", n) for n in (1, 2))
    assert after[one] == before[one]
    assert after[one].due_operational
    assert after[two].state == State.CANCELLED
