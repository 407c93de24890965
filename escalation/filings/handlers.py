"""Registers what filings do when something is due, and what they have kept."""

from escalation.filings import keeping, letters, request_clocks


def register_handlers() -> None:
    """Register the handlers of filings; for ready()."""
    letters.register_handlers()
    request_clocks.register()
    keeping.register_keepers()
