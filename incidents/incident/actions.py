"""List what the reader may do to an incident now; nothing that state or role forbids."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.forms import Form
from django.urls import reverse

from incidents.incident.action_forms import (
    AttachForm,
    CommentForm,
    MergeForm,
    ReasonForm,
    SeverityForm,
    ShareForm,
)
from incidents.incident.models import Status
from incidents.incident.panels import PageAction, Seen
from incidents.incident.strip import own_acknowledgement
from incidents.organisations.roles import Action


@dataclass(frozen=True, slots=True)
class Primary:
    """The one button that the reader should press."""

    label: str
    url: str
    style: str = "primary"


def primary_of(seen: Seen) -> Primary | None:
    """Return the acknowledge button while the reader's side has not acknowledged."""
    if seen.incident.is_closed or own_acknowledgement(seen):
        return None
    if seen.side_allowing(Action.ACKNOWLEDGE) is None:
        return None
    return Primary("Acknowledge", _url(seen, "acknowledge"))


def actions_of(seen: Seen) -> list[PageAction]:
    """Return the actions of this slice, the frequent ones first."""
    return [*_everyones(seen), *_owners(seen)]


def _everyones(seen: Seen) -> Iterator[PageAction]:
    side = seen.side_allowing(Action.COMMENT)
    if side is None:
        return
    yield PageAction(
        "comment",
        "Comment",
        _url(seen, "comment"),
        _form(seen, "comment", CommentForm),
        hint=f"Only {side} reads it, unless you choose otherwise.",
        button="Add the comment",
    )
    yield PageAction(
        "attach",
        "Attach a file",
        _url(seen, "attach"),
        _form(seen, "attach", AttachForm),
        hint="Kept with its SHA-256; opened only as a download.",
        button="Attach",
    )


def _owners(seen: Seen) -> Iterator[PageAction]:
    incident = seen.incident
    if incident.status == Status.RESOLVED and seen.may_as_owner(Action.MANAGE):
        yield _with_reason(
            seen, "reopen", "Reopen", "It is routed anew, as if just opened."
        )
    if incident.is_closed:
        return
    if seen.may_as_owner(Action.MANAGE):
        initial = {"severity": incident.severity}
        make = lambda: SeverityForm(auto_id="id_severity_%s", initial=initial)  # noqa: E731
        yield PageAction(
            "severity",
            "Change the severity",
            _url(seen, "severity"),
            seen.form("severity", make),
            hint="A higher one may page more people. It sets no legal clock.",
        )
    if seen.may_as_owner(Action.SHARE):
        yield from _share(seen)
    if seen.may_as_owner(Action.MANAGE):
        yield _with_reason(
            seen, "resolve", "Resolve", "Paging ends for everybody. It can be reopened."
        )
        yield _merge(seen)


def _share(seen: Seen) -> Iterator[PageAction]:
    def make() -> Form:
        return ShareForm(auto_id="id_share_%s", incident=seen.incident)

    form = seen.form("share", make)
    if not form.fields["agency"].queryset.exists():  # type: ignore[attr-defined]  # model choice
        return
    yield PageAction(
        "share",
        "Share with an agency",
        _url(seen, "share"),
        form,
        hint="They see title, description and what follows, not what was before.",
        button="Share",
    )


def _merge(seen: Seen) -> PageAction:
    def make() -> Form:
        return MergeForm(
            auto_id="id_merge_%s", person=seen.person, incident=seen.incident
        )

    return PageAction(
        "merge",
        "Merge into another",
        _url(seen, "merge"),
        seen.form("merge", make),
        hint="This one closes, its alerts move, and work goes on in the other. It cannot be undone.",
        button="Merge and close",
        style="danger",
    )


def _with_reason(seen: Seen, name: str, label: str, hint: str) -> PageAction:
    form = _form(seen, name, ReasonForm)
    return PageAction(name, label, _url(seen, name), form, hint=hint)


def _form(seen: Seen, name: str, kind: type[Form]) -> Form:
    form = seen.form(name, lambda: kind(auto_id=f"id_{name}_%s"))
    assert isinstance(form, Form)  # noqa: S101  only forms are put back
    return form


def _url(seen: Seen, name: str) -> str:
    return reverse(f"incident-{name}", args=[seen.incident.ref])
