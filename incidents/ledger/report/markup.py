"""Writes values into HTML so that none of them can be markup, and none can mislead.

A bundle may hold whatever its maker wanted: tags, characters that turn the direction of
writing, texts without an end. All of it comes out as text that can be seen.
"""

from collections.abc import Iterable
from html import escape
from typing import Final

MAX_TEXT: Final = 20_000


def text(value: str) -> str:
    r"""Return a value as text for a page; what would not be seen is spelled out.

    >>> text("<b>\u202eok")
    '&lt;b&gt;\\u202eok'
    """
    cut = value[:MAX_TEXT]
    seen = "".join(char if _is_seen(char) else _spelled(char) for char in cut)
    if len(value) > MAX_TEXT:
        seen += f"… (cut after {MAX_TEXT} characters; the bundle holds all of it)"
    return escape(seen)


def _is_seen(char: str) -> bool:
    return char.isprintable() or char == "\n"


def _spelled(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Return names and values as a list; the values are text."""
    items = (f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in rows)
    return f"<dl>{''.join(items)}</dl>"


def table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; the cells are text. On a narrow page each says what it is."""
    named = tuple(titles)
    body = "".join(
        table_row((name, text(cell)) for name, cell in zip(named, row, strict=True))
        for row in rows
    )
    return table_of(named, body)


def table_of(titles: Iterable[str], body: str, *, kind: str = "list") -> str:
    """Return a table around rows that are markup already."""
    head = "".join(f'<th scope="col">{text(title)}</th>' for title in titles)
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def table_row(cells: Iterable[tuple[str, str]], *, anchor: str = "") -> str:
    """Return a row of cells that are markup already, each under its column's title."""
    inner = "".join(f'<td data-is="{text(name)}">{cell}</td>' for name, cell in cells)
    return f'<tr id="{text(anchor)}">{inner}</tr>' if anchor else f"<tr>{inner}</tr>"


def section(title: str, *parts: str) -> str:
    """Return a part of the page under its title; the parts are markup already."""
    return f"<section><h2>{text(title)}</h2>{''.join(parts)}</section>\n"


def paragraph(words: str, *, kind: str = "") -> str:
    """Return a paragraph of text."""
    return f'<p class="{kind}">{text(words)}</p>' if kind else f"<p>{text(words)}</p>"
