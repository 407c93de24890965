from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation.duties.plan import NOT_WATCHED, Change, Key, State, Terms, plan

NOW = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = Key("eu-nis2-23", "early_warning")
WAITING = Terms("one", State.WAITING, waiting_for=("aware",))
RUNNING = Terms(
    "one",
    State.RUNNING,
    due_operational=NOW + 24 * HOUR,
    anchor="aware",
    counted_from=NOW,
    rule="24 hours from aware",
)
MET = replace(RUNNING, state=State.MET, met_at=NOW + HOUR, met_by="TOC-F-1")


def the_step(before, after, **more):
    standing = {KEY: before} if before else {}
    [step] = plan(standing, {KEY: after} if after else {}, **more)
    return step


def test_a_new_clock_starts_with_the_reason_of_its_date():
    step = the_step(None, RUNNING)

    assert step.changes == (Change.STARTED,)
    assert step.moved_because == "counted from aware"


def test_a_clock_that_waited_moves_when_its_anchor_is_known():
    step = the_step(WAITING, RUNNING)

    assert step.changes == (Change.MOVED,)
    assert step.moved_because == "counted from aware"
    assert not step.is_earlier


def test_an_earlier_instant_of_the_anchor_moves_it_earlier():
    earlier = replace(RUNNING, due_operational=NOW + 23 * HOUR, counted_from=NOW - HOUR)

    step = the_step(RUNNING, earlier)

    assert step.is_earlier
    assert step.moved_because == "another instant of aware counts"


def test_another_text_of_the_law_is_the_reason_where_it_moves_the_date():
    step = the_step(RUNNING, replace(RUNNING, digest="two"))

    assert step.changes == (Change.MOVED,)
    assert step.moved_because == "by the law's newer text"


def test_a_report_meets_it_and_moves_nothing():
    step = the_step(RUNNING, MET)

    assert step.changes == (Change.MET,)
    assert step.after.met_by == "TOC-F-1"


def test_an_anchor_that_changes_after_the_report_moves_the_date_but_not_the_report():
    earlier = replace(MET, due_operational=NOW, counted_from=NOW - 24 * HOUR)

    assert the_step(MET, earlier).changes == (Change.MOVED,)


def test_a_met_clock_keeps_its_dates_when_the_law_asks_no_more_or_elsewhere():
    ended = replace(MET, due_operational=None, anchor="", counted_from=None, rule="")
    moved = replace(MET, due_operational=MET.due_operational + HOUR)

    for after in (ended, moved):
        assert plan({KEY: MET}, {KEY: after}) == []


def test_what_is_no_longer_wanted_is_cancelled_with_its_reason():
    step = the_step(RUNNING, None, why_not={"eu-nis2-23": "decided: not reportable"})

    assert step.changes == (Change.CANCELLED,)
    assert step.after.reason == "decided: not reportable"
    assert step.after.due_operational == RUNNING.due_operational


def test_without_a_reason_the_law_is_not_watched_any_more():
    assert the_step(RUNNING, None).after.reason == NOT_WATCHED


def test_a_report_stays_although_the_law_wants_none_any_more():
    assert plan({KEY: MET}, {}) == []


def test_a_cancelled_clock_that_is_wanted_again_resumes_with_its_history():
    cancelled = replace(RUNNING, state=State.CANCELLED, reason="decided")

    step = the_step(cancelled, RUNNING)

    assert step.changes == (Change.RESUMED,)
    assert step.after == RUNNING


def test_what_the_law_ended_before_it_began_is_no_clock():
    assert plan({}, {KEY: Terms("one", State.CANCELLED)}) == []


def test_that_somebody_has_decided_is_written_without_a_word():
    provisional = replace(RUNNING, is_provisional=True)

    step = the_step(provisional, RUNNING)

    assert step.changes == ()
    assert not step.after.is_provisional


# Beside other work the drawing of clocks takes long; what is drawn is the same.
slowly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


instants = st.none() | st.integers(0, 6).map(lambda n: NOW + n * HOUR)
terms = st.builds(
    Terms,
    digest=st.sampled_from(["one", "two"]),
    state=st.sampled_from(list(State)),
    is_provisional=st.booleans(),
    due_operational=instants,
    due_statutory_latest=instants,
    anchor=st.sampled_from(["", "aware", "determined"]),
    counted_from=instants,
    waiting_for=st.sampled_from([(), ("aware",)]),
    rule=st.sampled_from(["", "24 hours from aware"]),
    met_at=instants,
    met_by=st.sampled_from(["", "TOC-F-1"]),
)
keys = st.builds(
    Key,
    regime_id=st.sampled_from(["eu-nis2-23", "us-ca-sb53"]),
    stage=st.sampled_from(["early_warning", "notification", "final"]),
    round=st.integers(1, 2),
)
clocks = st.dictionaries(keys, terms, max_size=8)


@slowly
@given(standing=clocks, wanted=clocks)
def test_looking_twice_changes_nothing(standing, wanted):
    steps = plan(standing, wanted)
    after = standing | {step.key: step.after for step in steps}

    assert plan(after, wanted) == []


@slowly
@given(standing=clocks, wanted=clocks)
def test_every_clock_stands_as_wanted_afterwards_and_no_report_is_lost(
    standing, wanted
):
    steps = plan(standing, wanted)
    after = standing | {step.key: step.after for step in steps}

    for key, one in wanted.items():
        was = standing.get(key)
        if was and was.state == one.state == State.MET and was.met_at == one.met_at:
            # What was met keeps the dates that it had.
            assert after[key].met_by == one.met_by
        else:
            assert after.get(key, one) == one
    for key in standing.keys() - wanted.keys():
        assert after[key].state in (State.MET, State.CANCELLED)
        assert (after[key].state == State.MET) == (standing[key].state == State.MET)
    assert [step.key for step in steps] == sorted(step.key for step in steps)
