"""Say what retention schedules would erase, and erase nothing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.organisations.models import Organisation
from incidents.retention.announcing import NOTICE, preview, sum_up
from incidents.retention.classes import ValueClass
from incidents.retention.models import RetentionRun
from incidents.retention.schedules import terms_of
from incidents.timers.clock import read_now


class Command(BaseCommand):
    """A dry run of the next run of each organisation, or of one."""

    help = "Say what the retention schedules would erase; nothing is erased."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare whose."""
        parser.add_argument("--organisation", help="slug; all where it is left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each class. Raises CommandError."""
        rows = Organisation.objects.exclude(kind="platform").order_by("slug")
        if slug := options["organisation"]:
            rows = rows.filter(slug=slug)
            if not rows:
                message = (
                    f"--organisation: {slug} is not there; name a lab or an agency."
                )
                raise CommandError(message)
        for row in rows:
            self._tell(row)

    def _tell(self, organisation: Organisation) -> None:
        terms = terms_of(organisation.pk)
        if not terms:
            self.stdout.write(f"{organisation.slug}: no schedule, nothing is erased.")
            return
        erases_at = read_now() + NOTICE
        found = preview(organisation.pk, terms, as_of=erases_at)
        for of, days in sorted(terms.items()):
            total = sum_up(row for row in found if row.of == of)
            self.stdout.write(
                f"{organisation.slug}: {ValueClass(of).label}, {days} days: "
                f"{total.values} values of {total.incidents} incidents "
                f"on {erases_at:%Y-%m-%d}."
            )
        run = RetentionRun.objects.filter(organisation=organisation, ended_at=None)
        if announced := run.first():
            when = f"{announced.erases_at:%Y-%m-%d %H:%M} UTC"
            self.stdout.write(f"{organisation.slug}: a run is announced for {when}.")
