"""Carry a whole file over: read, convert, write in batches, and say what was refused."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from incidents.errors import BadInput
from incidents.intake.imports.converting import ImportedRow, convert
from incidents.intake.imports.mapping import ImportMapping
from incidents.intake.imports.reading import Problem, Row, columns_of, read_rows
from incidents.intake.imports.writing import BATCH, Import, already_in, import_rows

Refuse = Callable[[int, tuple[Problem, ...]], None]
AGAIN: Final = "An earlier line has the same; keep one of them."


@dataclass(slots=True)
class Tally:
    """How far an import has come; `unused` are columns that nothing is mapped to."""

    read: int = 0
    imported: int = 0
    known: int = 0
    refused: int = 0
    bytes_read: int = 0
    unused: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Importer:
    """One file on its way in. `tally` may be looked at while it runs."""

    path: Path
    mapping: ImportMapping
    into: Import
    refuse: Refuse
    is_dry_run: bool = False
    tally: Tally = field(default_factory=Tally)
    _seen: set[str] = field(default_factory=set)

    def run(
        self, read_now: Callable[[], datetime], *, tell: Callable[[Tally], None]
    ) -> Tally:
        """Bring in what is not in yet; calls `tell` after each batch.

        Each batch is a transaction, so that an interrupted run can be started again.
        Raises BadInput, OSError.
        """
        with self.path.open("rb") as file:
            self._check_columns(columns_of(self.path, file))
            batch: list[ImportedRow] = []
            now = read_now()
            for row in read_rows(self.path, file):
                self._take(row, batch, now=now)
                if self.tally.read % BATCH == 0:
                    self._write(batch, now)
                    self.tally.bytes_read = file.tell()
                    tell(self.tally)
                    now = read_now()
            self._write(batch, now)
            self.tally.bytes_read = file.tell()
        tell(self.tally)
        return self.tally

    def _check_columns(self, columns: list[str] | None) -> None:
        """Refuse a mapping of columns that a table lacks: each row would be refused."""
        if columns is None:
            return
        used = set(self.mapping.theirs_of.values())
        own = {o for o, theirs in self.mapping.theirs_of.items() if o == theirs}
        lacking = used - set(columns) - (own - {"external_id", "title"})
        if lacking:
            remedy = f"The file has the columns {', '.join(columns)}; map one of them."
            raise BadInput("column", sorted(lacking)[0], remedy)
        self.tally.unused = [name for name in columns if name not in used]

    def _take(self, row: Row, batch: list[ImportedRow], *, now: datetime) -> None:
        self.tally.read += 1
        converted = convert(row, self.mapping, now=now)
        if isinstance(converted, ImportedRow) and converted.external_id in self._seen:
            name = self.mapping.theirs_of["external_id"]
            converted = (Problem(name, converted.external_id, AGAIN),)
        if isinstance(converted, ImportedRow):
            self._seen.add(converted.external_id)
            batch.append(converted)
        else:
            self.tally.refused += 1
            self.refuse(row.line, converted)

    def _write(self, batch: list[ImportedRow], now: datetime) -> None:
        if not batch:
            return
        if self.is_dry_run:
            known = already_in(self.into, [row.external_id for row in batch])
            imported = len(batch) - len(known)
        else:
            imported = import_rows(batch, self.into, now=now)
        self.tally.imported += imported
        self.tally.known += len(batch) - imported
        batch.clear()
