"""Note what an agency owed and has done: its own statutory clocks look at that.

An answer is any word on the filing: a remark, a question, an acceptance. Measures are
taken once the agency has settled it.
"""

from datetime import datetime
from typing import Final

from escalation.duties.models import AnchorValue
from escalation.duties.requests import REQUEST
from escalation.filings.laws import law_of
from escalation.filings.models import FilingRecipient
from escalation.filings.noting import note_by_product
from escalation.regimes.regime import SUBMITTED

ANSWER: Final = "authority_answer"
MEASURES: Final = "authority_measures"


def note_answer(recipient: FilingRecipient, *, now: datetime) -> None:
    """Note that the agency has answered, the first time. Requires an open recording."""
    _note(recipient, ANSWER, now)


def note_measures(recipient: FilingRecipient, *, now: datetime) -> None:
    """Note that the agency has acted, the first time. Requires an open recording."""
    _note(recipient, MEASURES, now)


def note_request(recipient: FilingRecipient, *, now: datetime) -> None:
    """Note for the lab that an authority asks. Requires an open recording.

    It counts under the law of the filing's part, and under no other.
    """
    note_by_product(
        recipient.filing.incident,
        recipient.organisation,
        REQUEST,
        regime_id=recipient.regime_id,
        at=now,
        source=recipient.filing.ref,
        now=now,
    )


def _note(recipient: FilingRecipient, stage_id: str, now: datetime) -> None:
    law = law_of(
        recipient.organisation_id, recipient.regime_id, recipient.regime_digest
    )
    stage = law.regime.stage(stage_id)
    if stage is None or f"{SUBMITTED}{recipient.stage}" not in stage.anchors:
        return
    assert recipient.agency is not None  # noqa: S101  only an agency here acts
    name = f"{SUBMITTED}{stage_id}"
    noted = AnchorValue.objects.filter(
        incident=recipient.filing.incident_id,
        organisation=recipient.agency,
        regime_id=recipient.regime_id,
        name=name,
    )
    if noted.exists():
        return
    note_by_product(
        recipient.filing.incident,
        recipient.agency,
        name,
        regime_id=recipient.regime_id,
        at=now,
        source=recipient.filing.ref,
        now=now,
    )
