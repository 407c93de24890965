"""Every way in which access changes, and the entry that says so before it takes effect.

A model that may give access is one with a secret of ours, or one whose rows begin and end
something for somebody. Its row says by which kinds it is recorded, or why by none.
"""

_CONFIG = "config.changed"
_GRANTS = ("access.granted", "access.revoked")

RECORDED: dict[str, tuple[str, ...]] = {
    "incidents.Membership": _GRANTS,
    "incidents.ApiToken": _GRANTS,
    "incidents.ReportReader": _GRANTS,
    "incidents.User": ("access.changed", _CONFIG, "erasure.approved"),
    "incidents.PartyKey": ("party_key.added", "party_key.retired"),
    "incidents.Share": ("incident.shared", "incident.unshared"),
    "incidents.Team": (_CONFIG,),
    "incidents.Source": (_CONFIG,),
    "incidents.Heartbeat": (_CONFIG,),
    "incidents.Mailbox": (_CONFIG,),
    "incidents.ReportHandler": (_CONFIG,),
    "incidents.WatchedLog": (_CONFIG,),
    "incidents.Witness": ("log.witness_added", "log.witness_removed"),
    "escalation.ContactMethod": (_CONFIG,),
    "escalation.FeedToken": (_CONFIG,),
    "escalation.ImportedCalendar": (_CONFIG,),
    # The code of the inbox is the reporter's alone, and there from the first moment.
    "incidents.AnonymousReport": ("report.received",),
}

_SPAN = "it begins and ends, and opens nothing"
_NAME = "its random part is a name, and opens nothing without access"
DECLARED: dict[str, str] = {
    "sessions.Session": "signing in uses access and changes none; a password's change, "
    "which ends the others, is recorded",
    "escalation.CallbackSeen": "keeps a callback from being acted on twice",
    "escalation.Filing": _NAME,
    "incidents.Incident": _NAME,
    "incidents.Mail": _NAME,
    "incidents.ReportMessage": "keeps a form from being sent twice",
    "escalation.Attempt": _SPAN,
    "escalation.Clock": _SPAN,
    "escalation.Run": _SPAN,
    "escalation.StatutoryClock": _SPAN,
    "incidents.Acknowledgement": _SPAN,
    "incidents.Alert": _SPAN,
    "incidents.Audit": _SPAN,
    "incidents.EndedLog": _SPAN,
    "incidents.Maintenance": _SPAN,
    "incidents.RetentionRun": _SPAN,
    "incidents.TimeStampAuthority": "vouches for times of heads; it reads nothing here",
}
