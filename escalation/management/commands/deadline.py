"""`manage.py deadline`: when a stage of a regime is due, as JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalation.regimes.anchors import AnchorError
from escalation.regimes.asking import Question, answer, refusal, stage_named, to_body
from escalation.regimes.library import shipped_regimes


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
            found = _answer(options)
        except AnchorError as error:
            self.stdout.write(json.dumps(refusal(error), indent=1))
            raise CommandError(str(error), returncode=1) from error
        self.stdout.write(json.dumps(found, indent=1))


def _answer(options: dict[str, Any]) -> dict[str, Any]:
    regimes = shipped_regimes()
    regime = regimes.get(options["regime"])
    if regime is None:
        known = ", ".join(regimes)
        raise AnchorError("regime", options["regime"], f"Use one of {known}.")
    stage = stage_named(regime, options["stage"])
    question = Question(
        anchors=[_pair(text) for text in options["anchor"]],
        zone=options["zone"],
        calendar=options["calendar"],
        entity=options["entity"],
    )
    return to_body(regime, answer(regime, stage, question))


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        remedy = "Write NAME=ISO, such as aware=2026-12-25T03:10:00+01:00."
        raise AnchorError("anchor", text, remedy)
    return name, value
