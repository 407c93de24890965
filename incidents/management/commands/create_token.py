"""Make an API token for a person."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from incidents.events.own_access import make_token
from incidents.organisations.models import User
from incidents.organisations.tokens import Scope
from incidents.timers.clock import read_now

MAX_NAME = 100
MAX_DAYS = 3650


class Command(BaseCommand):
    """Make a token and print it alone on the last line of the output."""

    help = "Make an API token for a person; it is printed alone on the last line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--user", required=True, help="e-mail address of the person"
        )
        parser.add_argument("--name", required=True, help="what the token is for")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="may be repeated; without it the token may do all that its person may",
        )
        parser.add_argument("--days", type=int, help="days until it expires")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the token."""
        user = User.objects.filter(
            email=options["user"].lower(), is_active=True
        ).first()
        if user is None:
            message = f"There is no active account {options['user']!r}; see --user."
            raise CommandError(message)
        if not 1 <= len(options["name"].strip()) <= MAX_NAME:
            raise CommandError(f"--name needs 1 to {MAX_NAME} characters.")
        _, text = make_token(
            user,
            name=options["name"].strip(),
            scopes=options["scope"] or Scope.values,
            expires_at=_expiry(options["days"]),
            now=read_now(),
            by_operator=True,
        )
        self.stdout.write(text)


def _expiry(days: int | None) -> datetime | None:
    if days is None:
        return None
    if not 1 <= days <= MAX_DAYS:
        raise CommandError(f"--days needs a whole number from 1 to {MAX_DAYS}.")
    return timezone.now() + timedelta(days=days)
