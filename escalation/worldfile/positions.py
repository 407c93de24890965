r"""Find the line on which each value of a TOML text stands.

`tomllib` reads values and forgets where they were. This walks over the same text, which
`tomllib` has accepted before, and keeps the line of every key, table and list item.

>>> lines = line_numbers('[[people]]\nemail = "a@b.example"\n')
>>> lines[("people", 0, "email")]
2
"""

import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}\n#]*")


def line_numbers(text: str) -> dict[Path, int]:
    """Return {path: line}, lines counted from 1. Requires text that tomllib reads."""
    return _Walk(text.replace("\r\n", "\n")).lines_of_document()


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of a path, or of the nearest thing around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Walk:
    """One pass over the text: `at` is where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}

    def lines_of_document(self) -> dict[Path, int]:
        base: Path = ()
        self._skip_blank()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                base = self._header()
            else:
                self._pair(base)
            self._skip_blank()
        return self.lines

    def _header(self) -> Path:
        is_list = self.text.startswith("[[", self.at)
        line = self._line()
        self.at += 2 if is_list else 1
        path = self._last_of_lists(self._dotted_key())
        if is_list:
            count = self.counts.get(path, 0)
            self.counts[path] = count + 1
            self.lines.setdefault(path, line)
            path = (*path, count)
        self.lines[path] = line
        self._skip_blank()
        self.at += 2 if is_list else 1
        return path

    def _last_of_lists(self, key: Path) -> Path:
        """Let each part but the last mean the newest item where it is a list."""
        path: Path = ()
        for index, part in enumerate(key):
            path = (*path, part)
            if path in self.counts and index < len(key) - 1:
                path = (*path, self.counts[path] - 1)
        return path

    def _pair(self, base: Path) -> None:
        line = self._line()
        path = base
        for part in self._dotted_key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._skip_blank()
        self.at += 1  # the equals sign
        self._value(path)

    def _dotted_key(self) -> Path:
        parts: list[str | int] = []
        while True:
            self._skip_blank()
            parts.append(_unquoted(self._take(_KEY)))
            self._skip_blank()
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def _value(self, path: Path) -> None:
        self._skip_blank()
        mark = self.text[self.at : self.at + 1]
        if mark == "[":
            self._list(path)
        elif mark == "{":
            self._inline_table(path)
        elif mark and mark in "\"'":
            self._take(_STRING)
        else:
            self._take(_BARE)

    def _list(self, path: Path) -> None:
        self.at += 1
        count = 0
        while not self._closes("]"):
            self.lines[*path, count] = self._line()
            self._value((*path, count))
            count += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while not self._closes("}"):
            self._pair(path)

    def _closes(self, mark: str) -> bool:
        """Step over blanks and commas; tell whether the closing mark was stepped over."""
        self._skip_blank()
        while self.text.startswith(",", self.at):
            self.at += 1
            self._skip_blank()
        is_end = self.at >= len(self.text) or self.text[self.at] == mark
        if is_end:
            self.at += 1
        return is_end

    def _skip_blank(self) -> None:
        self._take(_BLANK)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def _line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1


def _unquoted(key: str) -> str:
    """Return what a key says; a quoted one may hold escapes, which tomllib knows."""
    return next(iter(tomllib.loads(f"{key} = 0"))) if key[:1] in "\"'" else key
