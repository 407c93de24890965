"""A service of the long tail: Gotify's POST /message."""

from tests.escalation.notifications.fakes.provider import Answer, Call, Provider


class FakeGotify(Provider):
    @property
    def address(self) -> str:
        return f"gotify://127.0.0.1:{self.server_port}/AbCdEf123"

    def usual(self, call: Call) -> Answer:
        return Answer(body={"id": len(self.calls)})
