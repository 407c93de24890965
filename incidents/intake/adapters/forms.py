"""Read a body that a tool may send as JSON or as a form.

>>> read_body(b"payload=%7B%22a%22%3A+1%7D", headers={}, field="payload")
{'a': 1}
>>> form = {"content-type": "application/x-www-form-urlencoded"}
>>> read_body(b"STATUS=DOWN&NAME=API", headers=form)
{'STATUS': 'DOWN', 'NAME': 'API'}
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from incidents.intake.adapters import base

MAX_FIELDS = 500

_BOUNDARY = re.compile(r'boundary="?([^";,\s]{1,200})', re.IGNORECASE)
_NAME = re.compile(rb'[;\s]name="([^"]{1,200})"', re.IGNORECASE)


def read_body(
    body: bytes, *, headers: Mapping[str, str], field: str = ""
) -> dict[str, Any]:
    """Return the object that the body holds. Raises Unreadable.

    In a form it stands as JSON in the field of this name, or else is the fields
    themselves. A form whose content type got lost is recognised by that name.
    """
    kind = headers.get("content-type", "").strip().lower()
    if kind.startswith("multipart/form-data"):
        return _object_in(_parts(body, headers["content-type"]), field)
    is_form = kind.startswith("application/x-www-form-urlencoded")
    if is_form or (field and body.startswith(f"{field}=".encode())):
        return _object_in(_fields(body), field)
    return base.read_object(body)


def _object_in(fields: Mapping[str, str], name: str) -> dict[str, Any]:
    if not name:
        return dict(fields)
    if name not in fields:
        raise base.Unreadable(
            name, None, "send this field of the form, with JSON in it"
        )
    return base.read_object(fields[name].encode("utf-8", "replace"))


def _fields(body: bytes) -> dict[str, str]:
    try:
        return dict(
            parse_qsl(
                body.decode("utf-8", "replace"),
                keep_blank_values=True,
                max_num_fields=MAX_FIELDS,
            )
        )
    except ValueError:
        remedy = f"send a form of at most {MAX_FIELDS} fields"
        raise base.Unreadable("body", body[: base.MAX_SHOWN], remedy) from None


def _parts(body: bytes, content_type: str) -> dict[str, str]:
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        return {}
    fields: dict[str, str] = {}
    marker = b"--" + boundary[1].encode("utf-8", "replace")
    for part in body.split(marker, MAX_FIELDS)[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        if name := _NAME.search(head):
            text = content.removesuffix(b"\r\n").decode("utf-8", "replace")
            fields[name[1].decode("utf-8", "replace")] = text
    return fields
