"""`manage.py play_case`: have the demo world's case stand in it, lived up to today."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from escalation.showcase.cast import NotPlayable
from escalation.showcase.playing import play_case
from incidents.timers.clock import read_now


class Command(BaseCommand):
    """Play the case into a fresh demo world, once."""

    help = (
        "Play the case of docs/howto/walk-through-a-case.md into a fresh demo world. "
        "`up` does so after it has loaded demo/world.toml; a second time does nothing."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Play it and print the incident's reference."""
        try:
            incident = play_case(read_now())
        except NotPlayable as error:
            raise CommandError(str(error)) from error
        said = f"{incident.ref} was played." if incident else "It stands already."
        self.stdout.write(said)
