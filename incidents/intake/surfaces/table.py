"""List which requests are a compatible surface's to store; all others are the site's."""

from typing import Final

from incidents.intake.surfaces import alertmanager, opsgenie, pagerduty
from incidents.intake.surfaces.base import Surface

# What a path must begin with to be looked at more closely.
PREFIXES: Final = ("/v2/", "/am/", "/api/v2/")


def surface_for(method: str, path: str) -> Surface | None:
    """Return the surface that takes this request, None for one that the site answers."""
    if not path.startswith(PREFIXES):
        return None
    if path in (pagerduty.ENQUEUE, pagerduty.CHANGE_ENQUEUE):
        return pagerduty.SURFACE if method == "POST" else None
    if path == opsgenie.ALERTS or path.startswith(f"{opsgenie.ALERTS}/"):
        return opsgenie.SURFACE if method in opsgenie.WRITES else None
    is_alerts = method == "POST" and alertmanager.ALERTS.fullmatch(path)
    return alertmanager.SURFACE if is_alerts else None
