"""Checks attached files: each is one that an entry names, under its hash."""

import re
from collections.abc import Iterator
from typing import Any, Final

from incidents.ledger.bundle_parts import attachment_path
from incidents.ledger.verify.entries import Seen
from incidents.ledger.verify.parts import Parts
from incidents.ledger.verify.verdict import Code, Rejected

FOLDER: Final = "attachments/"

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FIELD: Final = "attachments"


class Attachments:
    """Which files are there, and which of them entries name."""

    def __init__(self, parts: Parts) -> None:
        self.count = 0
        self._unnamed: set[str] = set()
        self._left_out: dict[str, str] = {}
        self._parts = parts
        for listed in parts.in_folder(FOLDER):
            if listed.path != attachment_path(listed.sha256):
                raise Rejected(Code.ATTACHMENT, f"{listed.path} has another hash")
            self._unnamed.add(listed.sha256)
            self.count += 1

    def see(self, entry: Seen) -> None:
        """Note the files that an entry names."""
        for name, value in entry.fields.items():
            if not isinstance(value, list | dict):
                continue
            for sha256, title in _named_in(value):
                self._unnamed.discard(sha256)
                path = attachment_path(sha256)
                if name == _FIELD and not self._parts.has(path):
                    self._left_out[sha256] = title

    def check(self) -> list[str]:
        """Return the names of files that are left out.

        Raises Rejected for a file that no entry names.
        """
        for sha256 in sorted(self._unnamed):
            raise Rejected(Code.ATTACHMENT, f"no entry names {FOLDER}{sha256}")
        return [title or sha256 for sha256, title in self._left_out.items()]


def _named_in(value: Any) -> Iterator[tuple[str, str]]:
    """Yield hash and name of each file that is named anywhere in a value."""
    if isinstance(value, list):
        for item in value:
            yield from _named_in(item)
    elif isinstance(value, dict):
        sha256 = value.get("sha256")
        if isinstance(sha256, str) and _HASH.fullmatch(sha256):
            yield sha256, str(value.get("name", ""))
        for item in value.values():
            if isinstance(item, list | dict):
                yield from _named_in(item)
