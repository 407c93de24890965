"""Sending a path on to a step that is not its next. Pure."""

from collections.abc import Set

from escalation.policies.mentions import telling
from escalation.runs.situation import Facts, Recipient, reached_by


def round_to_go_to(place: int, number: int, taken: Set[tuple[int, int]]) -> int:
    """Return the round in which a path goes on at a step, from its round `number` on.

    `taken` are the (step, round) that it took or passed over. Going back begins another
    round, also where only a step behind was taken: a step pages once in a round.
    """
    is_back = any(turn == number and index >= place for index, turn in taken)
    return number + 1 if is_back else number


def people_of_step(facts: Facts, label: str) -> tuple[Recipient, ...]:
    """Return whom a step of the facts' plan names, whatever its kind; else the desk."""
    place = facts.plan.place_of(label)
    if place is None:
        return facts.desk
    return reached_by(telling(facts.plan.steps[place]), facts) or facts.desk
