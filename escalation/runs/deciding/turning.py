"""Steps that say where the path goes on: if, repeat, jump. Pure."""

from escalation.policies.conditions import condition_holds
from escalation.policies.step_kinds.branch import IfStep
from escalation.policies.step_kinds.jump import JumpStep
from escalation.policies.step_kinds.repeat import RepeatStep
from escalation.runs.actions import Branch, Jump
from escalation.runs.deciding.walk import Taken, Walk
from escalation.runs.situation import Reason


def take_if(step: IfStep, walk: Walk) -> Taken:
    """Go into the one branch or the other; an absent one is passed."""
    around = walk.facts.around
    following = walk.facts.plan.follows[walk.index]
    if all(condition_holds(one, around, walk.now) for one in step.when):
        to = walk.index + 1 if step.then_count else following
        return Taken(Branch(walk.index, walk.round), to=to)
    to = walk.index + 1 + step.then_count if step.else_count else following
    return Taken(walk.skip(Reason.CONDITION_FALSE).action, to=to)


def take_repeat(step: RepeatStep, walk: Walk) -> Taken:
    """Go back for another round; after the last one go on."""
    if walk.round >= step.rounds:
        return Taken()
    walk.round += 1
    return Taken(to=walk.facts.plan.place_of(str(step.from_step)))


def take_jump(step: JumpStep, walk: Walk) -> Taken:
    """End the path for another policy, never for one that led here."""
    facts = walk.facts
    if step.policy in facts.came_from:
        return walk.skip(Reason.BEEN_THERE, is_dead_end=True)
    if step.policy not in facts.policies:
        return walk.skip(Reason.NO_POLICY, is_dead_end=True)
    return Taken(Jump(walk.index, walk.round, step.policy), ends=True)
