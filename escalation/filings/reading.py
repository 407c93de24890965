"""Read a filing as it stands: its newest version, what it still lacks, its state."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from escalation.filings.laws import law_of
from escalation.filings.merging import changed_fields
from escalation.filings.models import (
    Filing,
    FilingRecipient,
    FilingState,
    FilingVersion,
)
from escalation.filings.sections import (
    Missing,
    Section,
    missing,
    read_sections,
    required_fields,
)
from escalation.regimes.regime import Stage
from incidents.errors import NotPossible

MAX_NAMED: Final = 5


def stage_of(recipient: FilingRecipient) -> Stage:
    """Return the stage that a recipient gets, by the text that it goes by."""
    law = law_of(
        recipient.organisation_id, recipient.regime_id, recipient.regime_digest
    )
    return law.stage(recipient.stage)


def needs_of(recipients: Iterable[FilingRecipient]) -> dict[str, tuple[str, ...]]:
    """Return {recipient: fields that it must get}."""
    return {one.audience_key: required_fields(stage_of(one)) for one in recipients}


def sections_of(
    version: FilingVersion, recipients: Iterable[FilingRecipient]
) -> tuple[Section, ...]:
    """Return what a version says."""
    keys = [recipient.key for recipient in recipients]
    named = {key for row in version.sections for key in row["audience"]}
    return read_sections(version.sections, recipients=[*keys, *sorted(named - {*keys})])


def newest_version(filing: Filing) -> FilingVersion:
    """Return the version that was written last."""
    return filing.versions.order_by("-number")[:1].get()


def approved_versions(filing: Filing) -> list[FilingVersion]:
    """Return those that somebody approved, also if they were revised since."""
    return list(filing.versions.exclude(approved_at=None).order_by("number"))


def lacking(
    version: FilingVersion, recipients: Sequence[FilingRecipient]
) -> list[Missing]:
    """Return what must still be answered before it can be reviewed."""
    return missing(sections_of(version, recipients), needs_of(recipients))


def state_of(filing: Filing) -> dict[str, Any]:
    """Return the present state, as an error that says "not possible" carries it."""
    return {"ref": filing.ref, "state": filing.state}


def changes_since(newest: FilingVersion, number: int) -> list[str]:
    """Return in which fields a version differs from an older one of its filing."""
    before = newest.filing.versions.filter(number=number).first()
    if before is None:
        return []
    return changed_fields(sections_of(before, []), sections_of(newest, []))


def changes_in_words(fields: Sequence[str]) -> str:
    """Return a sentence that names the first of these fields, empty without any."""
    if not fields:
        return ""
    more = len(fields) - MAX_NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f" It differs in: {'; '.join(fields[:MAX_NAMED])}{rest}."


def require_state(filing: Filing, *allowed: FilingState, act: str) -> None:
    """Raise NotPossible unless the filing is in one of these states."""
    if filing.state not in allowed:
        message = f"{filing.ref} is {filing.get_state_display().lower()}: it cannot be {act} now."
        raise NotPossible(message, state=state_of(filing))
