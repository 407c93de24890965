"""What the reader may do to the escalation path on the incident's page, now."""

from collections.abc import Iterator
from dataclasses import asdict

from django.forms import Form
from django.urls import reverse

from escalation.runs.forms import PassOnForm, ReassignForm, SnoozeForm
from escalation.runs.models import LIVE, Run, RunState
from escalation.runs.passing_on import told_by
from incidents.incident.panels import PageAction, Seen
from incidents.models import Acknowledgement
from incidents.organisations.roles import Action


def path_actions(seen: Seen, run: Run) -> Iterator[PageAction]:
    """Yield passing on, acknowledging too, giving to others and snoozing."""
    side = seen.side_allowing(Action.ACKNOWLEDGE)
    is_over = seen.incident.is_closed or run.state not in LIVE
    if side is None or side.pk != run.organisation_id or is_over:
        return
    if run.state == RunState.ACTIVE:
        yield from _while_paging(seen, run)
    yield PageAction(
        "reassign",
        "Give it to somebody else",
        _url(seen, "reassign"),
        seen.form(
            "reassign",
            lambda: ReassignForm(auto_id="id_reassign_%s", organisation=side),
        ),
        hint="They are paged at once. If nobody acknowledges, the path goes on in 15 minutes.",
        button="Page them",
    )
    if run.state == RunState.SNOOZED:
        yield PageAction(
            "unsnooze",
            "End the snooze",
            _url(seen, "unsnooze"),
            Form(),
            hint="The path goes on at once.",
        )
    yield PageAction(
        "snooze",
        "Snooze",
        _url(seen, "snooze"),
        seen.form("snooze", lambda: SnoozeForm(auto_id="id_snooze_%s")),
        hint=f"Nobody of {side} is paged until then. An acknowledgement ends with it.",
        button="Snooze",
    )


def _while_paging(seen: Seen, run: Run) -> Iterator[PageAction]:
    given = Acknowledgement.objects.filter(
        incident=seen.incident, organisation=run.organisation_id, ended_at=None
    )
    if run.needs_several and not given.by(seen.person).exists():
        yield PageAction(
            "acknowledge",
            "Acknowledge too",
            _url(seen, "acknowledge"),
            Form(),
            hint="This policy wants more than one person to acknowledge.",
            button="Acknowledge",
        )
    yield PageAction(
        "pass-on",
        "I cannot: next, please",
        _url(seen, "pass-on"),
        seen.form(
            "pass-on",
            lambda: PassOnForm(auto_id="id_pass-on_%s", initial=asdict(told_by(run))),
        ),
        hint="The next step is taken at once. The record says that you passed it on.",
        button="Pass it on",
    )


def _url(seen: Seen, name: str) -> str:
    return reverse(f"incident-{name}", args=[seen.incident.ref])
