"""Django's command, with the change as an entry of the person's organisations."""

from typing import Any

from django.contrib.auth.management.commands import changepassword

from incidents.events.own_access import note_password
from incidents.events.record import recording
from incidents.organisations.models import User
from incidents.timers.clock import read_now


class Command(changepassword.Command):
    """Ask for a password twice, give it to the person, and record that."""

    help = "Give a person a password; it is asked for twice and not shown."

    def handle(self, *args: Any, **options: Any) -> str | None:
        """Change the password and record it, both or neither."""
        with recording(read_now()):
            said = super().handle(*args, **options)
            email = (options["username"] or "").lower()
            note_password(User.objects.get(email=email), by_operator=True)
        return said
