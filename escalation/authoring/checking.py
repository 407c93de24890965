"""Check a policy as a whole before it is saved: what refuses it, and what to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalation.authoring.surroundings import (
    Surroundings,
    around_policy,
    load_surroundings,
)
from escalation.policies.findings import Finding
from escalation.policies.places import label_of_place
from escalation.policies.references import check_targets
from escalation.policies.steps import PolicyPlan
from escalation.policies.timing import Span, times
from escalation.policies.validation import validate
from escalation.policies.versions import read_plan
from incidents.errors import BadInput
from incidents.models import Organisation


@dataclass(frozen=True, slots=True)
class Checked:
    """A body that was looked at; `plan` is None when it cannot be read."""

    plan: PolicyPlan | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What refuses the policy."""
        return tuple(one for one in self.findings if one.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What to look at."""
        return tuple(one for one in self.findings if one.level == "warning")

    @property
    def spans(self) -> dict[str, Span]:
        """When each step is taken, by label; the end is under "end"."""
        if self.plan is None:
            return {}
        labels = (*self.plan.labels, "end")
        return {labels[index]: span for index, span in times(self.plan).items()}


def check_policy(
    organisation: Organisation,
    body: Mapping[str, Any],
    *,
    slug: str,
    now: datetime,
    there: Surroundings | None = None,
) -> Checked:
    """Return everything that is found in a body, whether or not it can be saved."""
    try:
        plan = read_plan(body)
    except BadInput as error:
        return Checked(None, (_refusal(error),))
    there = there or load_surroundings(organisation)
    found = validate(plan, around_policy(plan, slug=slug, there=there, now=now))
    try:
        check_targets(organisation, plan, policy=slug)
    except BadInput as error:
        refusal = _refusal(error)
        known = {one.where for one in found if one.level == "error"}
        # A jump that leads back and a clock that goes nowhere are found by both.
        if not any(f"{refusal.where}.".startswith(f"{place}.") for place in known):
            return Checked(plan, (refusal, *found))
    return Checked(plan, found)


def require_sound(
    organisation: Organisation, body: Mapping[str, Any], *, slug: str, now: datetime
) -> tuple[Finding, ...]:
    """Return the warnings about a body. Raises BadInput for the first error."""
    plan = read_plan(body)
    check_targets(organisation, plan, policy=slug)
    checked = check_policy(organisation, body, slug=slug, now=now)
    for error in checked.errors:
        raise BadInput(error.where or "policy", error.where, error.message)
    return checked.warnings


def _refusal(error: BadInput) -> Finding:
    """Return what was refused at a step, or at another part of the body."""
    label, rest = label_of_place(error.field)
    is_plain = isinstance(error.value, str | int) and error.value != ""
    shown = f"{str(error.value)[:80]!r}:" if is_plain else ""
    where = label or error.field
    field = rest if label else ""
    message = " ".join(part for part in (field, shown, error.remedy) if part)
    return Finding("error", where, "refused", message[:1].upper() + message[1:])
