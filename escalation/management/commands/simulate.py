"""`manage.py simulate`: play a policy at an instant, and send nothing."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalation.management.commands._asking import add_place, read_instant, side_of
from escalation.runs.simulation.asking import Question, ask
from escalation.runs.simulation.course import Event
from escalation.runs.simulation.reporting import event_row
from incidents.errors import TocsinError

_WIDTH = 12


class Command(BaseCommand):
    """Print who is told when, how, and why steps are passed over."""

    help = "Play an escalation policy in virtual time; nothing is sent or written."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the question."""
        parser.add_argument("--policy", required=True, help="its slug")
        add_place(parser)
        parser.add_argument("--severity", type=int, default=4, help="0 to 5 (4)")
        parser.add_argument("--category", default="WGT", help="code of the taxonomy")
        parser.add_argument("--tlp", default="AMBER+STRICT")
        parser.add_argument("--owner", default="", help="the lab whose incident it is")
        parser.add_argument(
            "--answers",
            default="nobody",
            help="'nobody', or such as 'ack at step 2 after 3m; resolve after 2h'",
        )
        parser.add_argument(
            "--down", action="append", default=[], help="a channel that fails"
        )
        parser.add_argument("--texts", action="store_true", help="print each message")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Ask and print."""
        at = read_instant(options["at"])
        question = Question(
            policy=options["policy"],
            at=at,
            severity=options["severity"],
            category=options["category"],
            tlp=options["tlp"],
            owner=options["owner"],
            answers=options["answers"],
            down=tuple(options["down"]),
        )
        try:
            side = side_of(options["organisation"], policy=question.policy)
            events = ask(side, question)
        except TocsinError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            rows = [event_row(event) for event in events]
            self.stdout.write(json.dumps(rows, default=_text, indent=2))
            return
        for line in _lines(events, at, with_texts=options["texts"]):
            self.stdout.write(line)


def _lines(
    events: Iterable[Event], start: datetime, *, with_texts: bool
) -> Iterable[str]:
    for event in events:
        after = _elapsed((event.at - start).total_seconds())
        step = f"step {event.label}: " if event.label else ""
        names = ", ".join(event.recipients) if event.label else ""
        who = f" [{names}]" if names else ""
        kind = event.kind.replace("_", " ")
        yield f"{event.at:%Y-%m-%d %H:%M:%S}Z  {after:>9}  {kind:<{_WIDTH}} {step}{event.text}{who}"
        if with_texts and event.kind == "sent" and event.page is not None:
            yield from (f"    | {line}" for line in event.page.text.splitlines())


def _elapsed(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"+{hours}:{minutes:02}:{rest:02}"


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
