"""Slack's chat.postMessage and chat.update."""

from typing import Any

from tests.escalation.notifications.fakes.provider import Answer, Call, Provider


class FakeSlack(Provider):
    def usual(self, call: Call) -> Answer:
        channel = call.fields.get("channel", "")
        # To a person it opens a conversation, which has an id of its own.
        chosen = f"D{channel[1:]}" if str(channel).startswith("U") else channel
        ts = call.fields.get("ts", f"1700000000.{len(self.calls):06d}")
        return Answer(body={"ok": True, "channel": chosen, "ts": ts})


def refused(word: str, **more: Any) -> Answer:
    return Answer(body={"ok": False, "error": word}, **more)
