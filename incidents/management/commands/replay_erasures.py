"""Erase again what a restored backup brought back, and keep the list for it."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.custody.replaying import list_erasures, replay
from incidents.custody.standing import check_standing
from incidents.timers.clock import read_now


class Command(BaseCommand):
    """Replay the erasures of the record, or of a file, after a restore."""

    help = "Erase again what a restored backup brought back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where the list is written to or read from."""
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--from-log",
            action="store_true",
            help="what this record itself names as erased; so it is without an option",
        )
        what.add_argument(
            "--from", type=Path, dest="source", help="a list that --write made"
        )
        what.add_argument(
            "--write", type=Path, help="write the list to this file and erase nothing"
        )
        what.add_argument(
            "--check",
            action="store_true",
            help="count what stands although it is erased; ends with 1 if anything does",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the list, or erase what it names. Raises CommandError."""
        if options["write"]:
            lines = [json.dumps(line) for line in list_erasures()]
            options["write"].write_text("".join(f"{line}\n" for line in lines))
            self.stdout.write(f"{len(lines)} erasures written.")
            return
        if not options["check"]:
            source = options["source"]
            lines_here = _read(source) if source else list(list_erasures())
            done = replay(lines_here, now=read_now())
            self.stdout.write(
                f"{done.erased} values erased again, {done.people} people; "
                f"{done.held} kept by a legal hold."
            )
        standing = check_standing(read_now())
        self.stdout.write(f"{standing} values stand that the record says are erased.")
        if options["check"] and standing:
            raise SystemExit(1)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text().splitlines() if line]
    except (OSError, ValueError) as error:
        message = f"--from: {path} cannot be read as a list of --write: {error}"
        raise CommandError(message) from None
