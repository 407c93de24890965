"""What the columns of laws and of statutory duties hold, for `columns.py`."""

from collections.abc import Mapping
from typing import Final

from config.column_kinds import CODE, HASH, OURS, RANDOM, Column, content, neither

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
    "escalation.DelayNotice": {
        "authority": neither("the name of a legal person"),
        "reference": OURS,
        "reasons": content("organisation", "the agency that was told keeps them"),
    },
    "escalation.Extension": {
        "granted_by": neither("the name of a legal person"),
        "citation": OURS,
        "state": CODE,
        "reason": content("organisation", "a person wrote it"),
        "document_sha256": content("organisation", HASH),
        "answer": content("agency", "the agency's"),
        "withdrawn_reason": content("organisation", "a person wrote it"),
    },
    "escalation.Filing": {
        "ref": RANDOM,
        "state": CODE,
        "tlp": CODE,
        "withdrawn_reason": OURS,
        "once": content("organisation", HASH),
        "once_body": content("organisation", HASH),
    },
    "escalation.FilingVersion": {
        "sections": content("organisation", "what was submitted its agencies keep"),
        "sha256": content("organisation", HASH),
        "refusal": content("organisation", "a person wrote it"),
    },
    "escalation.FilingRecipient": {
        "key": OURS,
        "reads_as": OURS,
        "way": CODE,
        "name": OURS,
        "regime_id": OURS,
        "regime_digest": content("organisation", HASH),
        "stage": OURS,
        "state": CODE,
        "receipt_number": neither("a random number of the agency's"),
        "portal_reference": OURS,
        "settled_reason": content("agency", "the agency's"),
    },
    "escalation.FilingRemark": {
        "field": content("recipient__organisation", "the lab's"),
        "text": content("organisation", "the agency's"),
    },
    "escalation.FilingRequest": {
        "text": content("organisation", "the agency's"),
        "answer": content("recipient__organisation", "the lab's"),
    },
    "escalation.FilingRequestStep": {
        "kind": CODE,
        "text": content("organisation", "a person wrote it"),
    },
    "escalation.FilingTransfer": {
        "name": neither("the name of a legal person"),
        "legal_basis": OURS,
        "reason": OURS,
        "risks": OURS,
    },
}
