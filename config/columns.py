"""What every text, JSON, bytea and array column holds, for erasure and for exports.

*Content* is what an organisation says; it may name anybody. *Personal* is about one
person. *Neither* is ours: states, kinds, digests of random values. A column that is not
declared here fails `tests/config/test_columns.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Holds(StrEnum):
    """What a column holds."""

    CONTENT = "content"
    PERSONAL = "personal"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Column:
    """One declaration; `of` is the look-up from the row to whose it is.

    It ends at an Organisation for content and at a User for personal data; "self" is the
    row itself. It is empty where no foreign key leads there, and `why` says how to find it.
    """

    holds: Holds
    of: str = ""
    why: str = ""


def _content(of: str, why: str = "") -> Column:
    return Column(Holds.CONTENT, of, why)


def _personal(of: str, why: str = "") -> Column:
    return Column(Holds.PERSONAL, of, why)


def _neither(why: str) -> Column:
    return Column(Holds.NEITHER, "", why)


_CODE: Final = _neither("one of our own codes")
_OURS: Final = _content("organisation")
_HASH: Final = "a hash: whoever knows the value can recognise it"
_RANDOM: Final = _neither("random, or the digest of a random value")
_SEALED: Final = _neither("a secret, encrypted; it is rotated, not erased")
_CALLER: Final = _personal("", "user:<id> or token:<id>")

COLUMNS: Final[Mapping[str, Mapping[str, Column]]] = {
    # The record
    "incidents.DataKey": {
        "wrapped": _neither("an encrypted key; destroying the row is the erasure"),
    },
    "incidents.Stream": {"last_hash": _neither("hash of the last leaf")},
    "incidents.Entry": {
        "kind": _CODE,
        "leaf": _neither("holds salted digests only, so that it outlives an erasure"),
        "leaf_hash": _neither("hash of the leaf"),
    },
    "incidents.Disclosure": {
        "name": _CODE,
        "body": _content(
            "entry__stream__audience__organisation",
            "encrypted by the data key of its stream or of the person; a pair stream's"
            " agency may read it too",
        ),
    },
    "incidents.AudienceStream": {"purpose": _CODE},
    "incidents.Pending": {"consumer": _CODE, "kind": _CODE},
    "incidents.ReadMark": {
        "reader": _CALLER,
        "target": _neither("a public reference or a random id"),
    },
    # People
    "incidents.Organisation": {
        "slug": _neither("the name of a legal person"),
        "name": _neither("the name of a legal person"),
        "kind": _CODE,
    },
    "incidents.User": {
        "password": _personal("self", "a salted hash"),
        "email": _personal("self"),
        "name": _personal("self"),
    },
    "incidents.Team": {"slug": _OURS, "name": _OURS},
    "incidents.Membership": {"role": _CODE},
    "incidents.ApiToken": {
        "name": _personal("user", "the person's own words"),
        "prefix": _RANDOM,
        "digest": _RANDOM,
        "scopes": _CODE,
    },
    "incidents.SignInFailure": {
        "account": _personal("", "a keyed hash of an e-mail address; kept 15 minutes"),
        "address": _personal("", "where it was tried from; kept 15 minutes"),
    },
    # Timers
    "incidents.Timer": {
        "kind": _CODE,
        "payload": _neither("ids, numbers and instants only"),
        "last_error": _content("organisation", "an error may quote the row"),
    },
    "incidents.Tick": {"consumer": _CODE},
    "incidents.Lateness": {"what": _CODE, "span": _CODE},
    # Incidents
    "incidents.Incident": {
        "ref": _RANDOM,
        "title": _OURS,
        "description": _OURS,
        "category": _CODE,
        "tlp": _CODE,
        "status": _CODE,
        "facts": _OURS,
        "group_key": _content("organisation", _HASH),
        "labels": _OURS,
        "search": _content("organisation", "made of ref, title and description"),
    },
    "incidents.Share": {
        "reason": _content("organisation", "the owner's; its agency sees it"),
    },
    "incidents.Acknowledgement": {"via": _CODE},
    "incidents.Attachment": {
        "filename": _content("organisation", "of whoever attached it; also the file"),
        "media_type": _CODE,
        "sha256": _content("organisation", _HASH),
        "stored_as": _neither("a random path under the data folder"),
    },
    "incidents.ReportDraft": {
        "fields_sealed": _personal("user", "what the person typed, under its own key"),
    },
    "incidents.IdempotencyKey": {
        "caller": _CALLER,
        "endpoint": _CODE,
        "key": _content("incident__organisation", "chosen by the caller"),
        "body_sha256": _content("incident__organisation", _HASH),
    },
    # Webhooks in
    "incidents.Source": {
        "tool": _CODE,
        "slug": _OURS,
        "name": _OURS,
        "key_digest": _RANDOM,
        "key_sealed": _SEALED,
        "default_category": _CODE,
        "default_tlp": _CODE,
        "mapping": _OURS,
        "severity_map": _OURS,
        "group_by": _OURS,
        "old_key_digest": _RANDOM,
        "verification": _CODE,
        "verification_options": _OURS,
        "secret_sealed": _SEALED,
        "old_secret_sealed": _SEALED,
        "address_ranges": _OURS,
    },
    "incidents.Delivery": {
        "body": _content("organisation", "the raw body; has a retention"),
        "sha256": _content("organisation", _HASH),
        "headers": _content("organisation", "may name the sender's hosts"),
        "state": _CODE,
        "error": _content("organisation", "quotes the value that was not readable"),
        "verified_by": _CODE,
    },
    "incidents.Refusal": {
        "reason": _CODE,
        "last_sha256": _neither("of a body that was refused and not kept"),
        "last_address": _neither("where a refused request came from"),
        "last_told": _neither("the topic that a refused request named"),
    },
    "incidents.Alert": {
        "dedup_key": _content("organisation", _HASH),
        "status": _CODE,
        "title": _OURS,
        "summary": _OURS,
        "severity": _CODE,
        "severity_told": _OURS,
        "labels": _OURS,
        "url": _OURS,
        "held_by": _neither("a kind and an id"),
        "change_times": _neither("instants"),
        "group_key": _content("organisation", _HASH),
    },
    "incidents.Silence": {
        "matchers": _OURS,
        "author_name": _personal("", "whom a tool named"),
        "reason": _OURS,
    },
    "incidents.SilenceNotice": {"stage": _CODE},
    "incidents.Maintenance": {
        "slug": _OURS,
        "reason": _OURS,
        "cron": _CODE,
        "zone": _CODE,
    },
    "incidents.Heartbeat": {
        "slug": _OURS,
        "name": _OURS,
        "key_digest": _RANDOM,
        "key_sealed": _SEALED,
        "cron": _CODE,
        "zone": _CODE,
        "category": _CODE,
        "tlp": _CODE,
        "state": _CODE,
    },
    "incidents.Suppression": {
        "held_by": _neither("a kind and an id"),
        "reason": _OURS,
    },
    "incidents.DeliveryCount": {"state": _CODE},
    "incidents.ImportedIncident": {"import_name": _OURS, "external_id": _OURS},
    # Anonymous reports
    "incidents.AnonymousReport": {
        "ref": _RANDOM,
        "category": _CODE,
        "state": _CODE,
        "code_digest": _RANDOM,
        "title_sealed": _content(
            "organisation", "the reporter's, encrypted by its key"
        ),
    },
    "incidents.ReportMessage": {
        "text_sealed": _content(
            "report__organisation",
            "the reporter's or a handler's, encrypted by its key",
        ),
        "once": _RANDOM,
    },
    "incidents.ReportFile": {
        "filename": _neither("one of ours; what the file was called is not kept"),
        "media_type": _CODE,
        "sha256": _content("message__report__organisation", _HASH),
        "stored_as": _neither("a random path under the data folder"),
    },
    "incidents.TokenBucket": {
        "name": _neither("ids of organisations and people, or two characters of a code")
    },
    # E-mail
    "incidents.Mailbox": {
        "default_category": _CODE,
        "default_tlp": _CODE,
        "token_digest": _RANDOM,
        "token_sealed": _SEALED,
        "old_token_digest": _RANDOM,
    },
    "incidents.Mail": {
        "envelope_from": _content("organisation", "the sender's address"),
        "reply_sent_to": _content("organisation", _HASH),
        "raw": _content("organisation", "the mail as it came; has a retention"),
        "sha256": _content("organisation", _HASH),
        "state": _CODE,
        "reason": _content("organisation", "names the sender, or a person wrote it"),
        "once": _content("organisation", _HASH),
        "sender": _content("organisation", "the sender's address"),
        "subject": _OURS,
        "proof": _CODE,
        "named_ref": _RANDOM,
    },
    # Triage
    "incidents.TriageRow": {
        "state": _CODE,
        "outcome": _CODE,
        "reason": _content("organisation", "the agency's"),
    },
    "incidents.Question": {
        "text": _content("organisation", "the agency's"),
        "answer": _content("incident__organisation", "the incident owner's"),
    },
    # Escalation
    "escalation.ContactMethod": {
        "slug": _personal("user", "no user: the organisation's desk"),
        "channel": _CODE,
        "address": _personal("user", "no user: the organisation's desk"),
        "secret_sealed": _SEALED,
        "verification_digest": _RANDOM,
    },
    "escalation.NotificationRules": {
        "normal": _personal("user", "names contact methods"),
        "urgent": _personal("user", "names contact methods"),
        "zone": _personal("user", "tells roughly where the person lives"),
        "quiet": _personal("user", "tells when the person sleeps"),
    },
    "escalation.Notification": {
        "dedup_key": _neither("kinds, ids and numbers only"),
        "purpose": _CODE,
        "recipient_name": _personal("recipient_user"),
        "channel": _CODE,
        "address": _personal("recipient_user", "no user: the organisation's desk"),
        "destination": _content("organisation", "the host of an address"),
        "message": _content(
            "incident__organisation", "the incident owner's, or a verification code"
        ),
        "message_sha256": _content("incident__organisation", _HASH),
        "status": _CODE,
        "last_error": _personal("recipient_user", "providers quote the address"),
    },
    "escalation.Pace": {
        "destination": _content("organisation", "the host of an address"),
    },
    "escalation.Attempt": {
        "outcome": _CODE,
        "detail": _personal(
            "notification__recipient_user", "providers quote the address"
        ),
        "provider_id": _neither("the provider's name of the message"),
    },
    "escalation.Circuit": {
        "destination": _content("organisation", "the host of an address"),
    },
    "escalation.Purse": {
        "name": _content("", "the number of a contact method, or a host"),
    },
    "escalation.ReplyTry": {
        "sender": _personal("", "a keyed digest; deleted within hours"),
    },
    "escalation.CallbackSeen": {"key": _RANDOM},
    "escalation.CallbackRefusals": {"provider": _CODE},
    "escalation.WorkingCalendar": {
        "slug": _OURS,
        "name": _OURS,
        "zone": _CODE,
        "hours": _OURS,
        "holidays_of": _CODE,
        "closures": _OURS,
    },
    "escalation.Schedule": {"slug": _OURS, "name": _OURS, "zone": _CODE},
    "escalation.Rotation": {"name": _OURS, "unit": _CODE, "weekdays": _CODE},
    "escalation.Override": {
        "mode": _CODE,
        "reason": _content("organisation", "may name why somebody is away"),
    },
    "escalation.SwapRequest": {
        "state": _CODE,
        "reason": _content("organisation", "may name why somebody is away"),
    },
    "escalation.ImportedCalendar": {
        "name": _OURS,
        "url_sealed": _SEALED,
        "host": _OURS,
        "text": _content("organisation", "the calendar; names people by address"),
        "error": _content("organisation", "quotes the address or the calendar"),
        "unmatched": _content("organisation", "names people by address"),
    },
    "escalation.FeedToken": {"prefix": _RANDOM, "digest": _RANDOM},
    "escalation.Clock": {
        "what": _CODE,
        "side": _CODE,
        "calendar_name": _OURS,
        "calendar": _OURS,
        "warn": _CODE,
        "on_breach": _CODE,
        "state": _CODE,
        "state_reason": _OURS,
        "warned": _CODE,
    },
    "escalation.ClockPause": {
        "reason": _content("organisation", "a person wrote it"),
    },
    "escalation.LegalProfile": {"regimes": _OURS},
    "escalation.RegimeText": {
        "regime_id": _OURS,
        "digest": _content("organisation", _HASH),
        "text": _OURS,
        "reason": _OURS,
    },
    "escalation.AnchorValue": {
        "name": _CODE,
        "regime_id": _OURS,
        "written": _OURS,
        "precision": _CODE,
        "source": _content("organisation", "it can name a person"),
        "reason": _content("organisation", "a person wrote it"),
        "withdrawn_reason": _content("organisation", "a person wrote it"),
    },
    "escalation.AnchorChoice": {
        "regime_id": _OURS,
        "name": _CODE,
        "reason": _content("organisation", "a person wrote it"),
    },
    "escalation.AssessmentAnswer": {
        "question": _CODE,
        "said": _CODE,
        "reason": _content("organisation", "a person wrote it"),
    },
    "escalation.Decision": {
        "regime_id": _OURS,
        "regime_digest": _content("organisation", _HASH),
        "verdict": _CODE,
        "limbs": _OURS,
        "reason": _content("organisation", "a person wrote it"),
        "facts": _OURS,
    },
    "escalation.StatutoryClock": {
        "regime_id": _OURS,
        "regime_digest": _content("organisation", _HASH),
        "stage": _OURS,
        "state": _CODE,
        "anchor": _CODE,
        "waiting_for": _CODE,
        "rule": _OURS,
        "citation": _OURS,
        "flags": _OURS,
        "met_by": _neither("a reference of ours"),
        "state_reason": _OURS,
        "warned": _CODE,
    },
    "escalation.DueDate": {
        "rule": _OURS,
        "regime_digest": _content("organisation", _HASH),
        "reason": _OURS,
    },
    "escalation.Policy": {"slug": _OURS, "name": _OURS},
    "escalation.PolicyVersion": {
        "body": _content("organisation", "its targets name people by address"),
        "reason": _OURS,
        "state": _CODE,
        "decision_reason": _OURS,
    },
    "escalation.Route": {"name": _OURS, "matchers": _OURS},
    "escalation.Run": {
        "came_from": _neither("ids of policies"),
        "waits_for": _neither("numbers of steps and rounds"),
        "state": _CODE,
        "reason": _content("organisation", "quotes the route's matchers"),
        "state_reason": _content("organisation", "may name who acknowledged"),
    },
    "escalation.StepTaken": {
        "outcome": _CODE,
        "reason": _content("organisation", "may name who was skipped"),
        "recipients": _content("organisation", "names whom the step notified"),
    },
    # The framework's
    "auth.Permission": {"name": _CODE, "codename": _CODE},
    "auth.Group": {"name": _CODE},
    "contenttypes.ContentType": {"app_label": _CODE, "model": _CODE},
    "sessions.Session": {
        "session_key": _RANDOM,
        "session_data": _personal("", "signed, not encrypted: holds the user's id"),
    },
}
