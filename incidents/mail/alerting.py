r"""Turn the mail of a tool that can do nothing else into the document of a source.

State words at the ends of the subject say whether it fires and are left out of the key by
which the two mails of one alert find each other:

>>> state_and_key("[FIRING:2] Drift on gpu-7"), state_and_key("RESOLVED: Drift on GPU-7")
(('firing', 'drift on gpu-7'), ('resolved', 'drift on gpu-7'))
>>> state_and_key("Drift on gpu-7 is back to normal")
('resolved', 'drift on gpu-7')
>>> state_and_key("Is it OK to restart?")
('firing', 'is it ok to restart?')
"""

import json
import re
from typing import Final

from incidents.mail.reading import Letter

MAX_TEXT: Final = 20_000
UNTITLED: Final = "Alert by e-mail"

_FIRING: Final = (
    "alert|alarm|alerting|critical|down|error|firing|problem|triggered|warning"
)
_RESOLVED: Final = (
    "back to normal|cleared|closed|fixed|ok|recovered|recovery|resolved|up"
)
_WORD: Final = rf"(?:(?P<firing>{_FIRING})|(?P<resolved>{_RESOLVED}))(?::\d+)?"
_REPLY: Final = re.compile(r"^(?:(?:re|fwd?|aw|wg):\s*)+", re.IGNORECASE)
_BEFORE: Final = re.compile(
    rf"^(?:\[\s*{_WORD}\s*\]|{_WORD.replace('P<', 'P<bare_')}\s*[:|\u2013-])\s*",
    re.IGNORECASE,
)
_AFTER: Final = re.compile(
    rf"(?:\s*[:|\u2013-]\s*|\s+is\s+(?:now\s+)?)\[?{_WORD}\]?[.!]?$", re.IGNORECASE
)


def alert_document(letter: Letter) -> bytes:
    """Return what the adapter `generic` reads, as JSON."""
    state, key = state_and_key(letter.subject)
    labels = {"sender": letter.sender} if letter.sender else {}
    document = {
        "title": letter.subject or UNTITLED,
        "status": state,
        "dedup_key": key or UNTITLED.lower(),
        "summary": letter.text[:MAX_TEXT],
        "labels": labels,
    }
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def state_and_key(subject: str) -> tuple[str, str]:
    """Return "firing" or "resolved", and the subject without what says so."""
    rest, is_resolved = _REPLY.sub("", subject.strip()), False
    for pattern in (_BEFORE, _BEFORE, _AFTER):
        if found := pattern.search(rest):
            named = found.groupdict()
            is_resolved |= bool(named.get("resolved") or named.get("bare_resolved"))
            rest = rest[: found.start()] + rest[found.end() :]
    return ("resolved" if is_resolved else "firing", " ".join(rest.lower().split()))
