"""`manage.py export`: print the configuration as a file for `apply`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalation.worldfile.export import export_world
from incidents.models import Organisation


class Command(BaseCommand):
    """Print the configuration as TOML, without secrets."""

    help = "Print the configuration as TOML that `apply` reads back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the organisation."""
        parser.add_argument("--organisation", metavar="SLUG", help="only this one")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the file."""
        self.stdout.write(export_world(_chosen(options["organisation"])), ending="")


def _chosen(slug: str | None) -> list[Organisation] | None:
    if slug is None:
        return None
    found = list(Organisation.objects.filter(slug=slug))
    if not found:
        known = ", ".join(Organisation.objects.values_list("slug", flat=True))
        raise CommandError(f"There is no organisation {slug!r}. There are {known}.")
    return found
