"""Puts together the page that verifies a bundle in a browser: one file, nothing loaded."""

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files
from string import Template
from typing import Final

PARTS: Final = (
    "bytes.js",
    "ed25519.js",
    "merkle.js",
    "notes.js",
    "archive.js",
    "entries.js",
    "heads.js",
    "continued.js",
    "deadlines.js",
    "receipts.js",
    "check.js",
    "page.js",
)


@cache
def policy() -> str:
    """Return what the page may do: run its own script, and load or send nothing."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'sha256-{_digest(_script())}'",
            f"style-src 'sha256-{_digest(_read('page.css'))}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


@cache
def page() -> bytes:
    """Return the page. Its bytes change only with its source."""
    values = {"policy": policy(), "style": _read("page.css"), "script": _script()}
    return Template(_read("page.html")).substitute(values).encode()


def _script() -> str:
    return '"use strict";\n' + "".join(_read(name) for name in PARTS)


def _read(name: str) -> str:
    return files("incidents.evidence").joinpath(f"browser/{name}").read_text("utf-8")


def _digest(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()
