"""Audit the record: `manage.py audit_log`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from incidents.audit.audit import Auditor, audit_log
from incidents.audit.files import ALL_FILES
from incidents.audit.findings import read_finding
from incidents.audit.memory import MemoryFile
from incidents.audit.nightly import memory_path, signer_keys
from incidents.timers.clock import read_now
from incidents.witnessing.own_policy import witness_keys


class Command(BaseCommand):
    """Compute the sealed log anew and hold it against its signed head."""

    help = "Compute the record anew, from its bytes, and hold it against its head."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say where the memory is, and whether values are opened."""
        parser.add_argument(
            "--state",
            type=Path,
            metavar="FILE",
            default=None,
            help="where an unfinished audit and the last good head are kept; "
            "`audit.json` in the data folder",
        )
        parser.add_argument(
            "--values",
            action="store_true",
            help="decrypt the values too and compare them with their digests; also "
            "holds, erasures and every kept head with their entries",
        )
        parser.add_argument(
            "--files",
            action="store_true",
            help="hash all files of incidents too",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Audit to the end; exits 1 when something does not fit."""
        path = options["state"] or memory_path()
        if not path.parent.is_dir():
            raise CommandError(
                f"--state: {path.parent} is not a folder; make it first."
            )
        auditor = Auditor(
            memory=MemoryFile(path),
            keys=signer_keys(),
            witnesses=witness_keys(),
            has_values=options["values"],
            file_bytes=ALL_FILES if options["files"] else 0,
            after_piece=self._tell,
        )
        audit = audit_log(auditor, read_now())
        if audit is None:
            self.stdout.write("Nothing is sealed yet.")
            return
        for one in audit.findings:
            self.stdout.write(str(read_finding(one)))
        checked = f"{audit.size} entries against the {audit.against} head"
        if options["files"]:
            checked = f"{audit.files} of {audit.files_of} files, {checked}"
        if not settings.SIGNER_SOCKET:
            checked += " (nobody signs here, so a head is only what the database says)"
        self.stdout.write(
            f"{checked}: {'all fit' if audit.is_intact else 'NOT INTACT'}."
        )
        if not audit.is_intact:
            sys.exit(1)

    def _tell(self, seen: int, size: int) -> bool:
        self.stderr.write(f"\r{100 * seen // size} %", ending="")
        return True
