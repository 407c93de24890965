"""Write an organisation's own regimes: a published framework, read as a law is read.

Every version stays, with who wrote it and why; clocks that run keep theirs.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from escalation.lawbook.limits import ID, Problem, wrong_with
from escalation.lawbook.models import LegalProfile, RegimeText
from escalation.lawbook.registry import digest_of, shipped
from escalation.lawbook.storing import ask_for_look, hold_texts
from escalation.regimes.reading import read_regime
from escalation.regimes.regime import Regime
from escalation.regimes.tables import RegimeError
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import Organisation, OrganisationKind, User

MAX_TEXT: Final = 100_000
MAX_REASON: Final = 500
YOUR_TEXT: Final = "your text"
"""What errors call it, as they name the file of a law."""


@dataclass(frozen=True, slots=True)
class RegimeDraft:
    """A text and why it is written; with an id it must be of that regime."""

    text: str
    reason: str = ""
    regime_id: str = ""


def check_text(text: str, *, owner: str, regime_id: str = "") -> tuple[str, Regime]:
    """Return the text as it is kept, and the regime that it describes.

    `owner` is the slug of whose it is. With an id it must be of that regime. Raises BadInput, naming key and remedy.
    """
    text = text.replace("\r\n", "\n").strip() + "\n"
    if len(text) > MAX_TEXT:
        remedy = f"Write at most {MAX_TEXT} characters; these are {len(text)}."
        raise BadInput("text", "", remedy)
    try:
        regime = read_regime(text, file=YOUR_TEXT)
    except RegimeError as error:
        raise BadInput("text", error.key, str(error)) from error
    except (ValueError, OSError, RecursionError) as error:
        # Numbers of a thousand digits, brackets in brackets, zones that are folders.
        remedy = f"{YOUR_TEXT}: (file): Write plain values: {error}."
        raise BadInput("text", "(file)", remedy) from error
    problem = _wrong_id(regime, owner, regime_id) or wrong_with(regime)
    if problem is not None:
        key, remedy = problem
        raise BadInput("text", key, f"{YOUR_TEXT}: {key}: {remedy}")
    return text, regime


def save_regime(
    organisation: Organisation,
    draft: RegimeDraft,
    *,
    user: User | None,
    actor: Actor,
    now: datetime,
) -> RegimeText:
    """Make the text the current version of its regime; the same text makes none.

    Raises BadInput.
    """
    require_lab(organisation)
    text, regime = check_text(
        draft.text, owner=organisation.slug, regime_id=draft.regime_id
    )
    digest = digest_of(text)
    with recording(now):
        hold_texts()
        rows = RegimeText.objects.filter(
            organisation=organisation, regime_id=regime.id, is_current=True
        )
        former = rows.first()
        if former is not None and former.digest == digest:
            return former
        rows.update(is_current=False)
        made = RegimeText.objects.create(
            organisation=organisation,
            regime_id=regime.id,
            digest=digest,
            text=text,
            reason=draft.reason,
            author=user,
            created_at=now,
        )
        if former is not None:
            ask_for_look(regime.id, organisation_id=organisation.pk, now=now)
        verb = "made" if former is None else "changed"
        _record_change(made, organisation, f"{verb}: {draft.reason}".strip(": "), actor)
    return made


def retire_regime(
    organisation: Organisation,
    regime_id: str,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Take an own regime out of use; its versions stay. Raises NotPossible."""
    with recording(now):
        hold_texts()
        profile = LegalProfile.objects.filter(organisation=organisation).first()
        if profile is not None and regime_id in profile.regimes:
            message = "Take it out of your legal profile first."
            raise NotPossible(message, state={"watched": True})
        rows = RegimeText.objects.filter(
            organisation=organisation, regime_id=regime_id, is_current=True
        )
        row = rows.first()
        if row is not None:
            rows.update(is_current=False)
            what = f"taken out of use: {reason}".strip(": ")
            _record_change(row, organisation, what, actor)


def versions_of(organisation: Organisation, regime_id: str) -> list[RegimeText]:
    """Return every version of an own regime, the newest first."""
    rows = RegimeText.objects.filter(organisation=organisation, regime_id=regime_id)
    return list(rows.select_related("author").order_by("-pk"))


def require_lab(organisation: Organisation) -> None:
    """Raise BadInput for who is no lab: only a lab has a framework of its own."""
    if organisation.kind != OrganisationKind.LAB:
        remedy = "Only a lab has a framework of its own: name a lab."
        raise BadInput("organisation", organisation.slug, remedy)


def _wrong_id(regime: Regime, owner: str, regime_id: str) -> Problem | None:
    """Ask for an id that cannot hide a law that came with us, nor another's."""
    prefix = f"{owner}-"
    is_own = regime.id.startswith(prefix) and regime.id != prefix
    if not is_own or not ID.fullmatch(regime.id) or regime.id in shipped():
        remedy = (
            f"{regime.id!r} cannot be used: begin it with {prefix!r} and go on in a-z, "
            "0-9 and hyphens, at most 60 characters in all."
        )
        return "id", remedy
    if regime_id and regime.id != regime_id:
        return "id", f"It is {regime_id!r} and stays so; write another regime anew."
    return None


def _record_change(
    row: RegimeText, organisation: Organisation, what: str, actor: Actor
) -> None:
    record(
        "config.changed",
        organisation_id=organisation.pk,
        actor=actor,
        body={
            "what": f"regime {row.regime_id} {what}",
            "changes": [f"text {row.digest}"],
        },
    )
