"""What keeps answers from being guessed, repeated, or forged unseen."""

from typing import ClassVar

from django.db import models


class ReplyTry(models.Model):
    """One answer that acknowledged nothing, kept to slow down whoever guesses codes."""

    id = models.BigAutoField(primary_key=True)
    sender = models.BinaryField(help_text="keyed digest of the number it came from")
    at = models.DateTimeField()

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_reply_try"
        indexes: ClassVar = [
            # Serves the count of a sender's tries within the window.
            models.Index(fields=["sender", "at"], name="reply_try_sender")
        ]

    def __str__(self) -> str:
        return f"reply try {self.pk}"


class CallbackSeen(models.Model):
    """One callback that was acted on: the same one again changes nothing."""

    key = models.BinaryField(
        primary_key=True, help_text="sha256 of provider and its id of the callback"
    )
    at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_callback_seen"

    def __str__(self) -> str:
        return bytes(self.key).hex()


class CallbackRefusals(models.Model):
    """How many callbacks in a provider's name were not signed by it."""

    provider = models.CharField(primary_key=True, max_length=20)
    count = models.BigIntegerField(default=0)

    class Meta:
        app_label = "escalation"
        db_table = "tocsin_callback_refusals"

    def __str__(self) -> str:
        return f"{self.provider}: {self.count}"
