"""`manage.py import_incidents FILE`: bring in the incidents of another tool."""

import csv
import getpass
import sys
import tomllib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from incidents.errors import TocsinError
from incidents.events.actor import Actor
from incidents.intake.imports.mapping import (
    MAX_NAME,
    ImportMapping,
    own_mapping,
    read_mapping,
)
from incidents.intake.imports.reading import Problem
from incidents.intake.imports.running import Importer, Tally
from incidents.intake.imports.writing import Import
from incidents.organisations.models import Organisation, OrganisationKind, User
from incidents.timers.clock import read_now

REPORT_HEAD: Final = ("line", "field", "value", "remedy")
BAR_WIDTH: Final = 30
# A spreadsheet would run a cell that begins so; the value comes from a stranger.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Command(BaseCommand):
    """Import a file; exits with 1 when a row is refused."""

    help = "Bring in the incidents that another tool exported as CSV or JSON lines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--organisation", required=True, metavar="SLUG")
        parser.add_argument(
            "--mapping", type=Path, metavar="FILE.toml", help="theirs to ours"
        )
        parser.add_argument("--name", default="", help="of the import")
        parser.add_argument("--by", default="", metavar="EMAIL", help="who imports")
        parser.add_argument(
            "--page", action="store_true", help="notify people of what is open"
        )
        parser.add_argument(
            "--refused", type=Path, metavar="FILE.csv", help="where refused rows go"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check every row and write nothing"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import, and say how many came in and what was refused."""
        path: Path = options["file"]
        report = _Report(options["refused"] or path.with_suffix(".refused.csv"))
        try:
            importer = _importer(options, report)
            tally = importer.run(read_now, tell=_bar(path))
        except (OSError, TocsinError) as error:
            raise CommandError(f"{path.name}: {error}") from error
        except (DatabaseError, KeyboardInterrupt) as error:
            message = "Stopped; what is in stays in. Run the command again to go on."
            raise CommandError(message) from error
        self._tell(tally, is_dry_run=options["dry_run"])
        if tally.refused:
            rows = "row was" if tally.refused == 1 else "rows were"
            message = f"{tally.refused} {rows} refused; {report.path} says why."
            raise CommandError(message)
        report.forget_earlier()

    def _tell(self, tally: Tally, *, is_dry_run: bool) -> None:
        if tally.unused:
            self.stdout.write(f"not taken: {', '.join(tally.unused)}")
        verb = "would be imported" if is_dry_run else "imported"
        self.stdout.write(
            f"{tally.read} rows: {tally.imported} {verb}, {tally.known} in already, "
            f"{tally.refused} refused"
        )


class _Report:
    """A CSV of refused rows; the file is made with the first of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_begun = False

    def refuse(self, line: int, problems: tuple[Problem, ...]) -> None:
        """Write one line for each problem of a row."""
        mode = "a" if self._is_begun else "w"
        with self.path.open(mode, newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if not self._is_begun:
                writer.writerow(REPORT_HEAD)
            self._is_begun = True
            for problem in problems:
                cells = (problem.field, problem.value, problem.remedy)
                writer.writerow([line, *map(_inert, cells)])

    def forget_earlier(self) -> None:
        """Remove the report of an earlier run: nothing of it is true any more."""
        try:
            with self.path.open(newline="", encoding="utf-8") as file:
                is_ours = next(csv.reader(file), None) == list(REPORT_HEAD)
        except (OSError, ValueError):
            return
        if is_ours:
            self.path.unlink(missing_ok=True)


def _importer(options: dict[str, Any], report: _Report) -> Importer:
    organisation = _organisation(options["organisation"])
    mapping = _mapping(options["mapping"])
    name = options["name"] or mapping.name or options["file"].stem
    into = Import(
        organisation=organisation,
        name=name[:MAX_NAME],
        actor=_actor(organisation, options["by"]),
        is_paging=options["page"],
    )
    return Importer(
        options["file"], mapping, into, report.refuse, is_dry_run=options["dry_run"]
    )


def _organisation(slug: str) -> Organisation:
    labs = Organisation.objects.filter(kind=OrganisationKind.LAB)
    lab = labs.filter(slug=slug).first()
    if lab is None:
        known = ", ".join(labs.order_by("slug").values_list("slug", flat=True))
        message = f"--organisation {slug!r} is not a lab; name one of {known or 'none'}"
        raise CommandError(f"{message}. Incidents belong to labs.")
    return lab


def _mapping(path: Path | None) -> ImportMapping:
    if path is None:
        return own_mapping()
    try:
        return read_mapping(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    except TocsinError as error:
        raise CommandError(f"{path}: {error}") from error


def _actor(organisation: Organisation, email: str) -> Actor:
    """Return who imports: a person of the lab, else whoever is at the console."""
    if not email:
        name = f"{getpass.getuser()} at the console"
        return Actor("system", name, organisation.pk, organisation.name)
    members = User.objects.filter(
        memberships__organisation=organisation, memberships__ended_at=None
    )
    user = members.filter(email=email.lower(), is_active=True).first()
    if user is None:
        raise CommandError(f"--by {email!r} is nobody of {organisation}.")
    return Actor.of(user, organisation)


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _bar(path: Path) -> Any:
    """Return what draws the progress on a terminal, and does nothing elsewhere."""

    def draw(tally: Tally) -> None:
        share = min(1.0, tally.bytes_read / size) if size else 1.0
        done = round(share * BAR_WIDTH)
        bar = "#" * done + "." * (BAR_WIDTH - done)
        end = "\n" if share >= 1.0 else ""
        sys.stderr.write(
            f"\r[{bar}] {share:4.0%} {tally.read} rows, {tally.refused} refused{end}"
        )
        sys.stderr.flush()

    if not (sys.stderr.isatty() and path.is_file()):
        return lambda _tally: None
    size = path.stat().st_size
    return draw
