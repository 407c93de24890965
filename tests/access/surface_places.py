"""Addresses of compatible surfaces, for whoever has the key of a source.

Who gets in there: tests/incidents/intake/test_surface_views.py.
"""

_ALERTMANAGER = (
    *("alerts", "groups", "healthy", "ready", "receivers"),
    *("silence", "silences", "status", "v1", "v1-bare"),
)
_OPSGENIE = (
    *("alert", "alerts", "count", "request"),
    *("heartbeat", "heartbeats", "ping"),
)
PUBLIC = {
    *(f"alertmanager-{name}" for name in _ALERTMANAGER),
    *(f"opsgenie-{name}" for name in _OPSGENIE),
}
