"""The time record on the page of duties: candidates, which of them counts, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.forms import BaseForm
from django.urls import reverse

from escalation.duties.anchor_reading import flag_of
from escalation.duties.anchor_words import WORDS, is_repeated, words_of
from escalation.duties.forms import ChooseForm, NoteForm, WithdrawForm
from escalation.duties.models import AnchorChoice, AnchorValue
from escalation.duties.page import Duties, Section
from escalation.duties.time_record import TimeRecord
from escalation.lawbook.registry import Registered
from escalation.regimes.regime import SUBMITTED, Regime, Term
from incidents.organisations.roles import Action

_TEMPLATE = "escalation/duties/_record.html"


@dataclass(frozen=True, slots=True)
class CountsUnder:
    """That a candidate counts under a regime: chosen by somebody, or the earliest."""

    regime: Regime
    choice: AnchorChoice | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate as it is shown, with what the reader may do about it."""

    value: AnchorValue
    counts: Sequence[CountsUnder] = ()
    choose: BaseForm | None = None
    choose_url: str = ""
    withdraw: BaseForm | None = None
    withdraw_url: str = ""

    @property
    def flag(self) -> str:
        """How it was understood, where there was a choice."""
        return flag_of(self.value.written)

    @property
    def is_by_product(self) -> bool:
        """Whether nobody wrote it down: it was taken from the record of events."""
        return self.value.author_id is None


@dataclass(frozen=True, slots=True)
class AnchorRow:
    """All candidates of one instant."""

    name: str
    title: str
    help: str
    candidates: Sequence[Candidate]
    withdrawn: Sequence[AnchorValue]
    all_count: bool

    @property
    def is_disputed(self) -> bool:
        """Whether several candidates stand of which one counts."""
        return len(self.candidates) > 1 and not self.all_count


def record_section(duties: Duties) -> Section:
    """Return the section with the time record of the organisation."""
    values = list(
        AnchorValue.objects.filter(incident=duties.incident, organisation=duties.side)
        .select_related("author")
        .order_by("at", "pk")
    )
    record = TimeRecord(
        tuple(value for value in values if value.withdrawn_at is None),
        _choices(duties),
    )
    may_change = duties.may(Action.DUTIES)
    context = {
        "rows": _rows(duties, values, record, may_change=may_change),
        "note": _note_form(duties) if may_change else None,
        "note_url": reverse("duties-note", args=[duties.incident.ref]),
    }
    return Section("record", "When it happened", _TEMPLATE, context)


def uses(regime: Regime, name: str) -> bool:
    """Tell whether a regime has a period, or an end, that goes by this instant."""
    return any(
        name in (*stage.ends, *(one for term in stage.terms for one in _named(term)))
        for stage in regime.stages
    )


def _named(term: Term) -> tuple[str, ...]:
    return (*term.start, *term.when, *term.unless, term.lapses_before)


def _choices(duties: Duties) -> Mapping[tuple[str, str], AnchorChoice]:
    rows = AnchorChoice.objects.filter(
        incident=duties.incident, organisation=duties.side, is_current=True
    ).select_related("author")
    return {(row.regime_id, row.name): row for row in rows}


def _rows(
    duties: Duties,
    values: Sequence[AnchorValue],
    record: TimeRecord,
    *,
    may_change: bool,
) -> list[AnchorRow]:
    """Return the instants that are known, in the order in which they mostly come."""
    counts = _counts(duties, record)
    by_name: dict[str, list[AnchorValue]] = {}
    for value in values:
        by_name.setdefault(value.name, []).append(value)
    known = [name for name in WORDS if name in by_name]
    submitted = sorted(name for name in by_name if name not in WORDS)
    return [
        AnchorRow(
            name=name,
            title=words_of(name),
            help=WORDS[name][1] if name in WORDS else "",
            candidates=[
                _candidate(duties, value, counts.get(value.pk, []), may_change)
                for value in by_name[name]
                if value.withdrawn_at is None
            ],
            withdrawn=[v for v in by_name[name] if v.withdrawn_at is not None],
            all_count=is_repeated(name),
        )
        for name in (*known, *submitted)
    ]


def _counts(duties: Duties, record: TimeRecord) -> dict[int, list[CountsUnder]]:
    """Return under which regimes each candidate counts, by its id."""
    found: dict[int, list[CountsUnder]] = {}
    for regime_id, registered in _of_interest(duties, record).items():
        for name, counting in record.counting(regime_id).items():
            if not uses(registered.regime, name):
                continue
            choice = record.choices.get((regime_id, name))
            for value in counting:
                under = CountsUnder(registered.regime, choice)
                found.setdefault(value.pk, []).append(under)
    return found


def _of_interest(duties: Duties, record: TimeRecord) -> dict[str, Registered]:
    """Return the regimes that are watched, or under which something was submitted."""
    named = {value.regime_id for value in record.values if value.regime_id}
    names = sorted({*duties.watched, *(named & duties.regimes.keys())})
    return {name: duties.regimes[name] for name in names}


def _candidate(
    duties: Duties, value: AnchorValue, counts: Sequence[CountsUnder], may_change: bool
) -> Candidate:
    if not may_change or value.name.startswith(SUBMITTED):
        return Candidate(value, counts)
    return Candidate(
        value,
        counts,
        choose=_choose_form(duties, value),
        choose_url=reverse("duties-choose", args=[duties.incident.ref, value.pk]),
        withdraw=duties.form(
            f"withdraw-{value.pk}",
            lambda: WithdrawForm(auto_id=f"id_withdraw_{value.pk}_%s"),
        ),
        withdraw_url=reverse("duties-withdraw", args=[duties.incident.ref, value.pk]),
    )


def _note_form(duties: Duties) -> BaseForm:
    return duties.form("note", lambda: NoteForm(auto_id="id_note_%s"))


def _choose_form(duties: Duties, value: AnchorValue) -> BaseForm | None:
    """Return the form to have a candidate count, None where there is nothing to choose."""
    regimes = choosable(duties, value)
    if is_repeated(value.name) or not regimes:
        return None
    return duties.form(
        f"choose-{value.pk}",
        lambda: ChooseForm(regimes=regimes, auto_id=f"id_choose_{value.pk}_%s"),
    )


def choosable(duties: Duties, value: AnchorValue) -> list[tuple[str, str]]:
    """Return the regimes, with their names, under which this instant matters."""
    return [
        (name, registered.regime.name)
        for name, registered in duties.watched.items()
        if uses(registered.regime, value.name)
    ]
