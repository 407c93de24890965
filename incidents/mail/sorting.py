"""Decide what becomes of a mail, from what is known of it. Pure.

>>> sort_mail(Known(organisation="Aurora", sender="eve@x.example", names="the incident"))
Verdict(state='held', reason='Nobody of Aurora has the address eve@x.example.')
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a mail when it is sorted."""

    organisation: str
    sender: str
    ignored: str = ""
    is_member: bool = False
    is_proven: bool = False
    is_empty: bool = False
    came_to_anothers: bool = False
    names: str = ""
    sees_incident: bool = False
    may_comment: bool = False
    may_report: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of the mail, and why."""

    state: str
    reason: str


def sort_mail(known: Known) -> Verdict:
    """Return the verdict. What is doubtful is held for a person, never dropped."""
    if known.ignored:
        return Verdict("ignored", known.ignored)
    if doubt := _doubt(known):
        return Verdict("held", doubt)
    if known.names:
        return Verdict("commented", f"{known.sender} answered {known.names}.")
    return Verdict("reported", f"{known.sender} reported it.")


def _doubt(known: Known) -> str:
    doubts = (
        (not known.sender, "It does not name exactly one sender."),
        (
            not known.is_member,
            f"Nobody of {known.organisation} has the address {known.sender}.",
        ),
        (
            known.came_to_anothers,
            f"It came to a reply address that is not {known.sender}'s.",
        ),
        (not known.is_proven, f"That {known.sender} sent it is not proven."),
        (known.is_empty, "It says nothing."),
        (
            bool(known.names) and not known.sees_incident,
            f"It names {known.names}, which {known.organisation} does not see.",
        ),
        (
            bool(known.names) and not known.may_comment,
            f"The role of {known.sender} does not let them comment.",
        ),
        (
            not known.names and not known.may_report,
            f"The role of {known.sender} does not let them file incidents.",
        ),
    )
    return next((doubt for applies, doubt in doubts if applies), "")
