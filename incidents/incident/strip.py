"""Say what is happening, what is due and whose move it is, in three short sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from incidents.incident.models import Acknowledgement, Status
from incidents.incident.panels import Due, Move, Part, Seen
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action

ACKNOWLEDGE_RANK = 0
_NOTHING_DUE = Due("Nothing is due.")


@dataclass(frozen=True, slots=True)
class Strip:
    """The first thing that a tired reader looks at."""

    happening: str
    due: str
    move: str
    due_at: datetime | None = None
    is_mine: bool = False
    is_calm: bool = False


def strip_of(seen: Seen, parts: Sequence[Part]) -> Strip:
    """Return the strip for this reader."""
    incident = seen.incident
    if incident.status == Status.MERGED:
        return Strip(
            "Closed: merged into another.", "Nothing.", "Nobody's.", is_calm=True
        )
    due = next((part.due for part in parts if part.due), None)
    moves = [part.move for part in parts if part.move]
    if incident.status == Status.RESOLVED:
        return _resolved(due, moves)
    acknowledged = own_acknowledgement(seen)
    due = due or _NOTHING_DUE
    move = min([_own_move(seen, acknowledged, due), *moves], key=_urgency)
    return Strip(
        happening=_happening(seen, acknowledged),
        due=due.text,
        due_at=due.at,
        move=move.text,
        is_mine=move.is_mine,
    )


def _resolved(due: Due | None, moves: Sequence[Move]) -> Strip:
    """Return the strip of what is over; what laws want of it may still be due."""
    happening = "Resolved. Nobody is paged."
    if due is None and not moves:
        return Strip(happening, "Nothing.", "Nobody's.", is_calm=True)
    move = min(moves, key=_urgency, default=Move("Nobody's.", rank=0, is_mine=False))
    due = due or _NOTHING_DUE
    return Strip(happening, due.text, move.text, due_at=due.at, is_mine=move.is_mine)


def _urgency(move: Move) -> tuple[bool, int]:
    # What the reader can do counts before what others must.
    return not move.is_mine, move.rank


def own_acknowledgement(seen: Seen) -> Acknowledgement | None:
    """Return the acknowledgement that stands for one of the reader's sides."""
    rows = seen.incident.acknowledgements.filter(
        organisation__in=seen.side_ids, ended_at=None
    )
    return rows.select_related("user", "organisation").order_by("pk").first()


def _happening(seen: Seen, acknowledged: Acknowledgement | None) -> str:
    cleared = " All its alerts have cleared." if seen.incident.is_all_clear else ""
    if acknowledged:
        who = acknowledged.user or acknowledged.organisation
        return f"{who} is on it since {acknowledged.at:%H:%M} UTC.{cleared}"
    return f"Nobody at {_side(seen)} has acknowledged it.{cleared}"


def _own_move(seen: Seen, acknowledged: Acknowledgement | None, due: Due) -> Move:
    side = _side(seen)
    if acknowledged:
        is_mine = acknowledged.user_id == seen.person.pk
        who = (
            "Yours" if is_mine else str(acknowledged.user or acknowledged.organisation)
        )
        rest = ": work on it, then resolve it." if seen.is_owner and is_mine else "."
        return Move(f"{who}{rest}", rank=50, is_mine=False)
    if seen.side_allowing(Action.ACKNOWLEDGE):
        return Move("Yours: acknowledge it.", rank=ACKNOWLEDGE_RANK)
    waited_for = f": {due.who}" if due.who else ""
    return Move(f"{side}{waited_for}.", rank=ACKNOWLEDGE_RANK, is_mine=False)


def _side(seen: Seen) -> Organisation:
    return seen.sides[0]
