"""What every text, JSON, bytea and array column holds, for erasure and for exports.

*Content* is what an organisation says; it may name anybody. *Personal* is about one
person. *Neither* is ours: states, kinds, digests of random values. A column that is not
declared here fails `tests/config/test_columns.py`.
"""

from collections.abc import Mapping
from typing import Final

from config.column_kinds import (
    CALLER,
    CODE,
    HASH,
    OURS,
    RANDOM,
    SEALED,
    Column,
    content,
    neither,
    personal,
)
from config.custody_columns import CUSTODY_COLUMNS
from config.duty_columns import DUTY_COLUMNS
from config.log_columns import LOG_COLUMNS

COLUMNS: Final[Mapping[str, Mapping[str, Column]]] = {
    # The record
    "incidents.DataKey": {
        "wrapped": neither("an encrypted key; destroying the row is the erasure"),
    },
    "incidents.Stream": {"last_hash": neither("hash of the last leaf")},
    "incidents.Entry": {
        "kind": CODE,
        "leaf": neither("holds salted digests only, so that it outlives an erasure"),
        "leaf_hash": neither("hash of the leaf"),
    },
    "incidents.Disclosure": {
        "name": CODE,
        "body": content(
            "entry__stream__audience__organisation",
            "encrypted by the data key of its stream or of the person; a pair stream's"
            " agency may read it too",
        ),
    },
    "incidents.AudienceStream": {"purpose": CODE},
    "incidents.Pending": {"consumer": CODE, "kind": CODE},
    "incidents.EvidenceBundle": {
        "recipient": content("organisation", "may name a person"),
        "redactions": content("organisation", "by which authority what is withheld"),
        "state": CODE,
        "error": neither("our own words about a failure"),
        "manifest_sha256": neither("hash of a list of hashes"),
        "stored_as": neither("a random path under the data folder"),
        "sha256": neither("hash of a file of ours"),
    },
    "incidents.ReadMark": {
        "reader": CALLER,
        "target": neither("a public reference or a random id"),
    },
    # People
    "incidents.Organisation": {
        "slug": neither("the name of a legal person"),
        "name": neither("the name of a legal person"),
        "kind": CODE,
    },
    "incidents.User": {
        "password": personal("self", "a salted hash"),
        "email": personal("self"),
        "name": personal("self"),
    },
    "incidents.Team": {"slug": OURS, "name": OURS},
    "incidents.Membership": {"role": CODE},
    "incidents.ApiToken": {
        "name": personal("user", "the person's own words"),
        "prefix": RANDOM,
        "digest": RANDOM,
        "scopes": CODE,
    },
    "incidents.SignInFailure": {
        "account": personal("", "a keyed hash of an e-mail address; kept 15 minutes"),
        "address": personal("", "where it was tried from; kept 15 minutes"),
    },
    # Timers
    "incidents.Timer": {
        "kind": CODE,
        "payload": neither("ids, numbers and instants only"),
        "last_error": content("organisation", "an error may quote the row"),
    },
    "incidents.Tick": {"consumer": CODE},
    "incidents.Lateness": {"what": CODE, "span": CODE},
    # Incidents
    "incidents.Incident": {
        "ref": RANDOM,
        "title": OURS,
        "description": OURS,
        "category": CODE,
        "tlp": CODE,
        "status": CODE,
        "facts": OURS,
        "group_key": content("organisation", HASH),
        "labels": OURS,
        "search": content("organisation", "made of ref, title and description"),
    },
    "incidents.Share": {
        "reason": content("organisation", "the owner's; its agency sees it"),
    },
    "incidents.Acknowledgement": {
        "via": CODE,
        "signed_by_key": neither("the hash of a public key"),
    },
    "incidents.Attachment": {
        "filename": content("organisation", "of whoever attached it; also the file"),
        "media_type": CODE,
        "sha256": content("organisation", HASH),
        "stored_as": neither("a random path under the data folder"),
    },
    "incidents.ReportDraft": {
        "fields_sealed": personal("user", "what the person typed, under its own key"),
    },
    "incidents.IdempotencyKey": {
        "caller": CALLER,
        "endpoint": CODE,
        "key": content("incident__organisation", "chosen by the caller"),
        "body_sha256": content("incident__organisation", HASH),
    },
    # Webhooks in
    "incidents.Source": {
        "tool": CODE,
        "slug": OURS,
        "name": OURS,
        "key_digest": RANDOM,
        "key_sealed": SEALED,
        "default_category": CODE,
        "default_tlp": CODE,
        "mapping": OURS,
        "severity_map": OURS,
        "group_by": OURS,
        "old_key_digest": RANDOM,
        "verification": CODE,
        "verification_options": OURS,
        "secret_sealed": SEALED,
        "old_secret_sealed": SEALED,
        "address_ranges": OURS,
    },
    "incidents.Delivery": {
        "body": content("organisation", "the raw body; has a retention"),
        "sha256": content("organisation", HASH),
        "headers": content("organisation", "may name the sender's hosts"),
        "state": CODE,
        "error": content("organisation", "quotes the value that was not readable"),
        "verified_by": CODE,
    },
    "incidents.Refusal": {
        "reason": CODE,
        "last_sha256": neither("of a body that was refused and not kept"),
        "last_address": neither("where a refused request came from"),
        "last_told": neither("the topic that a refused request named"),
    },
    "incidents.Alert": {
        "dedup_key": content("organisation", HASH),
        "status": CODE,
        "title": OURS,
        "summary": OURS,
        "severity": CODE,
        "severity_told": OURS,
        "labels": OURS,
        "url": OURS,
        "held_by": neither("a kind and an id"),
        "change_times": neither("instants"),
        "group_key": content("organisation", HASH),
    },
    "incidents.Silence": {
        "matchers": OURS,
        "author_name": personal("", "whom a tool named"),
        "reason": OURS,
    },
    "incidents.SilenceNotice": {"stage": CODE},
    "incidents.Maintenance": {
        "slug": OURS,
        "reason": OURS,
        "cron": CODE,
        "zone": CODE,
    },
    "incidents.Heartbeat": {
        "slug": OURS,
        "name": OURS,
        "key_digest": RANDOM,
        "key_sealed": SEALED,
        "cron": CODE,
        "zone": CODE,
        "category": CODE,
        "tlp": CODE,
        "state": CODE,
    },
    "incidents.Suppression": {
        "held_by": neither("a kind and an id"),
        "reason": OURS,
    },
    "incidents.DeliveryCount": {"state": CODE},
    "incidents.ImportedIncident": {"import_name": OURS, "external_id": OURS},
    # Anonymous reports
    "incidents.AnonymousReport": {
        "ref": RANDOM,
        "category": CODE,
        "state": CODE,
        "code_digest": RANDOM,
        "title_sealed": content("organisation", "the reporter's, encrypted by its key"),
    },
    "incidents.ReportMessage": {
        "text_sealed": content(
            "report__organisation",
            "the reporter's or a handler's, encrypted by its key",
        ),
        "once": RANDOM,
    },
    "incidents.ReportFile": {
        "filename": neither("one of ours; what the file was called is not kept"),
        "media_type": CODE,
        "sha256": content("message__report__organisation", HASH),
        "stored_as": neither("a random path under the data folder"),
    },
    "incidents.TokenBucket": {
        "name": neither("ids of organisations and people, or two characters of a code")
    },
    # E-mail
    "incidents.Mailbox": {
        "default_category": CODE,
        "default_tlp": CODE,
        "token_digest": RANDOM,
        "token_sealed": SEALED,
        "old_token_digest": RANDOM,
    },
    "incidents.Mail": {
        "envelope_from": content("organisation", "the sender's address"),
        "reply_sent_to": content("organisation", HASH),
        "raw": content("organisation", "the mail as it came; has a retention"),
        "sha256": content("organisation", HASH),
        "state": CODE,
        "reason": content("organisation", "names the sender, or a person wrote it"),
        "once": content("organisation", HASH),
        "sender": content("organisation", "the sender's address"),
        "subject": OURS,
        "proof": CODE,
        "named_ref": RANDOM,
    },
    # Triage
    "incidents.TriageRow": {
        "state": CODE,
        "outcome": CODE,
        "reason": content("organisation", "the agency's"),
    },
    "incidents.Question": {
        "text": content("organisation", "the agency's"),
        "answer": content("incident__organisation", "the incident owner's"),
    },
    # Escalation
    "escalation.ContactMethod": {
        "slug": personal("user", "no user: the organisation's desk"),
        "channel": CODE,
        "address": personal("user", "no user: the organisation's desk"),
        "secret_sealed": SEALED,
        "verification_digest": RANDOM,
    },
    "escalation.NotificationRules": {
        "normal": personal("user", "names contact methods"),
        "urgent": personal("user", "names contact methods"),
        "zone": personal("user", "tells roughly where the person lives"),
        "quiet": personal("user", "tells when the person sleeps"),
    },
    "escalation.Notification": {
        "dedup_key": neither("kinds, ids and numbers only"),
        "purpose": CODE,
        "recipient_name": personal("recipient_user"),
        "channel": CODE,
        "address": personal("recipient_user", "no user: the organisation's desk"),
        "destination": content("organisation", "the host of an address"),
        "message": content(
            "incident__organisation", "the incident owner's, or a verification code"
        ),
        "message_sha256": content("incident__organisation", HASH),
        "status": CODE,
        "last_error": personal("recipient_user", "providers quote the address"),
    },
    "escalation.Pace": {
        "destination": content("organisation", "the host of an address"),
    },
    "escalation.Attempt": {
        "outcome": CODE,
        "detail": personal(
            "notification__recipient_user", "providers quote the address"
        ),
        "provider_id": neither("the provider's name of the message"),
    },
    "escalation.Circuit": {
        "destination": content("organisation", "the host of an address"),
    },
    "escalation.Purse": {
        "name": content("", "the number of a contact method, or a host"),
    },
    "escalation.ReplyTry": {
        "sender": personal("", "a keyed digest; deleted within hours"),
    },
    "escalation.CallbackSeen": {"key": RANDOM},
    "escalation.CallbackRefusals": {"provider": CODE},
    "escalation.WorkingCalendar": {
        "slug": OURS,
        "name": OURS,
        "zone": CODE,
        "hours": OURS,
        "holidays_of": CODE,
        "closures": OURS,
    },
    "escalation.Schedule": {"slug": OURS, "name": OURS, "zone": CODE},
    "escalation.Rotation": {"name": OURS, "unit": CODE, "weekdays": CODE},
    "escalation.Override": {
        "mode": CODE,
        "reason": content("organisation", "may name why somebody is away"),
    },
    "escalation.SwapRequest": {
        "state": CODE,
        "reason": content("organisation", "may name why somebody is away"),
    },
    "escalation.ImportedCalendar": {
        "name": OURS,
        "url_sealed": SEALED,
        "host": OURS,
        "text": content("organisation", "the calendar; names people by address"),
        "error": content("organisation", "quotes the address or the calendar"),
        "unmatched": content("organisation", "names people by address"),
    },
    "escalation.FeedToken": {"prefix": RANDOM, "digest": RANDOM},
    "escalation.Clock": {
        "what": CODE,
        "side": CODE,
        "calendar_name": OURS,
        "calendar": OURS,
        "warn": CODE,
        "on_breach": CODE,
        "state": CODE,
        "state_reason": OURS,
        "warned": CODE,
    },
    "escalation.ClockPause": {
        "reason": content("organisation", "a person wrote it"),
    },
    "escalation.Policy": {"slug": OURS, "name": OURS},
    "escalation.PolicyVersion": {
        "body": content("organisation", "its targets name people by address"),
        "reason": OURS,
        "state": CODE,
        "decision_reason": OURS,
    },
    "escalation.Route": {"name": OURS, "matchers": OURS},
    "escalation.Run": {
        "came_from": neither("ids of policies"),
        "waits_for": neither("numbers of steps and rounds"),
        "state": CODE,
        "reason": content("organisation", "quotes the route's matchers"),
        "state_reason": content("organisation", "may name who acknowledged"),
    },
    "escalation.StepTaken": {
        "outcome": CODE,
        "reason": content("organisation", "may name who was skipped"),
        "recipients": content("organisation", "names whom the step notified"),
    },
    **CUSTODY_COLUMNS,
    **DUTY_COLUMNS,
    **LOG_COLUMNS,
    # The framework's
    "auth.Permission": {"name": CODE, "codename": CODE},
    "auth.Group": {"name": CODE},
    "contenttypes.ContentType": {"app_label": CODE, "model": CODE},
    "sessions.Session": {
        "session_key": RANDOM,
        "session_data": personal("", "signed, not encrypted: holds the user's id"),
    },
}
