"""Records of deadlines, honest and not, for whoever verifies them in whatever language."""

import random
from dataclasses import replace

from incidents.ledger.bundle_parts import HiddenEntry
from incidents.ledger.canonical import format_at
from incidents.ledger.merkle import leaf_hash
from tests.incidents.ledger.simulated_log import START, SimulatedLog, moment

DUE = START + 900
DUTY = {"regime": "sb53", "stage": "report"}
PROVED = "done in time, proved"


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


def done_long_before_it_was_due(story):
    story.acknowledge()


def done_shortly_before_it_was_due(story):
    story.until(DUE - 2)
    story.acknowledge()


def dated_back_to_be_in_time(story):
    story.until(DUE + 400)
    done = DUE - 100
    story.happen("incident.acknowledged", {}, at=done)
    story.clock("met", met_at=at(done), late_ms=0)


def act_on_another_record(story):
    story.clock("met", met_at=at(story.now - 1), late_ms=0)


def claim_to_be_in_time_that_comes_late(story):
    story.until(DUE + 100)
    story.clock("met", met_at=at(DUE - 100), late_ms=0)


def passed_and_said_so(story):
    story.until(DUE + 1)
    story.clock("breached", late_ms=1000)
    story.until(DUE + 900)
    story.acknowledge()


def passed_and_never_said_so(story):
    story.until(DUE + 900)


def done_late_without_a_word_that_it_passed(story):
    story.until(DUE + 60)
    story.acknowledge()


def passed_a_moment_ago(story):
    story.until(DUE + 60)


def lateness_that_its_own_dates_contradict(story):
    story.until(DUE + 60)
    story.clock("breached", late_ms=60_000)
    story.clock("met", met_at=at(DUE + 70), late_ms=0)


def passed_before_it_was_due(story):
    story.clock("breached", late_ms=0)


def passed_without_a_due_instant(story):
    story.clock("moved", due=None)
    story.clock("breached", due=None, late_ms=0)


def passed_although_it_was_done(story):
    story.happen("incident.acknowledged", {})
    story.until(DUE + 60)
    story.clock("breached", late_ms=60_000)


def due_instant_that_changes_silently(story):
    story.clock("met", due=DUE + 900, met_at=at(story.now), late_ms=0)


def due_instant_that_moves_by_an_entry(story):
    story.clock("moved", due=DUE + 3600)
    story.until(DUE + 900)


def clock_that_stands(story):
    story.clock("paused", due=None, reason="asked")
    story.until(DUE + 900)
    story.clock("resumed", due=DUE + 3600)


def clock_that_is_given_up(story):
    story.clock("cancelled", reason="merged")
    story.until(DUE + 900)


def clock_of_a_law_of_the_same_number(story):
    story.clock("duty_started", name="First report", due=DUE + 900, **DUTY)
    story.acknowledge()
    story.clock(
        "met", name="First report", due=DUE + 900, met_at=at(START), late_ms=0, **DUTY
    )


def entries_that_are_not_as_they_are_written(story):
    story.acknowledge()
    story.clock("warned", regime=7)
    story.clock("warned", clock="7")
    story.clock("warned", clock=9, name=["x"])
    story.clock("breached", late_ms=True)
    story.happen(
        "clock.warned", {"body": {"clock": 7, "due_at": "2026-02-30T00:00:00.000Z"}}
    )
    story.happen("clock.warned", {"body": ["clock"]})
    story.happen("clock.warned", {})


# What happens, the verdict, and how the clocks end where the bundle is not rejected.
STORIES = [
    (done_long_before_it_was_due, "VERIFIED", [PROVED]),
    (
        done_shortly_before_it_was_due,
        "CLOCK_UNDETERMINED",
        ["done in time by the operator's clock, not proved"],
    ),
    (dated_back_to_be_in_time, "CLOCK_FALSE", None),
    (act_on_another_record, "VERIFIED", [PROVED]),
    (
        claim_to_be_in_time_that_comes_late,
        "CLOCK_UNDETERMINED",
        ["done in time by the operator's clock, not proved"],
    ),
    (passed_and_said_so, "VERIFIED", ["done late"]),
    (passed_and_never_said_so, "CLOCK_MISSING", None),
    (done_late_without_a_word_that_it_passed, "CLOCK_MISSING", None),
    (passed_a_moment_ago, "VERIFIED", ["running"]),
    (lateness_that_its_own_dates_contradict, "CLOCK_FALSE", None),
    (passed_before_it_was_due, "CLOCK_FALSE", None),
    (passed_without_a_due_instant, "CLOCK_FALSE", None),
    (passed_although_it_was_done, "CLOCK_FALSE", None),
    (due_instant_that_changes_silently, "CLOCK_MOVED", [PROVED]),
    (due_instant_that_moves_by_an_entry, "VERIFIED", ["running"]),
    (clock_that_stands, "VERIFIED", ["running"]),
    (clock_that_is_given_up, "VERIFIED", ["cancelled"]),
    (clock_of_a_law_of_the_same_number, "VERIFIED", [PROVED, PROVED]),
    (entries_that_are_not_as_they_are_written, "VERIFIED", [PROVED]),
]


def told(happens):
    """Return the bundle of a story."""
    story = Story()
    happens(story)
    return story.ends()


def with_a_withheld_end():
    """Return a bundle whose last entry, which is withheld, says that the clock passed."""
    story = Story()
    story.until(DUE + 1)
    story.clock("breached", late_ms=1000)
    story.until(DUE + 900)
    bundle = story.ends()
    entries = list(bundle.entries)
    line = entries[-1].line
    hidden = HiddenEntry(line.index, leaf_hash(line.leaf), "FOIA b5")
    return replace(bundle, entries=[*entries[:-1], replace(entries[-1], line=hidden)])


CHANGES = (
    "started",
    "moved",
    "met",
    "met",
    "breached",
    "breached",
    "paused",
    "resumed",
)


def any_story(seed):
    """Return the bundle of a story in which anything happens that can be written."""
    made = random.Random(seed)
    story = Story()
    for _ in range(made.randint(1, 6)):
        if made.random() < 0.4:
            story.wait(made.choice([60, 600, 1200]))
        if made.random() < 0.3:
            story.happen("incident.acknowledged", {})
        body = {"late_ms": made.choice([0, 1, 1000, max(0, story.now - DUE) * 1000])}
        if made.random() < 0.8:
            body["met_at"] = at(made.choice([story.now, story.now - 25, DUE, DUE + 1]))
        due = made.choice([DUE, DUE, DUE, DUE + 600, None])
        story.clock(made.choice(CHANGES), due=due, clock=made.choice([7, 7, 8]), **body)
    return story.ends()
