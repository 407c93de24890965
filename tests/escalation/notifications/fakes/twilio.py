"""Twilio's Messages and Calls, of the account AC1 with the token `token`."""

import base64

from tests.escalation.notifications.fakes.provider import Answer, Call, Provider

ACCOUNT = "AC1"
TOKEN = "token"
NUMBER = "+37255500000"
_BASIC = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()


class FakeTwilio(Provider):
    def usual(self, call: Call) -> Answer:
        if call.headers.get("authorization") != _BASIC:
            return refused(20003, "Authenticate", status=401)
        kind = {"Messages.json": "SM", "Calls.json": "CA"}
        prefix = kind[call.path.rpartition("/")[2]]
        sid = f"{prefix}{len(self.calls):032d}"
        return Answer(201, {"sid": sid, "status": "queued"})


def refused(code: int, message: str, *, status: int = 400, **more) -> Answer:
    body = {"code": code, "message": message, "status": status}
    return Answer(status, body, **more)
