"""Say of one filing what is happening, what is due and whose move it is."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from escalation.duties.models import StatutoryClock
from escalation.duties.overdue import is_overdue
from escalation.filings.models import FilingState, RecipientState, Way
from escalation.filings.showing import ShownFiling, ShownRecipient
from escalation.filings.submitting import waits_for
from incidents.incident.strip import Strip
from incidents.organisations.roles import Action

Move = tuple[str, bool]
_NOBODYS: Final = ("Nobody's.", False)
_WITH_AGENCY: Final = (RecipientState.SUBMITTED, RecipientState.RECEIVED)


def strip_of(shown: ShownFiling, *, now: datetime) -> Strip:
    """Return the strip of the lab, or of the agency that reads its part."""
    happening, move, is_mine = (
        _of_lab(shown) if shown.seen.is_own else _of_agency(shown)
    )
    due, due_at = _due(shown, now)
    return Strip(
        happening, due, move, due_at, is_mine=is_mine, is_calm=move == _NOBODYS[0]
    )


def _of_lab(shown: ShownFiling) -> tuple[str, str, bool]:
    if shown.waits_for_nobody:
        return f"Nobody waits for version {shown.version.number}.", *_NOBODYS
    say, move = _LAB[FilingState(shown.seen.filing.state)]
    return (say(shown), *move(shown))


def _say_draft(shown: ShownFiling) -> str:
    returned = [
        one.row.name
        for one in shown.recipients
        if one.row.state == RecipientState.RETURNED
    ]
    if returned:
        return f"Returned by {', '.join(returned)}; a correction is being written."
    if shown.version.refusal:
        return f"Version {shown.version.number} was sent back by its reviewer."
    if shown.missing:
        count = len(shown.missing)
        return f"A draft; {count} required answer{'s are' if count > 1 else ' is'} missing."
    return "A draft with all answers that are required."


def _say_number(words: str) -> Callable[[ShownFiling], str]:
    return lambda shown: words.format(shown.version.number)


def _say_approved(shown: ShownFiling) -> str:
    has = [one for one in shown.recipients if one.row.version_id == shown.version.pk]
    if has:
        return f"{_listed(has)} has it; {_listed(_waiting(shown))} has not."
    return f"Version {shown.version.number} is approved. Nobody has it yet."


def _say_submitted(shown: ShownFiling) -> str:
    return "; ".join(
        f"{one.row.name}: {one.row.get_state_display().lower()}"
        for one in shown.recipients
    )


def _move_draft(shown: ShownFiling) -> Move:
    is_ready = not (shown.missing or shown.version.refusal or shown.version.approved_at)
    what = "send it to review" if is_ready else "write what is missing or wrong"
    return _labs(shown, Action.MANAGE, what)


def _move_review(shown: ShownFiling) -> Move:
    if shown.version.author_id == shown.seen.person.pk:
        return f"{shown.seen.side}: another person must approve it.", False
    return _labs(shown, Action.APPROVE, "read it, and approve it or send it back")


def _move_approved(shown: ShownFiling) -> Move:
    is_here = any(one.row.way == Way.HERE for one in _waiting(shown))
    what = "submit it" if is_here else "file it by hand, and record the reference"
    return _labs(shown, Action.SHARE, what)


def _move_submitted(shown: ShownFiling) -> Move:
    if shown.open_requests:
        return _labs(shown, Action.ANSWER, "answer the request for information")
    if RecipientState.RETURNED in {one.row.state for one in shown.recipients}:
        return _labs(shown, Action.MANAGE, "revise it by the remarks")
    waiting = [one.row for one in shown.recipients if one.row.state in _WITH_AGENCY]
    here = [row.name for row in waiting if row.way == Way.HERE]
    if here:
        return f"{' and '.join(here)}: deal with it.", False
    if waiting:
        return f"Nobody's here; {waiting[0].name} has it.", False
    return _NOBODYS


def _labs(shown: ShownFiling, action: Action, what: str) -> Move:
    is_mine = shown.seen.may(action)
    return f"{'Yours' if is_mine else shown.seen.side}: {what}.", is_mine


_LAB: Final[
    Mapping[
        FilingState, tuple[Callable[[ShownFiling], str], Callable[[ShownFiling], Move]]
    ]
] = {
    FilingState.DRAFT: (_say_draft, _move_draft),
    FilingState.IN_REVIEW: (
        _say_number("Version {} waits for its review."),
        _move_review,
    ),
    FilingState.APPROVED: (_say_approved, _move_approved),
    FilingState.SUBMITTED: (_say_submitted, _move_submitted),
    FilingState.WITHDRAWN: (
        lambda shown: "Withdrawn; it stays on record.",
        lambda shown: _NOBODYS,
    ),
}


def _of_agency(shown: ShownFiling) -> tuple[str, str, bool]:
    """Return what happens with the agency's part and whose move that makes it."""
    one = shown.recipients[-1]
    lab = one.row.organisation
    happening = f"{_PUNCTUAL[one.is_late]}. {one.row.get_state_display()}."
    if one.row.state in _WITH_AGENCY and not shown.open_requests:
        what = _NEXT[RecipientState(one.row.state)]
        is_mine = shown.seen.may(Action.TRIAGE)
        return happening, f"{'Yours' if is_mine else shown.seen.side}: {what}.", is_mine
    if shown.open_requests:
        return happening, f"{lab}: answer the request for information.", False
    if one.row.state == RecipientState.RETURNED:
        return happening, f"{lab}: correct it and send it again.", False
    return happening, *_NOBODYS


_PUNCTUAL: Final = {
    True: "It came late",
    False: "It came on time",
    None: "No date was known for it",
}
_NEXT: Final = {
    RecipientState.SUBMITTED: "give the receipt",
    RecipientState.RECEIVED: "accept it, return it with remarks, or ask",
}


def _due(shown: ShownFiling, now: datetime) -> tuple[str, datetime | None]:
    """Return the reader's own soonest duty about it, and when it is due if that is ahead."""
    found = _duties(shown)
    for one in shown.open_requests:
        if one.due_at:
            found.append((one.due_at, "An answer to the agency's request"))
    if not found:
        is_open = shown.seen.is_own and _unsent(shown)
        return "No date is known." if is_open else "Nothing by this law.", None
    at, what = min(found, key=lambda one: one[0])
    if is_overdue(at, at=now):
        return f"{what}: overdue since {at:%-d %b, %H:%M} UTC.", None
    return what, at


def _duties(shown: ShownFiling) -> list[tuple[datetime, str]]:
    """Return the open clocks of the reader's side under the laws of this filing.

    A lab's are those of what is not sent yet; an agency's what its law gives it.
    """
    seen = shown.seen
    clocks = StatutoryClock.objects.filter(
        incident=seen.filing.incident_id,
        organisation=seen.side,
        is_current=True,
        ended_at=None,
        due_operational__isnull=False,
    )
    if not seen.is_own:
        rows = clocks.filter(regime_id=shown.worked_on.regime_id)
        return [
            (at, "The agency's own answer")
            for row in rows
            if (at := row.due_operational)
        ]
    stages = {(one.row.regime_id, one.row.stage): one for one in _unsent(shown)}
    if not stages:
        return []
    rows = clocks.filter(regime_id__in={regime for regime, _ in stages})
    return [
        (at, f"{one.stage.name}, {one.row.name}")
        for row in rows
        if (one := stages.get((row.regime_id, row.stage)))
        and (at := row.due_operational)
    ]


def _unsent(shown: ShownFiling) -> list[ShownRecipient]:
    return [one for one in shown.recipients if one.row.submitted_at is None]


def _waiting(shown: ShownFiling) -> list[ShownRecipient]:
    """Return who is to get the newest version, for the first time or corrected."""
    return [one for one in shown.recipients if waits_for(one.row, shown.version)]


def _listed(rows: Sequence[ShownRecipient]) -> str:
    return ", ".join(one.row.name for one in rows)
