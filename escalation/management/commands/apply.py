"""`manage.py apply FILE`: bring the configuration to what a file says."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalation.worldfile.apply import Applied, apply_world
from incidents.errors import TocsinError
from incidents.timers.clock import read_now


class Command(BaseCommand):
    """Apply a configuration file, all of it or nothing."""

    help = "Bring organisations, people, policies, routes and sources to a TOML file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file and the dry run."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would change and stop"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Read, apply, and print one line for each change."""
        is_dry_run = options["dry_run"]
        try:
            text = options["file"].read_text(encoding="utf-8")
            applied = apply_world(text, now=read_now(), is_dry_run=is_dry_run)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']} cannot be read: {error}") from error
        except TocsinError as error:
            message = f"{options['file']} was not applied, nothing changed:\n{error}"
            raise CommandError(message) from error
        self._print(applied, is_dry_run=is_dry_run)

    def _print(self, applied: Applied, *, is_dry_run: bool) -> None:
        for line in applied.lines:
            self.stdout.write(line)
        for note in applied.notes:
            self.stdout.write(f"note: {note}")
        if applied.secrets:
            self.stdout.write("Shown once, keep them now:")
        for secret in applied.secrets:
            self.stdout.write(f"  {secret}")
        self.stdout.write(_summary(len(applied.lines), is_dry_run=is_dry_run))


def _summary(count: int, *, is_dry_run: bool) -> str:
    if count == 0:
        return "Nothing to change."
    changes = "1 change" if count == 1 else f"{count} changes"
    return f"Dry run: {changes}, none made." if is_dry_run else f"{changes} made."
