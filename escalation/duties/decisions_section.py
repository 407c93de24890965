"""Decisions on the page of duties: per regime the verdict, who confirmed it, the history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.forms import BaseForm, Form
from django.urls import reverse

from escalation.duties.decisions import why_not_to_confirm
from escalation.duties.forms import DecisionForm
from escalation.duties.misfits import misfit
from escalation.duties.models import Decision, Said, Verdict
from escalation.duties.page import Duties, Section
from escalation.duties.proposals import LimbState, Proposed
from escalation.lawbook.registry import Registered
from escalation.regimes.answers import questions_of
from escalation.regimes.questions import shipped_questions
from incidents.organisations.roles import Action

_TEMPLATE = "escalation/duties/_decisions.html"


@dataclass(frozen=True, slots=True)
class RegimeRow:
    """How it stands with one regime, and what the reader may do about it."""

    regime_id: str
    name: str
    registered: Registered | None
    current: Decision | None
    history: Sequence[Decision]
    form: BaseForm | None = None
    confirm_form: BaseForm | None = None
    confirm_url: str = ""
    why_not: str = ""
    proposed: Proposed | None = None

    @property
    def misfit(self) -> str:
        """Why the verdict does not fit the answers, as they are now; empty if it does."""
        if self.current is None or self.proposed is None:
            return ""
        decision = self.current
        return misfit(self.proposed, verdict=decision.verdict, limbs=decision.limbs)

    @property
    def answers(self) -> list[tuple[str, str]]:
        """What this regime asks and the decision relied on, as (question, answer)."""
        if self.current is None or self.registered is None:
            return []
        asked = questions_of(self.registered.regime, shipped_questions())
        said = self.current.facts
        return [
            (question.text, Said(said[key]).label)
            for key, question in asked.items()
            if said.get(key) in Said.values
        ]

    @property
    def limbs(self) -> list[str]:
        """The conditions that the decision says are met, in the law's words."""
        if self.current is None:
            return []
        known = self.registered.regime.limbs if self.registered else ()
        words = {limb.id: f"{limb.text} ({limb.citation})" for limb in known}
        return [words.get(limb, limb) for limb in self.current.limbs]

    @property
    def is_of_former_text(self) -> bool:
        """Whether the law's text has changed since it was decided."""
        if self.current is None or self.registered is None:
            return False
        return self.current.regime_digest != self.registered.digest

    @property
    def was_confirmed(self) -> bool:
        """Whether a former decision was: clocks go by it until this one is."""
        return self.in_force is not None

    @property
    def in_force(self) -> Decision | None:
        """The former decision that clocks go by until the current one is confirmed."""
        if self.current is None or self.current.confirmed_at:
            return None
        return next((row for row in self.history if row.confirmed_at), None)

    @property
    def waits(self) -> bool:
        """Whether a verdict waits for its second person, and clocks go by none."""
        decision = self.current
        is_open = decision is None or decision.verdict == Verdict.UNDECIDED
        return not (is_open or self.in_force or (decision and decision.confirmed_at))

    @property
    def state(self) -> str:
        """A code of `_components/status.html`."""
        if self.current is None or self.current.verdict == Verdict.UNDECIDED:
            return "waiting"
        return "decided" if self.current.confirmed_at else "unverified"

    @property
    def state_word(self) -> str:
        """How it stands, in a few words."""
        if self.current is None:
            return "not decided yet"
        verdict = self.current.get_verdict_display().lower()
        if self.current.verdict == Verdict.UNDECIDED and not self.was_confirmed:
            return verdict
        return verdict if self.current.confirmed_at else f"{verdict}, not confirmed"


def decisions_section(duties: Duties) -> Section | None:
    """Return the section, None where no law is watched and nothing was decided."""
    rows = duties.decisions
    names = sorted({*duties.watched, *(row.regime_id for row in rows)})
    if not names:
        return None
    proposals = {one.regime.id: one for one in duties.assessment.proposals}
    context = {
        "rows": [_row(duties, name, rows, proposals.get(name)) for name in names],
        "url": reverse("duties-decide", args=[duties.incident.ref]),
    }
    return Section("decisions", "Must it be reported?", _TEMPLATE, context)


def _row(
    duties: Duties,
    regime_id: str,
    rows: Sequence[Decision],
    proposed: Proposed | None,
) -> RegimeRow:
    own = [row for row in rows if row.regime_id == regime_id]
    current = next((row for row in own if row.is_current), None)
    registered = duties.regimes.get(regime_id)
    row = RegimeRow(
        regime_id=regime_id,
        name=registered.regime.name if registered else regime_id,
        registered=registered,
        current=current,
        history=[row for row in own if not row.is_current],
        form=_form(duties, regime_id, registered, proposed),
        proposed=proposed,
    )
    return row if current is None else _with_confirmation(duties, row, current)


def _with_confirmation(duties: Duties, row: RegimeRow, current: Decision) -> RegimeRow:
    """Add the button for a second person, or why the reader has none."""
    is_open = current.verdict == Verdict.UNDECIDED and not row.was_confirmed
    if current.confirmed_at is not None or is_open:
        return row
    if not duties.may(Action.APPROVE):
        return replace(row, why_not="Somebody who may approve must confirm it.")
    if why := why_not_to_confirm(current, duties.person):
        return replace(row, why_not=why)
    name = f"confirm-{current.pk}"
    return replace(
        row,
        confirm_form=duties.form(name, Form),
        confirm_url=reverse("duties-confirm", args=[duties.incident.ref, current.pk]),
    )


def _form(
    duties: Duties,
    regime_id: str,
    registered: Registered | None,
    proposed: Proposed | None,
) -> BaseForm | None:
    """Return the form, the limbs ticked that are met by the answers."""
    if registered is None or not duties.may(Action.DUTIES):
        return None
    met = proposed.limbs_in(LimbState.MET) if proposed else ()
    return duties.form(
        f"decide-{regime_id}",
        lambda: DecisionForm(
            registered=registered,
            auto_id=f"id_decide_{regime_id}_%s",
            initial={"limbs": [one.limb.id for one in met]},
        ),
    )
