"""The addresses of the whole site, which belong to nobody."""

from tests.access.place import Place

API = {
    # The platform's own punctuality: the same for everybody, and nobody's content.
    "GET status-list": Place("account"),
    # How far the record is proved: sizes, hashes, keys and times.
    "GET log-list": Place("account"),
    "GET log-audits-list": Place("account"),
}

PAGES = {
    "GET home": Place("list"),
    "GET status": Place("account"),
    "GET log": Place("account"),
    "GET mailbox": Place("account"),
    "GET mailbox-message": Place("account", lambda _: {"name": "x.eml"}),
}

UNREAD = {
    "how the platform does; it holds no content": (
        "api GET log-audits-list",
        "api GET log-list",
        "api GET status-list",
        "page GET log",
        "page GET status",
    ),
    "shown in the demo alone, where every message is invented": (
        "page GET mailbox",
        "page GET mailbox-message",
    ),
}
