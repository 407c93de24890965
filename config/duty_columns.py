"""What the columns of laws and of statutory duties hold, for `columns.py`."""

from collections.abc import Mapping
from typing import Final

from config.column_kinds import CODE, HASH, OURS, Column, content, neither

DUTY_COLUMNS: Final[Mapping[str, Mapping[str, Column]]] = {
    "escalation.LegalProfile": {"regimes": OURS},
    "escalation.RegimeText": {
        "regime_id": OURS,
        "digest": content("organisation", HASH),
        "text": OURS,
        "reason": OURS,
    },
    "escalation.AnchorValue": {
        "name": CODE,
        "regime_id": OURS,
        "written": OURS,
        "precision": CODE,
        "source": content("organisation", "it can name a person"),
        "reason": content("organisation", "a person wrote it"),
        "withdrawn_reason": content("organisation", "a person wrote it"),
    },
    "escalation.AnchorChoice": {
        "regime_id": OURS,
        "name": CODE,
        "reason": content("organisation", "a person wrote it"),
    },
    "escalation.AssessmentAnswer": {
        "question": CODE,
        "said": CODE,
        "reason": content("organisation", "a person wrote it"),
    },
    "escalation.Decision": {
        "regime_id": OURS,
        "regime_digest": content("organisation", HASH),
        "verdict": CODE,
        "limbs": OURS,
        "reason": content("organisation", "a person wrote it"),
        "facts": OURS,
    },
    "escalation.StatutoryClock": {
        "regime_id": OURS,
        "regime_digest": content("organisation", HASH),
        "stage": OURS,
        "state": CODE,
        "anchor": CODE,
        "waiting_for": CODE,
        "rule": OURS,
        "citation": OURS,
        "flags": OURS,
        "met_by": neither("a reference of ours"),
        "state_reason": OURS,
        "warned": CODE,
    },
    "escalation.DueDate": {
        "rule": OURS,
        "regime_digest": content("organisation", HASH),
        "reason": OURS,
    },
}
