"""Take mail for incidents: `manage.py receive_mail`."""

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from incidents.mail.receiver import listen

MISSING = "Set TOCSIN_MAIL_LISTEN, for example lmtp://127.0.0.1:8024."


class Command(BaseCommand):
    """Listen for a mail relay until told to stop."""

    help = "Take mail over LMTP or SMTP, as TOCSIN_MAIL_LISTEN says."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a polite kill or Ctrl-C."""
        if not settings.MAIL_LISTEN:
            raise CommandError(MISSING)
        try:
            asyncio.run(self._serve(settings.MAIL_LISTEN))
        except OSError as error:
            message = f"{settings.MAIL_LISTEN} cannot be listened on: {error.strerror}."
            raise CommandError(message) from error

    async def _serve(self, address: str) -> None:
        server = await listen(address)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        self.stdout.write(f"Taking mail at {address}")
        self.stdout.flush()
        async with server:
            await stop.wait()
