"""The addresses of organisations, their people, and what is each reader's own."""

from typing import Any

from tests.access.place import Arguments, Place
from tests.access.scene import Scene


def _of(name: str) -> Arguments:
    return lambda scene: {"pk": getattr(scene.lab, name).pk}


def _member(scene: Scene) -> dict[str, Any]:
    return {"pk": scene.lab.admin.memberships.get().pk}


def _lab(scene: Scene) -> dict[str, Any]:
    return {"organisation": scene.lab.organisation.slug}


_RULES = {"normal": [], "digest_after": 3}

API = {
    "GET organisations-list": Place("list"),
    # Who shares with an agency is known to it: see test_lists.py.
    "GET organisations-detail": Place("account", lambda _: {"slug": "naisa"}),
    "GET teams-list": Place("list"),
    "POST teams-list": Place("make", body={"slug": "x", "name": "x"}, act="configure"),
    "GET members-list": Place("list"),
    "POST members-list": Place(
        "make", body={"email": "x@y.example", "role": "admin"}, act="configure"
    ),
    "DELETE members-detail": Place("lab", _member, act="configure"),
    "GET tokens-list": Place("list"),
    "POST tokens-list": Place("account", body={"name": "x"}),
    "DELETE tokens-detail": Place("lab", _of("token")),
    "GET contact-methods-list": Place("list"),
    "POST contact-methods-list": Place(
        "make", body={"slug": "x", "channel": "email", "address": "x@y.example"}
    ),
    "DELETE contact-methods-detail": Place("lab", _of("method")),
    "POST contact-methods-confirm": Place("lab", _of("method"), {"code": "000000"}),
    "POST contact-methods-verify": Place("lab", _of("method")),
    "GET notification-rules-list": Place("list"),
    "POST notification-rules-list": Place("make", body=_RULES),
    "GET notification-rules-detail": Place("lab", _of("rules")),
    "PUT notification-rules-detail": Place("lab", _of("rules"), _RULES),
    "DELETE notification-rules-detail": Place("lab", _of("rules")),
}

PAGES = {
    "GET account": Place("list"),
    "GET password-change": Place("account"),
    "POST password-change": Place("account"),
    "POST sign-out": Place("account"),
    "POST token-new": Place("account", body={"name": "x"}),
    "POST contact-method-new": Place("account"),
    "POST token-revoke": Place("lab", _of("token")),
    "GET contact-method-verify": Place("lab", _of("method")),
    "POST contact-method-verify": Place("lab", _of("method"), {"code": "000000"}),
    "POST contact-method-resend": Place("lab", _of("method")),
    "POST contact-method-delete": Place("lab", _of("method")),
    "POST notification-rules-save": Place("lab", _lab),
    "POST notification-rules-delete": Place("lab", _lab),
}

UNREAD = {
    "the reader's own, or who is who in their organisations": (
        "api GET contact-methods-list",
        "api GET members-list",
        "api GET notification-rules-detail",
        "api GET notification-rules-list",
        "api GET organisations-detail",
        "api GET organisations-list",
        "api GET teams-list",
        "api GET tokens-list",
        "page GET account",
        "page GET contact-method-verify",
        "page GET password-change",
    ),
}
