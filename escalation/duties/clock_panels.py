"""What statutory clocks add to the pages of an incident and of its legal duties."""

from collections.abc import Sequence
from typing import Any, Final

from escalation.duties.models import StatutoryClock, Verdict
from escalation.duties.page import Duties, Section
from escalation.duties.requests import is_request
from escalation.duties.showing import GROUPS, ShownDuty, shown_duties
from incidents.incident.panels import Part, Seen
from incidents.organisations.roles import Action

# On the incident's own page; all stand on the page of its legal duties.
SOONEST: Final = 4


def duty_clocks_section(duties: Duties) -> Section:
    """Return by when the organisation's reports are due, with their whole history."""
    found = shown_duties(duties.incident.pk, [duties.side.pk], duties.seen.now)
    newer = {one.clock.pk for one in found if _is_outdated(one, duties)}
    may = duties.may(Action.DUTIES)
    context = {
        "groups": _grouped(found),
        "incident": duties.incident,
        "side": duties.side,
        "newer": newer if may else set(),
        "may_note": may,
        **_decided(duties),
    }
    title = "Due from the authority" if duties.side.is_agency else "Due to authorities"
    return Section("due", title, "escalation/duties/_clocks.html", context)


def _decided(duties: Duties) -> dict[str, set[str]]:
    """Return the laws of which two people have decided, left it open, or one decided.

    A clock that runs to be safe says so in other words than where nobody did.
    """
    confirmed: dict[str, str] = {}
    for row in duties.decisions:
        if row.confirmed_at:
            confirmed.setdefault(row.regime_id, row.verdict)
    waiting = [row for row in duties.decisions if row.is_current]
    return {
        "decided": {
            name for name, said in confirmed.items() if said != Verdict.UNDECIDED
        },
        "left_open": {
            name for name, said in confirmed.items() if said == Verdict.UNDECIDED
        },
        "unconfirmed": {
            row.regime_id
            for row in waiting
            if not row.confirmed_at and row.verdict != Verdict.UNDECIDED
        },
    }


def duty_clocks_panel(seen: Seen) -> Part:
    """Return the reports that are due now, for the incident's own page."""
    found = shown_duties(seen.incident.pk, seen.side_ids, seen.now)
    due = [one for one in found if one.group in GROUPS[:2]]
    waiting = sum(one.group == GROUPS[2] for one in found)
    context = {
        "duty_clocks": due[:SOONEST],
        "duties_later": len(due[SOONEST:]),
        "duties_waiting": waiting,
    }
    return Part(context=context)


def duty_clocks_mark(seen: Seen) -> str:
    """Return what changes with the statutory clocks: states and due instants."""
    rows = StatutoryClock.objects.filter(
        incident=seen.incident, organisation__in=seen.side_ids
    )
    states = rows.order_by("pk").values_list(
        "state", "is_provisional", "due_operational"
    )
    return ".".join(
        f"{state[:2]}{is_provisional:d}{at.timestamp() if at else 0:.0f}"
        for state, is_provisional, at in states
    )


def _is_outdated(shown: ShownDuty, duties: Duties) -> bool:
    """Tell whether a decided clock runs by a former text of its law."""
    clock = shown.clock
    if is_request(clock.stage):
        return False
    current = duties.regimes.get(clock.regime_id)
    is_other = current is not None and current.digest != clock.regime_digest
    return is_other and clock.is_open and not clock.is_provisional


def _grouped(found: Sequence[ShownDuty]) -> list[dict[str, Any]]:
    groups = [
        {"name": group, "duties": [one for one in found if one.group == group]}
        for group in GROUPS
    ]
    return [group for group in groups if group["duties"]]
