"""Puts a quorum of witnesses together from groups, and weighs it: who is needed, who not.

A quorum is written as in a trust policy, but for the order of its lines:

    group <name> all|any|<k> <name>...
    quorum <name>

Source: C2SP tlog-policy; narrower in names, and a quorum of nobody is refused.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from incidents.ledger.policy import NO_QUORUM, Policy, PolicyGroup
from incidents.ledger.vkey import VerificationKey

# Instead of the name of a quorum: the one that follows from the witnesses there are.
COMPUTED: Final = "computed"
ALL: Final = "all"
ANY: Final = "any"
RESERVED: Final = frozenset({NO_QUORUM, COMPUTED, ALL, ANY})
MAX_GROUPS: Final = 32

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_COUNT: Final = re.compile(r"[1-9][0-9]{0,2}")

Place = tuple[str | int, ...]


class BadQuorum(ValueError):
    """It is none that heads could wait for; says where, with what, and the remedy."""

    def __init__(self, place: Place, value: object, remedy: str) -> None:
        self.place = place
        self.value = value
        self.remedy = remedy
        super().__init__(f"{value!r}: {remedy}")


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """Names of witnesses and groups; `needs` is how many of them: all, any or a number."""

    name: str
    needs: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuorumDraft:
    """Groups, in any order, and the name of the one that makes a head complete."""

    quorum: str
    groups: tuple[GroupDraft, ...] = ()


def read_lines(text: str) -> QuorumDraft:
    """Read the lines of a quorum. Raises BadQuorum."""
    groups: list[GroupDraft] = []
    quorums: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        match line.split():
            case []:
                continue
            case [first, *_] if first.startswith("#"):
                continue
            case ["group", name, needs, *members]:
                groups.append(GroupDraft(name, needs, tuple(members)))
            case ["quorum", name]:
                quorums.append(name)
            case _:
                remedy = f"Line {number} is neither `group NAME all|any|NUMBER MEMBER …` nor `quorum NAME`."
                raise BadQuorum(("quorum",), line, remedy)
    if len(quorums) != 1:
        remedy = "Write one line `quorum NAME`, with a group or a witness."
        raise BadQuorum(("quorum",), " ".join(quorums), remedy)
    return QuorumDraft(quorums[0], tuple(groups))


def write_lines(draft: QuorumDraft) -> str:
    """Return the lines that `read_lines` reads."""
    lines = [
        " ".join(("group", one.name, one.needs, *one.members)) for one in draft.groups
    ]
    return "".join(f"{line}\n" for line in [*lines, f"quorum {draft.quorum}"])


def draft_of(policy: Policy) -> QuorumDraft:
    """Return the groups and the quorum of a policy."""
    groups = tuple(
        GroupDraft(one.name, _needs(one), one.members) for one in policy.groups
    )
    return QuorumDraft(policy.quorum, groups)


def _needs(group: PolicyGroup) -> str:
    if group.threshold == len(group.members):
        return ALL
    return ANY if group.threshold == 1 else str(group.threshold)


def arrange(draft: QuorumDraft, witnesses: Collection[str]) -> tuple[PolicyGroup, ...]:
    """Return the groups, each below those that it names. Raises BadQuorum.

    `witnesses` are the names of those that cosign.
    """
    if len(draft.groups) > MAX_GROUPS:
        remedy = f"Use at most {MAX_GROUPS} groups."
        raise BadQuorum(("groups",), len(draft.groups), remedy)
    names = _checked_names(draft.groups, witnesses)
    _check_members(draft.groups, {*names, *witnesses})
    if draft.quorum not in {*names, *witnesses}:
        remedy = "Name one of the groups, or a witness that cosigns."
        if draft.quorum == NO_QUORUM:
            remedy = "A head that nobody has to cosign rests on the operator's word. To wait for nobody, end the witnesses."
        raise BadQuorum(("quorum",), draft.quorum, remedy)
    return _in_order(draft.groups, witnesses)


def _checked_names(
    groups: Sequence[GroupDraft], witnesses: Collection[str]
) -> set[str]:
    names: set[str] = set()
    for index, group in enumerate(groups):
        remedy = ""
        if _NAME.fullmatch(group.name) is None:
            remedy = "Name the group with a-z, 0-9 and hyphens, at most 60 characters."
        elif group.name in RESERVED:
            remedy = "This word has a meaning of its own: name the group otherwise."
        elif group.name in witnesses:
            remedy = "A witness has this name: name the group otherwise."
        elif group.name in names:
            remedy = "Two groups have this name: name one of them otherwise."
        if remedy:
            raise BadQuorum(("groups", index, "name"), group.name, remedy)
        names.add(group.name)
    return names


def _check_members(groups: Sequence[GroupDraft], known: Collection[str]) -> None:
    group_of: dict[str, str] = {}
    for index, group in enumerate(groups):
        place: Place = ("groups", index, "members")
        if not group.members:
            remedy = f"Name the members of the group {group.name}."
            raise BadQuorum(place, "", remedy)
        for member in group.members:
            if member not in known:
                remedy = f"The group {group.name} names it, and no witness that cosigns and no group is called so."
                raise BadQuorum(place, member, remedy)
            if member in group_of:
                remedy = f"It stands in the group {group_of[member]} already: once only, so that nobody counts twice."
                raise BadQuorum(place, member, remedy)
            group_of[member] = group.name
        _threshold(group, ("groups", index, "needs"))


def _threshold(group: GroupDraft, place: Place = ()) -> int:
    count = len(group.members)
    if group.needs in {ALL, ANY}:
        return count if group.needs == ALL else 1
    if _COUNT.fullmatch(group.needs) is None or int(group.needs) > count:
        remedy = f"Of the group {group.name} write how many are needed: all, any or 1 to {count}."
        raise BadQuorum(place, group.needs, remedy)
    return int(group.needs)


def _in_order(
    groups: Sequence[GroupDraft], witnesses: Collection[str]
) -> tuple[PolicyGroup, ...]:
    defined, ordered, left = set(witnesses), list[PolicyGroup](), list(groups)
    while left:
        ready = [one for one in left if defined.issuperset(one.members)]
        if not ready:
            place: Place = ("groups", groups.index(left[0]), "members")
            remedy = "This group is part of itself, by way of its members: take it out of one."
            raise BadQuorum(place, left[0].name, remedy)
        ordered += [PolicyGroup(g.name, _threshold(g), g.members) for g in ready]
        defined.update(one.name for one in ready)
        left = [one for one in left if one not in ready]
    return tuple(ordered)


def can_do_without(policy: Policy, names: Collection[str]) -> bool:
    """Tell whether a head can be complete while none of these witnesses cosigns."""
    return policy.is_met(_keys(policy, lambda name: name not in names))


def is_met_by(policy: Policy, names: Collection[str]) -> bool:
    """Tell whether these witnesses alone are enough."""
    return policy.is_met(_keys(policy, names.__contains__))


def _keys(policy: Policy, is_chosen: Callable[[str], bool]) -> list[VerificationKey]:
    return [one.key for one in policy.witnesses if is_chosen(one.name)]


def needed_ones(policy: Policy) -> tuple[str, ...]:
    """Return the witnesses without each of which no head can be complete."""
    names = (one.name for one in policy.witnesses)
    return tuple(name for name in names if not can_do_without(policy, {name}))


def uncounted(policy: Policy) -> tuple[str, ...]:
    """Return the witnesses and groups that have no part in the quorum."""
    counted = _parts(policy.quorum, {one.name: one for one in policy.groups})
    named = [one.name for one in policy.witnesses] + [g.name for g in policy.groups]
    return tuple(name for name in named if name not in counted)


def _parts(name: str, groups: Mapping[str, PolicyGroup]) -> set[str]:
    members = groups[name].members if name in groups else ()
    return {name}.union(*(_parts(member, groups) for member in members))


def awaited(policy: Policy, seen_by: Collection[VerificationKey]) -> tuple[str, ...]:
    """Return the witnesses that could still complete a head; none once it is complete."""
    if policy.quorum == NO_QUORUM:
        return ()
    has_seen = policy.names_seen(seen_by)
    groups = {one.name: one for one in policy.groups}
    lacking = _lacking(policy.quorum, groups, has_seen)
    return tuple(one.name for one in policy.witnesses if one.name in lacking)


def _lacking(
    name: str, groups: Mapping[str, PolicyGroup], has_seen: Mapping[str, bool]
) -> set[str]:
    if has_seen[name]:
        return set()
    if name not in groups:
        return {name}
    return set[str]().union(
        *(_lacking(member, groups, has_seen) for member in groups[name].members)
    )


def in_words(policy: Policy) -> str:
    """Say whose lines make a head complete; empty where nobody's are needed.

    Names are those of the witnesses; groups show as parentheses.
    """
    if policy.quorum == NO_QUORUM:
        return ""
    said = _said(policy.quorum, {one.name: one for one in policy.groups})
    return said[1:-1] if said.startswith("(") else said


def _said(name: str, groups: Mapping[str, PolicyGroup]) -> str:
    if name not in groups:
        return name
    group = groups[name]
    parts = [_said(member, groups) for member in group.members]
    if len(parts) == 1:
        return parts[0]
    if group.threshold == len(parts):
        return f"({_listed(parts)})"
    count = "one" if group.threshold == 1 else str(group.threshold)
    return f"({count} of {', '.join(parts)})"


def _listed(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
