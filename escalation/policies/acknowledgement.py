"""Who must acknowledge before a path pauses: one, each of several, or so many.

    {"mode": "one"}                                              (also when left out)
    {"mode": "each", "of": [{"role": "responder"}, {"organisation": "naisa"}]}
    {"mode": "quorum", "count": 2}

A role alone is one of the policy's own organisation; with an organisation it is a role
there. In *each* one person stands for one of them only. A quorum counts people of the
policy's own organisation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from escalation.policies.phrases import listed
from escalation.policies.reading import (
    PolicyError,
    allow_only,
    read_integer,
    read_list,
    read_object,
    read_slug,
    shown,
)
from escalation.policies.targets import ROLES

Mode = Literal["one", "each", "quorum"]

MAX_REQUIRED = 10


@dataclass(frozen=True, slots=True)
class Required:
    """Somebody with a role, in the own organisation unless another is named."""

    role: str = ""
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class AcknowledgementRule:
    """When a path counts as acknowledged."""

    mode: Mode = "one"
    of: tuple[Required, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True)
class Given:
    """One acknowledgement: whose, with what roles there. `person` is None for a desk."""

    organisation: str
    is_own: bool
    person: int | None = None
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it has come: so many of so many, and who is still waited for."""

    done: int
    needed: int
    waiting_for: tuple[str, ...] = ()

    @property
    def is_met(self) -> bool:
        """Whether the path pauses."""
        return self.done >= self.needed

    def in_words(self) -> str:
        """Return a sentence's part, such as "acknowledged by 1 of 2; waiting for …"."""
        counted = f"acknowledged by {self.done} of {self.needed}"
        if not self.waiting_for:
            return counted
        return f"{counted}; waiting for {listed(self.waiting_for)}"


ONE = AcknowledgementRule()


def parse_acknowledgement(value: object, *, where: str) -> AcknowledgementRule:
    """Read the rule. Raises PolicyError."""
    members = read_object(value, where=where)
    mode = members.get("mode")
    if mode == "each":
        return _parse_each(members, where)
    if mode == "quorum":
        allow_only(members, ("mode", "count"), where=where)
        count = members.get("count")
        least = read_integer(count, 2, MAX_REQUIRED, where=f"{where}.count")
        return AcknowledgementRule("quorum", count=least)
    if mode == "one":
        allow_only(members, ("mode",), where=where)
        return ONE
    raise PolicyError(
        f"{where}.mode: {shown(mode)} is not known; use one, each or quorum"
    )


def _parse_each(members: Mapping[str, object], where: str) -> AcknowledgementRule:
    allow_only(members, ("mode", "of"), where=where)
    items = read_list(
        members.get("of"),
        most=MAX_REQUIRED,
        what="roles or organisations",
        where=f"{where}.of",
        example='{"role": "responder"}',
    )
    required = [
        _parse_required(item, where=f"{where}.of[{index}]")
        for index, item in enumerate(items)
    ]
    return AcknowledgementRule("each", of=tuple(required), count=len(required))


def _parse_required(item: object, *, where: str) -> Required:
    members = read_object(item, where=where)
    allow_only(members, ("role", "organisation"), where=where)
    if not members:
        raise PolicyError(f"{where}: name a role, an organisation, or both")
    role = members.get("role", "")
    if role not in ("", *ROLES) or not isinstance(role, str):
        known = ", ".join(ROLES)
        raise PolicyError(f"{where}.role: {shown(role)} is not a role; use {known}")
    organisation = members.get("organisation", "")
    if organisation:
        remedy = "use an organisation's slug such as naisa"
        read_slug(organisation, where=f"{where}.organisation", remedy=remedy)
    return Required(role, str(organisation))


def acknowledgement_body(rule: AcknowledgementRule) -> dict[str, object]:
    """Return what `parse_acknowledgement` reads as this rule."""
    if rule.mode == "quorum":
        return {"mode": rule.mode, "count": rule.count}
    if rule.mode == "each":
        items = ({"role": r.role, "organisation": r.organisation} for r in rule.of)
        return {
            "mode": rule.mode,
            "of": [{name: v for name, v in item.items() if v} for item in items],
        }
    return {"mode": rule.mode}


def describe_acknowledgement(rule: AcknowledgementRule) -> str:
    """Return a sentence without a full stop; empty for the rule that needs no words."""
    if rule.mode == "quorum":
        return f"It goes on until {rule.count} people have acknowledged"
    if rule.mode == "each":
        people = listed([_described(required) for required in rule.of])
        return f"It goes on until it is acknowledged by {people}"
    return ""


def standing(
    rule: AcknowledgementRule,
    given: Sequence[Given],
    *,
    names: Mapping[str, str] | None = None,
) -> Standing:
    """Return how far the acknowledgements go. `names` gives organisations' names."""
    own = {one.person for one in given if one.is_own}
    if rule.mode != "each":
        done = min(len(own), rule.count)
        missing = rule.count - done
        people = "person" if missing == 1 else "people"
        if not missing or rule.count == 1:
            return Standing(done, rule.count)
        return Standing(done, rule.count, (f"{missing} more {people}",))
    met = _assigned(rule.of, given)
    waiting = tuple(
        _described(required, names or {})
        for index, required in enumerate(rule.of)
        if index not in met
    )
    return Standing(len(met), len(rule.of), waiting)


def _assigned(required: Sequence[Required], given: Sequence[Given]) -> set[int]:
    """Return which are met when each acknowledgement stands for one at most."""
    taken_by: dict[int, int] = {}  # index of the acknowledgement: of the requirement

    def place(index: int, tried: set[int]) -> bool:
        for number, one in enumerate(given):
            if number in tried or not _meets(one, required[index]):
                continue
            tried.add(number)
            if number not in taken_by or place(taken_by[number], tried):
                taken_by[number] = index
                return True
        return False

    return {index for index in range(len(required)) if place(index, set())}


def _meets(one: Given, required: Required) -> bool:
    if required.organisation:
        is_there = one.organisation == required.organisation
    else:
        is_there = one.is_own
    return is_there and (not required.role or required.role in one.roles)


def _described(required: Required, names: Mapping[str, str] | None = None) -> str:
    slug = required.organisation
    organisation = (names or {}).get(slug, slug)
    if not required.role:
        return organisation
    article = "an" if required.role[0] in "aeiou" else "a"
    of = f" of {organisation}" if organisation else ""
    return f"{article} {required.role}{of}"
