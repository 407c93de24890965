"""Let an agency see the incident.

{"kind": "share", "agency": "naisa"}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalation.policies.reading import allow_only, read_slug
from escalation.policies.step_kinds.base import StepKind


@dataclass(frozen=True, slots=True)
class ShareStep:
    """Let an agency see the incident."""

    kind: ClassVar[str] = "share"
    agency: str


def _parse(members: Mapping[str, object], where: str) -> ShareStep:
    allow_only(members, ("kind", "agency"), where=where)
    remedy = "use an organisation's slug such as naisa"
    agency = members.get("agency")
    return ShareStep(read_slug(agency, where=f"{where}.agency", remedy=remedy))


def _body(step: ShareStep) -> dict[str, object]:
    return {"agency": step.agency}


def _describe(step: ShareStep) -> str:
    return f"Share the incident with {step.agency}"


SHARE = StepKind(ShareStep, _parse, _body, _describe)
