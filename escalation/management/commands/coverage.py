"""`manage.py coverage`: how soon a human is told, for every minute of the next days."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalation.management.commands._asking import read_instant
from escalation.runs.simulation.asking import Covered, cover
from escalation.runs.simulation.coverage import worst
from incidents.errors import TocsinError
from incidents.models import Organisation, OrganisationKind

_GAPS_SHOWN = 10
_COLUMNS = 60


class Command(BaseCommand):
    """Print each policy's longest wait, draw its gaps, and fail where a promise breaks."""

    help = (
        "Work out how long each policy takes to tell a human, for every start in the "
        "next days; exits 1 if a policy's promise_minutes is not kept."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the stretch of time."""
        parser.add_argument("--days", type=int, default=30, help="1 to 92 (30)")
        parser.add_argument("--at", default="", help="from which instant; now")
        parser.add_argument("--organisation", default="", help="slug; all")
        parser.add_argument("--policy", default="", help="slug; all")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Work it out and print it."""
        start = read_instant(options["at"])
        broken = 0
        for side in _sides(options["organisation"]):
            try:
                found = list(
                    cover(
                        side, start=start, days=options["days"], only=options["policy"]
                    )
                )
            except TocsinError as error:
                raise CommandError(str(error)) from error
            for covered in found:
                for line in _lines(side, covered):
                    self.stdout.write(line)
                broken += not covered.is_kept
        if broken:
            raise CommandError(f"{broken} promises are not kept.", returncode=1)
        self.stdout.write("Every promise is kept.")


def _sides(slug: str) -> list[Organisation]:
    rows = Organisation.objects.exclude(kind=OrganisationKind.PLATFORM).order_by("slug")
    if not slug:
        return list(rows)
    found = list(rows.filter(slug=slug))
    if not found:
        known = ", ".join(row.slug for row in rows)
        raise CommandError(f"--organisation {slug!r} is not known; use one of {known}.")
    return found


def _lines(side: Organisation, covered: Covered) -> Iterable[str]:
    severities = f"{covered.severities[0]}-{covered.severities[-1]}"
    if len(covered.severities) == 1:
        severities = str(covered.severities[0])
    longest = worst(covered.found)
    told = (
        "somebody is never told" if longest is None else f"longest {_minutes(longest)}"
    )
    promise = ""
    if covered.promise is not None:
        kept = "kept" if covered.is_kept else "BROKEN"
        promise = (
            f", promise {_minutes(covered.promise)} {kept} for "
            f"{covered.kept_percent:.2f} % of the time"
        )
    yield f"{side.slug}/{covered.policy} severity {severities}: {told}{promise}"
    if covered.gaps:
        yield f"  |{_drawn(covered)}|"
    for gap in covered.gaps[:_GAPS_SHOWN]:
        wait = "nobody" if gap.wait is None else _minutes(gap.wait)
        yield f"  {_instant(gap.start)} to {_instant(gap.end)}: {wait}"
    if len(covered.gaps) > _GAPS_SHOWN:
        yield f"  and {len(covered.gaps) - _GAPS_SHOWN} more gaps"


def _drawn(covered: Covered) -> str:
    """Draw the stretch of time, a sign for each part of it: # has a gap."""
    start, end = covered.found[0].start, covered.found[-1].end
    part = (end - start) / _COLUMNS
    signs = []
    for number in range(_COLUMNS):
        begins_at, ends_at = start + number * part, start + (number + 1) * part
        has_gap = any(g.start < ends_at and g.end > begins_at for g in covered.gaps)
        signs.append("#" if has_gap else ".")
    return "".join(signs)


def _minutes(wait: timedelta) -> str:
    return f"{wait.total_seconds() / 60:g} min"


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"
