r"""Write plain values as TOML. Python reads TOML and has no writer.

>>> print(array_item("people", {"email": "a@b.example", "roles": {"lab": ["staff"]}}))
[[people]]
email = "a@b.example"
roles = { lab = ["staff"] }
<BLANKLINE>
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_DELETE = chr(0x7F)
# Several lines that may stand between three quotes without any escape.
_AS_IT_STANDS = re.compile(r"(?:(?!''')[^\x00-\x08\x0b-\x1f\x7f])*\n")


def array_item(section: str, fields: Mapping[str, Any]) -> str:
    """Return one table of a list of tables, with an empty line after it.

    Fields that are None are left out; a list of tables has one item on each line, and a
    text of lines stands as it is.
    """
    return _item(f"[[{section}]]", fields)


def table_item(section: str, fields: Mapping[str, Any]) -> str:
    """Return the one table of this name, in the same way."""
    return _item(f"[{section}]", fields)


def _item(head: str, fields: Mapping[str, Any]) -> str:
    lines = [head]
    lines += [f"{_key(n)} = {_block(v)}" for n, v in fields.items() if v is not None]
    return "\n".join(lines) + "\n"


def _block(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "[\n" + "".join(f"  {_inline(item)},\n" for item in value) + "]"
    if isinstance(value, str) and _AS_IT_STANDS.fullmatch(value):
        return f"'''\n{value}'''"
    return _inline(value)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_key(n)} = {_inline(v)}" for n, v in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_inline(item) for item in value)}]"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not written to a file")


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _string(name)


def _string(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped too.
    return json.dumps(text, ensure_ascii=False).replace(_DELETE, "\\u007f")
