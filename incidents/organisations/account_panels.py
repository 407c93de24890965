"""Lets apps above put their part on a person's account page."""

from collections.abc import Callable
from typing import Any

from incidents.organisations.models import User

AccountPanel = Callable[[User], dict[str, Any]]

_panels: list[AccountPanel] = []


def add_account_panel(panel: AccountPanel) -> None:
    """Have `panel(person)` add its variables to the account page; for ready()."""
    _panels.append(panel)


def account_parts(person: User) -> dict[str, Any]:
    """Return the variables of all parts."""
    return {name: value for panel in _panels for name, value in panel(person).items()}
