"""Row 21 of the threat table: a passed deadline that is kept quiet, or a false one."""

from dataclasses import replace

import pytest

from incidents.ledger.bundle_parts import HiddenEntry
from incidents.ledger.canonical import format_at
from incidents.ledger.merkle import leaf_hash
from incidents.ledger.policy import parse_policy
from tests.incidents.ledger.simulated_log import (
    LOG_KEY,
    START,
    SimulatedLog,
    moment,
)
from tests.incidents.ledger.verify.verifying import outcome_of, verdict_on

DUE = START + 900
DUTY = {"regime": "sb53", "stage": "report"}


def at(seconds):
    return format_at(moment(seconds))


class Story(SimulatedLog):
    """A log in which a clock to acknowledge runs from the start and is due at DUE."""

    def __init__(self):
        super().__init__()
        self.happen("incident.opened", {}, seconds=60)
        self.clock("started", started_at=at(START))

    def clock(self, change, *, due=DUE, name="Acknowledge", clock=7, **body):
        body = {"clock": clock, "what": name, **body}
        if due is not None:
            body["due_at"] = at(due)
        self.happen(f"clock.{change}", {"body": body})

    def until(self, time):
        self.wait(time - self.now)

    def acknowledge(self):
        """Record the act, and by the same clock that it met the deadline."""
        done = self.now
        self.happen("incident.acknowledged", {"body": {"how": "on the page"}})
        late = max(0, done - DUE) * 1000
        self.clock("met", met_at=at(done), late_ms=late)

    def ends(self):
        """End the story: the log goes on quietly, and counts its entries."""
        self.wait(120)
        self.write_heads()
        _, *others = self.lines()
        return self.bundle(lines=others, from_seq=2)


@pytest.fixture
def story():
    return Story()


def outcomes(bundle):
    return [clock.outcome for clock in outcome_of(bundle).clocks]


def test_done_long_before_it_was_due_is_proved(story):
    story.acknowledge()
    bundle = story.ends()
    assert (verdict_on(bundle), outcomes(bundle)) == (
        "VERIFIED",
        ["done in time, proved"],
    )


def test_done_shortly_before_it_was_due_is_not_proved_either_way(story):
    story.until(DUE - 2)
    story.acknowledge()
    assert verdict_on(story.ends()) == "CLOCK_UNDETERMINED"


def test_act_that_is_dated_back_to_be_in_time_is_found(story):
    story.until(DUE + 400)
    done = DUE - 100
    story.happen("incident.acknowledged", {}, at=done)
    story.clock("met", met_at=at(done), late_ms=0)
    assert verdict_on(story.ends()) == "CLOCK_FALSE"


def test_act_on_another_record_is_proved_by_the_entry_that_it_met(story):
    story.clock("met", met_at=at(story.now - 1), late_ms=0)
    assert outcomes(story.ends()) == ["done in time, proved"]


def test_claim_to_be_in_time_that_comes_late_is_not_proved(story):
    story.until(DUE + 100)
    story.clock("met", met_at=at(DUE - 100), late_ms=0)
    assert verdict_on(story.ends()) == "CLOCK_UNDETERMINED"


def test_passed_and_said_so_is_verified(story):
    story.until(DUE + 1)
    story.clock("breached", late_ms=1000)
    story.until(DUE + 900)
    story.acknowledge()
    bundle = story.ends()
    assert (verdict_on(bundle), outcomes(bundle)) == ("VERIFIED", ["done late"])


def test_passed_and_never_said_so_is_found(story):
    story.until(DUE + 900)
    assert verdict_on(story.ends()) == "CLOCK_MISSING"


def test_done_late_without_a_word_that_it_passed_is_found(story):
    story.until(DUE + 60)
    story.acknowledge()
    assert verdict_on(story.ends()) == "CLOCK_MISSING"


def test_nobody_has_to_say_at_once_that_it_passed(story):
    story.until(DUE + 60)
    bundle = story.ends()
    assert (verdict_on(bundle), outcomes(bundle)) == ("VERIFIED", ["running"])


def test_lateness_that_its_own_dates_contradict_is_found(story):
    story.until(DUE + 60)
    story.clock("breached", late_ms=60_000)
    story.clock("met", met_at=at(DUE + 70), late_ms=0)
    assert verdict_on(story.ends()) == "CLOCK_FALSE"


def test_passed_before_it_was_due_is_found(story):
    story.clock("breached", late_ms=0)
    assert verdict_on(story.ends()) == "CLOCK_FALSE"


def test_passed_although_it_was_done_is_found(story):
    story.happen("incident.acknowledged", {})
    story.until(DUE + 60)
    story.clock("breached", late_ms=60_000)
    assert verdict_on(story.ends()) == "CLOCK_FALSE"


def test_due_instant_that_changes_silently_is_told(story):
    story.clock("met", due=DUE + 900, met_at=at(story.now), late_ms=0)
    assert verdict_on(story.ends()) == "CLOCK_MOVED"


def test_due_instant_may_move_by_an_entry(story):
    story.clock("moved", due=DUE + 3600)
    story.until(DUE + 900)
    bundle = story.ends()
    assert (verdict_on(bundle), outcomes(bundle)) == ("VERIFIED", ["running"])


def test_clock_that_stands_does_not_pass(story):
    story.clock("paused", due=None, reason="asked")
    story.until(DUE + 900)
    story.clock("resumed", due=DUE + 3600)
    assert verdict_on(story.ends()) == "VERIFIED"


def test_clock_that_is_given_up_does_not_pass(story):
    story.clock("cancelled", reason="merged")
    story.until(DUE + 900)
    assert outcomes(story.ends()) == ["cancelled"]


def test_clock_of_a_law_is_another_than_a_clock_of_the_same_number(story):
    story.clock("duty_started", name="First report", due=DUE + 900, **DUTY)
    story.acknowledge()
    story.clock(
        "met", name="First report", due=DUE + 900, met_at=at(START), late_ms=0, **DUTY
    )
    assert verdict_on(story.ends()) == "VERIFIED"


def test_what_is_withheld_may_have_said_that_it_passed(story):
    story.until(DUE + 1)
    story.clock("breached", late_ms=1000)
    story.until(DUE + 900)
    bundle = story.ends()
    entries = list(bundle.entries)
    line = entries[-1].line
    hidden = HiddenEntry(line.index, leaf_hash(line.leaf), "FOIA b5")
    withheld = replace(
        bundle, entries=[*entries[:-1], replace(entries[-1], line=hidden)]
    )
    assert verdict_on(withheld) == "CLOCK_UNDETERMINED"


def test_without_witnesses_the_operators_clock_is_named(story):
    story.acknowledge()
    bundle = story.ends()
    policy = parse_policy(f"log {LOG_KEY.public.vkey()}\nquorum none\n")
    outcome = outcome_of(bundle, policy=policy)
    assert [one.outcome for one in outcome.clocks] == [
        "done in time by the operator's clock"
    ]
    assert outcome.exit_code == 0
