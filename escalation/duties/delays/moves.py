"""Say whose move an unsettled extension is, for the strip of the page of duties."""

from typing import TYPE_CHECKING

from escalation.duties.delays.lookup import visible_extensions
from escalation.duties.delays.models import UNSETTLED, Extension, ExtensionState
from incidents.organisations.roles import Action

if TYPE_CHECKING:
    from escalation.duties.page import Duties


def move_about_extensions(duties: "Duties") -> tuple[str, bool] | None:
    """Return whose move it is and whether it is the reader's; None where all is settled.

    In one statement.
    """
    rows = visible_extensions(duties.incident, [duties.side])
    waiting = rows.filter(state__in=UNSETTLED).select_related("author", "organisation")
    found = [_move(duties, row) for row in waiting.order_by("pk")]
    return next((one for one in found if one[1]), found[0] if found else None)


def _move(duties: "Duties", row: Extension) -> tuple[str, bool]:
    side, may = duties.side, duties.may(Action.APPROVE)
    if row.state == ExtensionState.RECORDED:
        if may and row.author_id != duties.person.pk:
            return f"Yours: confirm the extension that {row.author} recorded.", True
        return f"{side}: a second person must confirm an extension.", False
    if side.pk == row.agency_id:
        asks = f"{row.organisation}, which asks for more time"
        return f"{'Yours' if may else side}: answer {asks}.", may
    return f"{row.granted_by}: answer whether it gives more time.", False
