"""Tell mail that a machine sent by itself, so that no two machines talk to each other.

Source: RFC 3834 §2 (who must not be answered), §5 (Auto-Submitted); RFC 2919 (List-Id).
"""

from typing import Final

from incidents.mail.reading import Letter

_MAX_HOPS: Final = 50
_BULK: Final = frozenset({"bulk", "junk", "list"})


def reason_to_ignore(letter: Letter, *, envelope_from: str, own_address: str) -> str:
    """Return why nothing must be done about the mail, or an empty text.

    `own_address` is the one that Tocsin sends from.
    """
    submitted = _value(letter, "auto-submitted").partition(";")[0].strip() or "no"
    precedence = _value(letter, "precedence")
    domain = own_address.rpartition("@")[2]
    reasons = (
        (
            submitted != "no",
            f"A machine sent it by itself (Auto-Submitted: {submitted[:40]}).",
        ),
        (not envelope_from, "Its return path is empty: it reports on another mail."),
        (bool(_value(letter, "list-id")), "A mailing list sent it (List-Id)."),
        (precedence in _BULK, f"It was sent to many (Precedence: {precedence})."),
        (
            own_address.lower() in letter.senders
            or _is_ours(letter.message_id, domain),
            "Tocsin itself sent it.",
        ),
        (
            len(letter.headers.get("received", ())) > _MAX_HOPS,
            f"It went through more than {_MAX_HOPS} mail servers.",
        ),
    )
    return next((reason for applies, reason in reasons if applies), "")


def is_loop(letter: Letter, envelope_from: str, own_address: str) -> bool:
    """Whether a mail to a tool's source is our own, or reports on another mail."""
    domain = own_address.rpartition("@")[2]
    is_own = own_address.lower() in letter.senders
    return not envelope_from or is_own or _is_ours(letter.message_id, domain)


def _is_ours(message_id: str, domain: str) -> bool:
    local, _, host = message_id.rpartition("@")
    return host.lower() == domain.lower() and local.startswith("INC-")


def _value(letter: Letter, name: str) -> str:
    return letter.headers.get(name, ("",))[0].strip().lower()
