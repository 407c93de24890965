"""What escalation adds to the incident's page, the page after filing and the first page."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from escalation.notifications.models import ContactMethod, Notification
from escalation.notifications.panels import shown_notifications
from escalation.policies.models import Policy
from escalation.policies.steps import parse_policy
from escalation.runs.ladder import Ladder, Rung, ladder_of
from escalation.runs.lookup import runs_for
from escalation.runs.models import Run, RunState
from escalation.runs.page_actions import path_actions
from incidents.incident.home import SECTION_ROWS, HomePart, HomeSection, Warned
from incidents.incident.panels import Due, Move, PageAction, Part, Seen
from incidents.incident.strip import own_acknowledgement
from incidents.models import Acknowledgement, Incident, Organisation, Pending, User
from incidents.organisations.roles import Action, organisations_allowing

# The consumer that routes; while one of its rows waits, nothing is known yet.
ROUTER: Final = "router"
_NAMES_SHOWN: Final = 3
# Nobody is paged any more by a path of which a run is in one of these states.
_SILENT: Final = (RunState.ACKNOWLEDGED, RunState.SNOOZED, RunState.STOPPED)
# After the first acknowledgement, before what may wait.
_TOO_RANK: Final = 1


class EscalateForm(forms.Form):
    """Which policy to start."""

    policy = forms.ModelChoiceField(
        Policy.objects.none(), to_field_name="slug", empty_label=None
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["policy"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  declared above
        field.queryset = Policy.objects.filter(
            organisation=organisation, archived_at=None
        )


def ladder_panel(seen: Seen) -> Part:
    """Return the path of the reader's own organisation, and starting one by hand."""
    runs = runs_for(seen.incident.pk, seen.side_ids)
    if not runs:
        return Part(context={"ladder": None}, actions=_escalate(seen))
    run = runs[0]
    ladder = _ladder(run, seen.now)
    # The run hears of an acknowledgement a moment later; nothing is paged meanwhile.
    is_pausing = (
        run.state == RunState.ACTIVE
        and not run.needs_several
        and own_acknowledgement(seen) is not None
    )
    due = None if is_pausing else _due(run, ladder)
    actions = (*path_actions(seen, run), *_escalate(seen))
    is_wanted = any(action.name == "acknowledge" for action in actions)
    move = Move("Yours: acknowledge it too.", rank=_TOO_RANK) if is_wanted else None
    return Part(context={"ladder": ladder}, actions=actions, due=due, move=move)


def filed_panel(seen: Seen) -> Part:
    """Return whether routing has spoken, who is paged and what is due."""
    waiting = Pending.objects.filter(consumer=ROUTER, incident=seen.incident)
    runs = runs_for(seen.incident.pk, seen.side_ids)
    is_routed = bool(runs) or not waiting.exists()
    due = _due(runs[0], _ladder(runs[0], seen.now)) if runs else None
    return Part(
        context={
            "is_routed": is_routed,
            "reason": runs[0].reason if runs else "No route leads to a policy.",
            "paged": shown_notifications(seen),
            "due": [{"label": due.text, "at": due.at}] if due else [],
        }
    )


def paged_part(person: User, now: datetime) -> HomePart:
    """Return what pages this person now, and whether they can be paged at all."""
    rows = _paging(person)
    incidents = list(rows.order_by("-severity", "-opened_at")[:SECTION_ROWS])
    section = HomeSection("Paging you now", incidents, "Nothing pages you.")
    return HomePart(
        sections=[section] if incidents else [], warnings=_unreachable(person)
    )


def _ladder(run: Run, now: datetime) -> Ladder:
    url = reverse("policy-detail", args=[run.version.policy_id])
    policy_url = f"{url}?version={run.version.number}"
    return ladder_of(run, policy_url=policy_url, now=now)


def _due(run: Run, ladder: Ladder) -> Due | None:
    if run.state == RunState.ACKNOWLEDGED:
        return _acknowledgement_ends(run)
    if run.state == RunState.SNOOZED:
        return Due("Snoozed: the path goes on.", run.snoozed_until)
    if run.state != RunState.ACTIVE or run.next_due_at is None:
        return None
    coming = ladder.coming
    told = _told(coming) if coming else "The path ends; nobody else is notified."
    return Due(told, run.next_due_at, ", ".join(ladder.waited_for))


def _told(coming: Rung) -> str:
    """Say in a few words what comes; the ladder has the step's whole sentence."""
    if not coming.names:
        return f"{coming.sentence}."
    shown = list(coming.names[:_NAMES_SHOWN])
    if rest := len(coming.names) - len(shown):
        shown.append(f"{rest} more")
    who = " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
    return f"{who} {'is' if len(coming.names) == 1 else 'are'} notified."


def _acknowledgement_ends(run: Run) -> Due | None:
    minutes = parse_policy(run.version.body).ack_timeout_minutes
    rows = Acknowledgement.objects.filter(
        incident=run.incident_id, organisation=run.organisation_id, ended_at=None
    )
    # Of several people's the newest counts for all.
    row = rows.order_by("-at").first()
    if minutes is None or row is None:
        return None
    return Due("Paging goes on unless resolved", row.at + timedelta(minutes=minutes))


def _escalate(seen: Seen) -> tuple[PageAction, ...]:
    side = seen.side_allowing(Action.MANAGE)
    if side is None or seen.incident.is_closed:
        return ()
    organisation = side

    def make() -> EscalateForm:
        return EscalateForm(auto_id="id_escalate_%s", organisation=organisation)

    if not Policy.objects.filter(organisation=side, archived_at=None).exists():
        return ()
    return (
        PageAction(
            "escalate",
            "Escalate by hand",
            reverse("incident-escalate", args=[seen.incident.ref]),
            seen.form("escalate", make),
            hint="Starts the policy from its first step, also if somebody acknowledged.",
            button="Start paging",
        ),
    )


def _paging(person: User) -> Any:
    """Return open incidents of which a run told this person, and that nobody has yet.

    Where the run wants several people's acknowledgements, it is the person's own that
    counts. A run that was handed over has not fallen silent.
    """
    standing = Acknowledgement.objects.filter(
        incident=OuterRef("incident"),
        organisation=OuterRef("organisation"),
        ended_at=None,
    )
    silent = Run.objects.filter(
        ~Exists(Run.objects.filter(continues=OuterRef("pk"))),
        incident=OuterRef("incident"),
        organisation=OuterRef("organisation"),
        # This one, or the one to which its path led.
        pk__gte=OuterRef("run"),
        state__in=_SILENT,
    )
    told = Notification.objects.filter(
        Q(~Exists(standing), run__needs_several=False)
        | Q(~Exists(standing.by(person)), run__needs_several=True),
        ~Exists(silent),
        recipient_user=person,
        purpose__in=("page", "fallback"),
    )
    visible = Incident.objects.visible_to(person).active()
    return visible.filter(pk__in=told.values("incident")).select_related("organisation")


def _unreachable(person: User) -> list[Warned]:
    if not organisations_allowing(person, Action.ACKNOWLEDGE):
        return []
    if ContactMethod.objects.usable().filter(user=person).exists():
        return []
    text = "A step that should page you is skipped. Add and verify an address in your account."
    return [Warned("Nobody can page you.", text)]
