"""Delays on the page of duties: what each law knows, what was told, asked and granted."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.forms import BaseForm, Form
from django.urls import reverse

from escalation.duties.delays.extensions import why_not_to_confirm
from escalation.duties.delays.forms import (
    AskForm,
    GrantForm,
    NoticeForm,
    RecordForm,
    RefuseForm,
    WithdrawExtensionForm,
)
from escalation.duties.delays.law import is_past
from escalation.duties.delays.lookup import visible_extensions, visible_notices
from escalation.duties.delays.models import (
    IN_FORCE,
    LIVE,
    DelayNotice,
    Extension,
    ExtensionState,
)
from escalation.duties.models import StatutoryClock
from escalation.duties.naming import Names
from escalation.duties.page import Duties, Section
from escalation.regimes.regime import Delay, DelayKind, Grant
from escalation.regimes.words import delay_words
from incidents.models import Organisation, OrganisationKind
from incidents.organisations.roles import Action

_TEMPLATE: Final = "escalation/duties/_delays.html"


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that the reader may do: its form, where it goes, and its words."""

    form: BaseForm
    url: str
    title: str
    label: str


@dataclass(frozen=True, slots=True)
class ExtensionRow:
    """One extension, and what the reader may do about it."""

    row: Extension
    offers: Sequence[Offer] = ()
    confirm: Offer | None = None
    why_not: str = ""

    @property
    def status(self) -> str:
        """A code of `_components/status.html`."""
        if self.row.state in IN_FORCE:
            return "decided"
        return "waiting" if self.row.state in LIVE else "closed"


@dataclass(frozen=True, slots=True)
class DelayRow:
    """One report that may come later, for the reader's side."""

    clock: StatutoryClock
    name: str
    notice: Delay | None
    extension: Delay | None
    notices: Sequence[DelayNotice]
    extensions: Sequence[ExtensionRow]
    offers: Sequence[Offer] = ()
    is_too_late: bool = False

    @property
    def laws(self) -> list[tuple[Delay, str]]:
        """What the law knows, each with what it does to a date."""
        known = (self.notice, self.extension)
        return [(one, delay_words(one)) for one in known if one]


def delays_section(duties: Duties) -> Section | None:
    """Return the section; None for who has no dated report and was told nothing."""
    sides = [duties.side]
    people = ("author", "confirmed_by", "answered_by", "agency", "organisation")
    extensions = list(
        visible_extensions(duties.incident, sides)
        .select_related("clock", "document", *people)
        .order_by("clock", "number", "pk")
    )
    notices = list(
        visible_notices(duties.incident, sides)
        .select_related("clock", "author", "agency", "organisation")
        .order_by("pk")
    )
    clocks = _clocks(duties, [*extensions, *notices])
    if not clocks:
        return None
    names, make = Names.load(clocks), _Offers(duties, _agencies(duties))
    rows = [
        _row(
            make,
            clock,
            names,
            [one for one in notices if one.clock_id == clock.pk],
            [one for one in extensions if one.clock_id == clock.pk],
        )
        for clock in clocks
    ]
    shown = [row for row in rows if row.laws or row.notices or row.extensions]
    without = [row.name for row in rows if row not in shown]
    context = {
        "rows": shown,
        "without": without,
        "is_own": not duties.side.is_agency,
        "side": duties.side,
    }
    return Section("delays", "Later than the limit", _TEMPLATE, context)


def _clocks(
    duties: Duties, told: Iterable[DelayNotice | Extension]
) -> list[StatutoryClock]:
    """Return the side's dated open clocks, and those about which something was told."""
    found = {one.clock_id: one.clock for one in told}
    if duties.side.is_agency:
        return [found[pk] for pk in sorted(found)]
    own = StatutoryClock.objects.filter(
        incident=duties.incident,
        organisation=duties.side,
        ended_at=None,
        due_operational__isnull=False,
    )
    found |= {clock.pk: clock for clock in own}
    return [found[pk] for pk in sorted(found)]


def _row(
    make: "_Offers",
    clock: StatutoryClock,
    names: Names,
    notices: Sequence[DelayNotice],
    extensions: Sequence[Extension],
) -> DelayRow:
    duties, regime = make.duties, names.regime_of(clock)
    notice = regime.delay(clock.stage, DelayKind.NOTICE) if regime else None
    extension = regime.delay(clock.stage, DelayKind.EXTENSION) if regime else None
    row = DelayRow(
        clock=clock,
        name=names.name_of(clock),
        notice=notice,
        extension=extension,
        notices=notices,
        extensions=_extension_rows(make, extensions),
    )
    is_open = clock.is_open and clock.due_operational is not None
    if not is_open or not duties.may(Action.DUTIES) or duties.side.is_agency:
        return row
    latest = clock.due_statutory_latest or clock.due_operational
    is_past_limit = latest is not None and is_past(latest, duties.seen.now)
    offers = _own_offers(make, row, extensions)
    return replace(
        row,
        offers=offers,
        is_too_late=bool(notice and notice.is_before_limit and is_past_limit),
    )


def _own_offers(
    make: "_Offers", row: DelayRow, extensions: Sequence[Extension]
) -> list[Offer]:
    clock, offers = row.clock, []
    if row.notice:
        offers.append(make.notice(clock))
    if row.extension and (grant := _next_grant(row.extension, extensions)):
        if grant.is_by_recipient:
            offers.append(make.ask(clock))
        offers.append(make.record(clock, grant))
    return offers


def _next_grant(law: Delay, extensions: Sequence[Extension]) -> Grant | None:
    """Return the next of the series; None while one is unsettled, or when all are used."""
    live = [one for one in extensions if one.state in LIVE]
    if any(one.state not in IN_FORCE for one in live) or len(live) >= len(law.grants):
        return None
    return law.grants[len(live)]


def _extension_rows(
    make: "_Offers", extensions: Sequence[Extension]
) -> list[ExtensionRow]:
    live = [one.number for one in extensions if one.state in LIVE]
    last = max(live, default=0)
    return [_extension_row(make, one, is_last=one.number == last) for one in extensions]


def _extension_row(make: "_Offers", row: Extension, *, is_last: bool) -> ExtensionRow:
    duties, side = make.duties, make.duties.side
    may_confirm = duties.may(Action.APPROVE) and side.pk == row.organisation_id
    offers = []
    if row.state == ExtensionState.REQUESTED and side.pk == row.agency_id:
        if duties.may(Action.APPROVE):
            offers = [make.grant(row), make.refuse(row)]
    elif row.state in LIVE and is_last and _may_withdraw(duties, row):
        offers = [make.withdraw(row)]
    shown = ExtensionRow(row, offers)
    if row.state != ExtensionState.RECORDED or not may_confirm:
        return shown
    why_not = why_not_to_confirm(row, duties.person)
    if why_not:
        return replace(shown, why_not=why_not)
    return replace(shown, confirm=make.confirm(row))


def _may_withdraw(duties: Duties, row: Extension) -> bool:
    if row.state == ExtensionState.GRANTED:
        return duties.side.pk == row.agency_id and duties.may(Action.APPROVE)
    return duties.side.pk == row.organisation_id and duties.may(Action.DUTIES)


@dataclass(frozen=True, slots=True)
class _Offers:
    """Makes the forms of the section; one that came back with errors is kept."""

    duties: Duties
    agencies: Sequence[tuple[str, str]]

    def notice(self, clock: StatutoryClock) -> Offer:
        first = {"agency": self.agencies[0][0]} if self.agencies else {}
        return self._of(
            "duties-delay-notice",
            clock.pk,
            lambda auto_id: NoticeForm(
                agencies=self.agencies, auto_id=auto_id, initial=first
            ),
            "Notify a delay",
            "Notify it",
        )

    def ask(self, clock: StatutoryClock) -> Offer:
        return self._of(
            "duties-extension-ask",
            clock.pk,
            lambda auto_id: AskForm(agencies=self.agencies, auto_id=auto_id),
            "Ask an agency on this instance for more time",
            "Ask for it",
        )

    def record(self, clock: StatutoryClock, grant: Grant) -> Offer:
        return self._of(
            "duties-extension-record",
            clock.pk,
            lambda auto_id: RecordForm(grant=grant, auto_id=auto_id),
            f"Record an extension by {grant.by}",
            "Record it",
        )

    def confirm(self, row: Extension) -> Offer:
        return self._of(
            "duties-extension-confirm", row.pk, _nothing, "Confirm", "Confirm it"
        )

    def withdraw(self, row: Extension) -> Offer:
        return self._of(
            "duties-extension-withdraw",
            row.pk,
            lambda auto_id: WithdrawExtensionForm(auto_id=auto_id),
            "Take it back",
            "Take it back",
        )

    def grant(self, row: Extension) -> Offer:
        asked = row.asked_until
        initial = {"until": asked.replace(tzinfo=None)} if asked else {}
        return self._of(
            "duties-extension-grant",
            row.pk,
            lambda auto_id: GrantForm(auto_id=auto_id, initial=initial),
            "Grant it",
            "Grant it",
        )

    def refuse(self, row: Extension) -> Offer:
        return self._of(
            "duties-extension-refuse",
            row.pk,
            lambda auto_id: RefuseForm(auto_id=auto_id),
            "Refuse it",
            "Refuse it",
        )

    def _of(
        self, name: str, pk: int, make: Callable[[str], Form], title: str, label: str
    ) -> Offer:
        form = self.duties.form(f"{name}-{pk}", lambda: make(id_of(name, pk)))
        url = reverse(name, args=[self.duties.incident.ref, pk])
        return Offer(form, url, title, label)


def _nothing(auto_id: str) -> Form:
    return Form(auto_id=auto_id)


def id_of(name: str, pk: int) -> str:
    """Return how the fields of a form of this section are called on the page."""
    return f"id_{name.replace('-', '_')}_{pk}_%s"


def _agencies(duties: Duties) -> list[tuple[str, str]]:
    """Return the agencies to choose from, those that see the incident first."""
    shares = duties.incident.shares.filter(unshared_at=None)
    seeing = set(shares.values_list("agency__slug", flat=True))
    return sorted(agency_choices(), key=lambda one: one[0] not in seeing)


def agency_choices() -> list[tuple[str, str]]:
    """Return the agencies on this instance as (slug, name)."""
    rows = Organisation.objects.filter(kind=OrganisationKind.AGENCY)
    return list(rows.order_by("name").values_list("slug", "name"))
