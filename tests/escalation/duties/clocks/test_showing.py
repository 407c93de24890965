from escalation.duties.showing import shown_duties
from tests.escalation.duties.clocks.conftest import DutyWorld


def shown(world: DutyWorld, stage: str):
    [incident] = world.incidents
    duties = shown_duties(incident.pk, [world.lab.pk], world.now)
    return next(one for one in duties if one.clock.stage == stage)


def test_what_a_clock_waits_for_is_named_as_in_the_time_record(world: DutyWorld):
    world.watch("eu-gpai-cop-9")
    world.look(world.open())
    assert shown(world, "final").waits_for == "“Resolved”"


def test_submissions_that_a_clock_waits_for_are_named_by_their_reports(
    world: DutyWorld,
):
    world.watch("eu-gpai-cop-9")
    world.look(world.open())
    words = shown(world, "intermediate").waits_for
    first = "the submission of “Initial report: critical infrastructure”, "
    assert words.startswith(first)
    assert words.endswith(" or the submission of “Intermediate report”")


def test_history_says_in_words_what_was_counted_from(world: DutyWorld):
    world.watch("eu-gdpr-33")
    incident = world.open()
    world.note(incident, "aware")
    found = shown(world, "notification")
    assert [why for _, why in found.due_dates] == ["counted from “Became aware”"]
    assert [row.reason for row in found.history] == ["counted from aware"]
