r"""Turn the HTML of a mail into text. Nothing of it is ever shown as HTML.

>>> text_of("<p>Weights &amp; logs</p><script>x()</script><ul><li>one<li>two</ul>")
'Weights & logs\n\n- one\n- two'
>>> text_of('<a href="https://a.example/x">the log</a>')
'the log <https://a.example/x>'
"""

import html
import re
from typing import Final

import nh3

_BLOCKS: Final = frozenset(
    {"blockquote", "div", "h1", "h2", "h3", "h4", "li", "ol", "p", "pre", "tr", "ul"}
)
_KEPT: Final = {*_BLOCKS, "a", "br", "td", "th"}
_DROPPED: Final = {"head", "script", "style", "title"}
_LINK: Final = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
_BREAK: Final = re.compile(rf"<br>|</?(?:{'|'.join(sorted(_BLOCKS - {'li'}))})>|</li>")
_SPACES: Final = re.compile(r"[ \t\r\n\f\xa0]+")
_BLANK_LINES: Final = re.compile(r"\n(?:[ \t]*\n){2,}")


def text_of(markup: str) -> str:
    """Return what a reader of the HTML sees, as lines of text."""
    cleaned = nh3.clean(
        markup,
        tags=_KEPT,
        clean_content_tags=_DROPPED,
        attributes={"a": {"href"}},
        link_rel=None,
    )
    flat = _SPACES.sub(" ", cleaned)
    flat = _LINK.sub(_shown_link, flat)
    flat = _BREAK.sub("\n", flat).replace("<li>", "\n- ").replace("</td>", "</td> ")
    bare = html.unescape(nh3.clean(flat, tags=set()))
    lines = "\n".join(line.strip() for line in bare.split("\n"))
    return _BLANK_LINES.sub("\n\n", lines.replace("\n\n- ", "\n- ")).strip()


def _shown_link(found: re.Match[str]) -> str:
    address, shown = found.groups()
    is_same = html.unescape(address).removeprefix("mailto:") == html.unescape(shown)
    return shown if is_same else f"{shown} &lt;{address}&gt;"
