"""What a reader may do with a filing now: each act has its form, its role and its deed.

The page lists the acts that state and role allow; their addresses check both again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.forms import Form
from django.urls import reverse

from escalation.filings import (
    approval,
    by_hand,
    drafting,
    inquiries,
    passing_on,
    request_changes,
    request_forms,
)
from escalation.filings import forms as filing_forms
from escalation.filings.access import agency_actor, lab_actor
from escalation.filings.exchange_models import FilingRequest
from escalation.filings.models import FilingState, RecipientState, Way
from escalation.filings.reading import approved_versions
from escalation.filings.receiving import accept, receive, return_filing
from escalation.filings.showing import ShownFiling
from escalation.filings.submitting import OPEN, submit, waits_for
from incidents.events.actor import Actor
from incidents.incident.panels import PageAction
from incidents.models import User
from incidents.organisations.roles import Action


@dataclass(frozen=True, slots=True)
class Doing:
    """Who does it to what, when, with what was filled in."""

    shown: ShownFiling
    user: User
    now: datetime
    given: dict[str, Any]

    def by(self, actor: Actor) -> dict[str, Any]:
        """Return the arguments of who and when."""
        return {"user": self.user, "actor": actor, "now": self.now}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do. `is_open` says whether the state allows it."""

    label: str
    action: Action
    is_labs: bool
    is_open: Callable[[ShownFiling], bool]
    form: Callable[..., Form]
    run: Callable[[Doing, Actor], object]
    hint: str = ""
    button: str = ""
    style: str = "primary"

    def actor(self, doing: Doing) -> Actor:
        """Return who acts. Raises Http404, NotAllowed."""
        if self.is_labs:
            return lab_actor(doing.shown.seen, self.action)
        return agency_actor(doing.shown.seen, self.action)[1]


def page_actions(shown: ShownFiling, bound: dict[str, Form]) -> Iterator[PageAction]:
    """Yield what the reader may do now, the usual next step first."""
    for name, act in ACTS.items():
        if act.is_labs != shown.seen.is_own or not act.is_open(shown):
            continue
        if not shown.seen.may(act.action):
            continue
        yield PageAction(
            name,
            act.label,
            _address(name, shown),
            bound.get(name) or act.form(shown, auto_id=f"id_{name}_%s"),
            hint=act.hint,
            button=act.button,
            style=act.style,
        )


def _address(name: str, shown: ShownFiling) -> str:
    """Return where it is done; an agency's names the part that its page showed."""
    url = reverse(f"filing-{name}", args=[shown.seen.filing.ref])
    if shown.seen.is_own:
        return url
    return f"{url}?{urlencode({'part': shown.worked_on.key})}"


def _in(*states: FilingState) -> Callable[[ShownFiling], bool]:
    return lambda shown: shown.seen.filing.state in states


def _at_agency(*states: RecipientState) -> Callable[[ShownFiling], bool]:
    return lambda shown: shown.worked_on.state in states


def _may_ask_review(shown: ShownFiling) -> bool:
    is_draft = shown.seen.filing.state == FilingState.DRAFT
    return is_draft and not shown.missing and shown.version.approved_at is None


def _may_submit(shown: ShownFiling) -> bool:
    return shown.seen.filing.state == FilingState.APPROVED and any(
        one.row.way == Way.HERE and waits_for(one.row, shown.version)
        for one in shown.recipients
    )


def _may_file_by_hand(shown: ShownFiling) -> bool:
    filing = shown.seen.filing
    is_open = filing.state not in (FilingState.SUBMITTED, FilingState.WITHDRAWN)
    return is_open and bool(_by_hand(shown)) and bool(approved_versions(filing))


def _may_revise(shown: ShownFiling) -> bool:
    states = {FilingState.IN_REVIEW}
    if any(one.row.state in OPEN for one in shown.recipients):
        states |= {FilingState.APPROVED, FilingState.SUBMITTED}
    return shown.seen.filing.state in states


def _may_withdraw(shown: ShownFiling) -> bool:
    is_sent = any(one.row.submitted_at for one in shown.recipients)
    return not is_sent and shown.seen.filing.state != FilingState.WITHDRAWN


def _by_hand(shown: ShownFiling) -> list[Any]:
    return [
        one.row
        for one in shown.recipients
        if one.row.way == Way.BY_HAND and one.row.state == RecipientState.PREPARED
    ]


def _plain(kind: type[Form]) -> Callable[..., Form]:
    return lambda shown, *args, **more: kind(*args, **more)


def _of_version(kind: type[Form]) -> Callable[..., Form]:
    def make(shown: ShownFiling, *args: Any, **more: Any) -> Form:
        initial = {"version": shown.version.number}
        return kind(*args, **{**more, "initial": initial})

    return make


def _by_hand_form(shown: ShownFiling, *args: Any, **more: Any) -> Form:
    versions = approved_versions(shown.seen.filing)
    return filing_forms.ByHandForm(
        *args, recipients=_by_hand(shown), versions=versions, **more
    )


def _run_by_hand(doing: Doing, actor: Actor) -> object:
    given = doing.given
    receipt = by_hand.PortalReceipt(
        key=given["recipient"],
        reference=given["reference"],
        submitted_at=given["submitted_at"],
        upload=given["file"],
        filename=given["file"].name,
        version=given.get("version"),
    )
    return by_hand.record_by_hand(doing.shown.seen.filing, receipt, **doing.by(actor))


def _run_answer(doing: Doing, actor: Actor) -> object:
    is_part = doing.given["is_partial"]
    act = inquiries.answer_in_part if is_part else inquiries.answer_request
    return act(_asked(doing), text=doing.given["text"], **doing.by(actor))


def _run_on_request(run: Callable[..., object]) -> Callable[[Doing, Actor], object]:
    def act(doing: Doing, actor: Actor) -> object:
        said = {k: v for k, v in doing.given.items() if k != "request"}
        return run(_asked(doing), **said, **doing.by(actor))

    return act


def _asked(doing: Doing) -> FilingRequest:
    """Return the request that was chosen, which the form found among the open ones."""
    rows = FilingRequest.objects.select_related("recipient__filing", "organisation")
    return rows.get(pk=doing.given["request"])


def _on_open_request(
    kind: type[request_forms.OpenRequestForm],
) -> Callable[..., Form]:
    return lambda shown, *args, **more: kind(
        *args, requests=shown.open_requests, **more
    )


def _has_open_request(shown: ShownFiling) -> bool:
    return bool(shown.open_requests)


def _run_transfer(doing: Doing, actor: Actor) -> object:
    wanted = passing_on.Transfer(**doing.given)
    return passing_on.transfer(_mine(doing), wanted, **doing.by(actor))


def _mine(doing: Doing) -> Any:
    return doing.shown.worked_on


def _lab(run: Callable[..., object], *, names_user: bool) -> Callable[..., object]:
    def act(doing: Doing, actor: Actor) -> object:
        who = doing.by(actor)
        if not names_user:
            who.pop("user")
        return run(doing.shown.seen.filing, **doing.given, **who)

    return act


def _agency(run: Callable[..., object]) -> Callable[..., object]:
    return lambda doing, actor: run(_mine(doing), **doing.given, **doing.by(actor))


_IN_WORK: Final = (RecipientState.SUBMITTED, RecipientState.RECEIVED)

ACTS: Final[dict[str, Act]] = {
    "review": Act(
        "Send it to review",
        Action.MANAGE,
        True,
        _may_ask_review,
        _plain(filing_forms.EmptyForm),
        _lab(approval.ask_review, names_user=False),
        hint="Another person than its author approves it.",
    ),
    "approve": Act(
        "Approve it",
        Action.APPROVE,
        True,
        _in(FilingState.IN_REVIEW),
        _of_version(filing_forms.ReadVersionForm),
        _lab(approval.approve, names_user=True),
        hint="You have read this version, and did not write it.",
    ),
    "refuse": Act(
        "Send it back",
        Action.APPROVE,
        True,
        _in(FilingState.IN_REVIEW),
        _of_version(filing_forms.RefuseForm),
        _lab(approval.refuse, names_user=True),
    ),
    "submit": Act(
        "Submit it",
        Action.SHARE,
        True,
        _may_submit,
        _plain(filing_forms.EmptyForm),
        _lab(submit, names_user=True),
        hint="Each agency gets its part, and sees the incident. It cannot be undone.",
    ),
    "by-hand": Act(
        "Record what was filed by hand",
        Action.SHARE,
        True,
        _may_file_by_hand,
        _by_hand_form,
        _run_by_hand,
        hint="The clock stops with the portal's reference and receipt, not before.",
        button="Record it",
    ),
    "answer": Act(
        "Answer a request",
        Action.ANSWER,
        True,
        _has_open_request,
        _on_open_request(request_forms.AnswerForm),
        _run_answer,
        button="Send the answer",
    ),
    "revise": Act(
        "Revise it",
        Action.MANAGE,
        True,
        _may_revise,
        _plain(filing_forms.EmptyForm),
        _lab(drafting.revise, names_user=False),
        hint="A draft again: write another version, have it approved. No clock moves.",
        style="plain",
    ),
    "withdraw": Act(
        "Withdraw it",
        Action.MANAGE,
        True,
        _may_withdraw,
        _plain(filing_forms.WithdrawForm),
        _lab(drafting.withdraw, names_user=False),
        hint="Nobody has it yet. It stays on record.",
        style="danger",
    ),
    "receive": Act(
        "Give the receipt",
        Action.TRIAGE,
        False,
        _at_agency(RecipientState.SUBMITTED),
        _plain(filing_forms.EmptyForm),
        _agency(receive),
        hint="The lab gets a receipt number and the time.",
    ),
    "accept": Act(
        "Accept it",
        Action.TRIAGE,
        False,
        _at_agency(*_IN_WORK),
        _of_version(filing_forms.AcceptForm),
        _agency(accept),
        hint="Nothing more is wanted of this report.",
    ),
    "return": Act(
        "Return it with remarks",
        Action.TRIAGE,
        False,
        _at_agency(*_IN_WORK),
        lambda shown, *args, **more: _of_version(filing_forms.ReturnForm)(
            shown, *args, sections=shown.sections, **more
        ),
        _agency(return_filing),
        hint="The lab corrects it and sends it again; its clock does not move.",
        button="Return it",
    ),
    "ask": Act(
        "Ask for information",
        Action.TRIAGE,
        False,
        _at_agency(*_IN_WORK, RecipientState.RETURNED, RecipientState.ACCEPTED),
        _plain(filing_forms.AskForm),
        _agency(inquiries.request_information),
        hint="The lab's desk is told, and a clock of the lab runs until it answers.",
        button="Send the request",
    ),
    "move-request": Act(
        "Change when an answer is due",
        Action.TRIAGE,
        False,
        _has_open_request,
        _on_open_request(request_forms.MoveRequestForm),
        _run_on_request(request_changes.move_request),
        hint="Later or earlier. The former date stays on record.",
        button="Set this date",
        style="plain",
    ),
    "withdraw-request": Act(
        "Withdraw a request",
        Action.TRIAGE,
        False,
        _has_open_request,
        _on_open_request(request_forms.WithdrawRequestForm),
        _run_on_request(request_changes.withdraw_request),
        hint="No answer is wanted any more: the lab's clock ends.",
        button="Withdraw it",
        style="danger",
    ),
    "transfer": Act(
        "Transfer it",
        Action.TRIAGE,
        False,
        _at_agency(*_IN_WORK, RecipientState.RETURNED),
        lambda shown, *args, **more: filing_forms.TransferForm(
            *args, agency=shown.seen.side, **more
        ),
        _run_transfer,
        hint="An agency here gets it at once if the lab shares the incident with it.",
        style="danger",
    ),
}
