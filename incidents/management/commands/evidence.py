"""`manage.py evidence REF --out F.zip`: hand out a record as a bundle of evidence."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.errors import TocsinError
from incidents.evidence.audiences import OWN, chosen_audience
from incidents.evidence.building import build_next
from incidents.evidence.models import BundleState, EvidenceBundle
from incidents.evidence.redaction import BadRule, read_rules
from incidents.evidence.requesting import Wanted, request_bundle
from incidents.incident.models import Incident
from incidents.incident.new_file import path_of
from incidents.organisations.models import Organisation
from incidents.timers.clock import read_now

POLL_SECONDS: Final = 0.5


class Command(BaseCommand):
    """Build a bundle, record that it is handed out, and write it to a file."""

    help = (
        "Write a bundle of evidence of an incident to a file; the export is recorded."
    )

    def __init__(
        self, *args: Any, pause: Callable[[float], object] = time.sleep, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._pause = pause

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what is handed out, to whom, and where the file goes."""
        parser.add_argument("ref", metavar="REF")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")
        parser.add_argument("--recipient", required=True, help="stands in the record")
        parser.add_argument(
            "--organisation", default="", help="whose; the owner if left out"
        )
        parser.add_argument(
            "--audience",
            default=OWN,
            help="own, or the slug of the other side of a share",
        )
        parser.add_argument(
            "--withhold", type=Path, metavar="RULES", help="a file, one rule a line"
        )
        parser.add_argument("--no-files", action="store_true")
        parser.add_argument("--seen-size", type=int, metavar="N")
        parser.add_argument("--timeout", type=int, default=120, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for it, wait for the log, and copy the file."""
        if options["out"].exists():
            raise CommandError(f"{options['out']} is there already; name another file.")
        try:
            row = _ask(options)
        except (TocsinError, BadRule, OSError) as error:
            raise CommandError(str(error)) from None
        row = self._wait(row, seconds=options["timeout"])
        shutil.copyfile(path_of(row.stored_as), options["out"])
        seen = (
            "seen by witnesses" if row.is_cosigned else "no witness has seen its head"
        )
        self.stdout.write(f"{options['out']}: {row.total} entries, {seen}")
        self.stdout.write(f"manifest SHA-256 {row.manifest_sha256}")

    def _wait(self, row: EvidenceBundle, *, seconds: int) -> EvidenceBundle:
        """Return the bundle once it is ready; builds it here if no worker is faster."""
        until = time.monotonic() + seconds
        while row.is_open and time.monotonic() < until:
            if not build_next(read_now):
                self._pause(POLL_SECONDS)
            row.refresh_from_db()
        if row.state == BundleState.READY:
            return row
        if row.is_open:
            raise CommandError(
                f"Not ready after {seconds} s: do a sealing worker and the signer run? It "
                "goes on in the background; its page has the download."
            )
        raise CommandError(row.error)


def _ask(options: dict[str, Any]) -> EvidenceBundle:
    incident = (
        Incident.objects.select_related("organisation")
        .filter(ref=options["ref"].upper())
        .first()
    )
    if incident is None:
        raise CommandError(f"There is no incident {options['ref']}.")
    side = _side(incident, options["organisation"])
    rules = options["withhold"].read_text("utf-8") if options["withhold"] else ""
    wanted = Wanted(
        chosen_audience(incident, side, options["audience"]).stream,
        options["recipient"],
        read_rules(rules),
        has_files=not options["no_files"],
        seen_size=options["seen_size"],
    )
    return request_bundle(
        incident, wanted, organisation=side, user=None, now=read_now()
    )


def _side(incident: Incident, slug: str) -> Organisation:
    if not slug:
        return incident.organisation
    found = Organisation.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no organisation {slug!r}.")
    return found
