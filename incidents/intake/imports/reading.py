"""Read the rows of a file that another tool exported, one at a time. Pure.

A row that cannot be taken apart is a row with problems; the rows after it are read.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from incidents.errors import BadInput

MAX_CELL: Final = 1_000_000
DELIMITERS: Final = (",", ";", "\t")
_UNKEPT: Final = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is refused."""

    field: str
    value: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file, `line` being the first that it stands on."""

    line: int
    values: Mapping[str, Any]
    problems: tuple[Problem, ...] = field(default=())

    def at(self, name: str) -> Any:
        """Return the value of a column, or of a dotted path into an object."""
        if name in self.values:
            return self.values[name]
        value: Any = self.values
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return value


def read_rows(path: Path, file: BinaryIO) -> Iterator[Row]:
    """Yield the rows of a file by its suffix. Raises BadInput for another suffix."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        remedy = f"Name a file that ends in {', '.join(sorted(_READERS))}."
        raise BadInput("FILE", path.name, remedy)
    return reader(file)


def columns_of(path: Path, file: BinaryIO) -> list[str] | None:
    """Return the names in the head of a table, None for a file without a head.

    Leaves the file where it was.
    """
    if path.suffix.lower() not in _TABLES:
        return None
    file.seek(0)
    rows = csv.reader(_texts(file), delimiter=_delimiter(file))
    head = next(iter(rows), [])
    file.seek(0)
    return [name.strip() for name in head]


def _read_table(file: BinaryIO) -> Iterator[Row]:
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(_texts(file), delimiter=_delimiter(file))
    head = [name.strip() for name in next(reader, [])]
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, {}, (Problem("row", "", f"Mend this row: {error}."),))
            continue
        if any(cell.strip() for cell in cells):
            yield _table_row(line, head, cells)


def _table_row(line: int, head: list[str], cells: list[str]) -> Row:
    problems = []
    if len(cells) > len(head):
        remedy = (
            f"The row has {len(cells)} cells and the head {len(head)}; "
            "put cells that hold the separator in quotes."
        )
        problems.append(Problem("row", cells[len(head)], remedy))
    values = dict(zip(head, cells, strict=False))
    problems += [_unkept(n, v) for n, v in values.items() if _UNKEPT.search(v)]
    return Row(line, values, tuple(problems))


def _read_lines(file: BinaryIO) -> Iterator[Row]:
    for line, raw in enumerate(file, start=1):
        text = raw.removeprefix(b"\xef\xbb\xbf").strip()
        if text:
            yield _line_row(line, text)


def _line_row(line: int, text: bytes) -> Row:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        problem = Problem("row", _shown(text), "Write one JSON object on each line.")
        return Row(line, {}, (problem,))
    if not isinstance(values, dict):
        problem = Problem("row", _shown(text), "Write a JSON object, not a bare value.")
        return Row(line, {}, (problem,))
    is_kept = all(_UNKEPT.search(found) is None for found in _texts_in(values))
    return Row(line, values, () if is_kept else (_unkept("row", _shown(text)),))


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_in(inner)


def _unkept(name: str, value: str) -> Problem:
    remedy = "Save the file as UTF-8, without U+0000."
    return Problem(name, value.encode("utf-8", "replace").decode(), remedy)


def _shown(text: bytes) -> str:
    return text[:200].decode("utf-8", "replace")


def _texts(file: BinaryIO) -> Iterable[str]:
    """Return lines of text; bytes that are no UTF-8 become lone surrogates."""
    for number, raw in enumerate(file):
        kept = raw.removeprefix(b"\xef\xbb\xbf") if number == 0 else raw
        yield kept.decode("utf-8", "surrogateescape")


def _delimiter(file: BinaryIO) -> str:
    """Return the separator that the head holds most of."""
    place = file.tell()
    head = file.readline().decode("utf-8", "replace")
    file.seek(place)
    return max(DELIMITERS, key=head.count)


_TABLES: Final = frozenset({".csv", ".tsv"})
_READERS: Final[Mapping[str, Callable[[BinaryIO], Iterator[Row]]]] = {
    ".csv": _read_table,
    ".tsv": _read_table,
    ".jsonl": _read_lines,
    ".ndjson": _read_lines,
}
