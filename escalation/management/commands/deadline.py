"""`manage.py deadline`: when a stage of a regime is due, as JSON."""

import json
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalation.regimes.anchors import AnchorError, read_anchors
from escalation.regimes.calendars import is_known, known_calendars
from escalation.regimes.deadlines import Place, deadline
from escalation.regimes.library import shipped_regimes
from escalation.regimes.regime import Regime, Stage


class Command(BaseCommand):
    """Count one deadline from instants that are given, and print it."""

    help = (
        "Print when a stage of a regime is due. `due_operational` is the earliest "
        "defensible instant, `due_statutory_latest` the latest by the regime's own rule. "
        "This is no legal advice."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the stage and its anchors."""
        parser.add_argument("regime", help="such as eu-nis2-23")
        parser.add_argument("stage", help="such as early_warning")
        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            metavar="NAME=ISO",
            help="an instant, such as aware=2026-12-25T03:10:00+01:00; may be repeated",
        )
        parser.add_argument("--zone", default="", help="time zone; the regime's")
        parser.add_argument("--calendar", default="", help="holidays; the regime's")
        parser.add_argument("--entity", default="", help="kind of entity, for reliefs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the answer; exits 1 with status `error` for what cannot be counted."""
        try:
            answer = _answer(options)
        except AnchorError as error:
            self.stdout.write(json.dumps(_refusal(error), indent=1))
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write(json.dumps(answer, indent=1))


def _answer(options: dict[str, Any]) -> dict[str, Any]:
    regime, stage = _stage(options["regime"], options["stage"])
    zone, calendar = _zone(options["zone"], regime), options["calendar"]
    if calendar and not is_known(calendar):
        known = ", ".join(known_calendars())
        raise AnchorError("calendar", calendar, f"Use one of {known}.")
    pairs = [_pair(text) for text in options["anchor"]]
    anchors = read_anchors(pairs, regime=regime, zone=zone)
    place = Place(zone, calendar or regime.calendar, options["entity"])
    found = deadline(regime, stage, anchors.instants, place)
    latest = found.due_statutory_latest
    return {
        "due_operational": found.due_operational and found.due_operational.isoformat(),
        "due_statutory_latest": latest and latest.isoformat(),
        "status": found.status,
        "waiting_for": list(found.waiting_for),
        "rule": found.rule,
        "citation": f"{regime.act}, {found.citation}",
        "flags": [*anchors.flags, *found.flags],
    }


def _refusal(error: AnchorError) -> dict[str, Any]:
    return {
        "due_operational": None,
        "due_statutory_latest": None,
        "status": "error",
        "waiting_for": [],
        "rule": "",
        "citation": "",
        "flags": [],
        "error": {
            "field": error.field,
            "value": error.value,
            "remedy": error.remedy,
        },
    }


def _stage(regime_id: str, stage_id: str) -> tuple[Regime, Stage]:
    regimes = shipped_regimes()
    regime = regimes.get(regime_id)
    if regime is None:
        known = ", ".join(regimes)
        raise AnchorError("regime", regime_id, f"Use one of {known}.")
    stage = regime.stage(stage_id)
    if stage is None:
        known = ", ".join(one.id for one in regime.stages) or "none: it has no clock"
        raise AnchorError("stage", stage_id, f"Its stages are {known}.")
    return regime, stage


def _zone(name: str, regime: Regime) -> ZoneInfo:
    if not name:
        return regime.zone
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        remedy = "Use a time zone such as Europe/Brussels."
        raise AnchorError("zone", name, remedy) from None


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        remedy = "Write NAME=ISO, such as aware=2026-12-25T03:10:00+01:00."
        raise AnchorError("anchor", text, remedy)
    return name, value
