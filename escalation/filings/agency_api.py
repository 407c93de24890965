"""What an agency does with a filing over REST, and the lab's answer to its requests."""

import sys
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.filings.access import FilingSeen, agency_actor, lab_actor
from escalation.filings.by_hand import PortalReceipt, record_by_hand
from escalation.filings.exchange_models import FilingRequest
from escalation.filings.inquiries import (
    answer_in_part,
    answer_request,
    request_information,
)
from escalation.filings.passing_on import Transfer, transfer
from escalation.filings.receiving import accept, receive, return_filing
from escalation.filings.request_changes import move_request, withdraw_request
from escalation.filings.serializers import (
    AcceptBody,
    AnswerRequestBody,
    AskBody,
    ByHandBody,
    FilingSerializer,
    MoveRequestBody,
    ReturnBody,
    TransferBody,
    WithdrawRequestBody,
)
from escalation.filings.viewset import PART, FilingApiViewSet
from incidents.errors import BadInput
from incidents.organisations.directory import agency_named
from incidents.organisations.roles import Action
from incidents.timers.clock import read_now


class FilingWorkViewSet(FilingApiViewSet):
    """Receive, return, accept, ask and give on; and answer."""

    @extend_schema(request=None, parameters=[PART], responses=FilingSerializer)
    @action(detail=True, methods=["post"])
    def receive(self, request: Request, ref: str) -> Response:
        """Give the receipt with its number; a second time changes nothing."""
        return self._do(receive)

    @extend_schema(request=ReturnBody, parameters=[PART], responses=FilingSerializer)
    @action(detail=True, methods=["post"], url_path="return")
    def give_back(self, request: Request, ref: str) -> Response:
        """Return it to be corrected, with remarks on its fields."""
        return self._do(return_filing, ReturnBody)

    @extend_schema(request=AcceptBody, parameters=[PART], responses=FilingSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, ref: str) -> Response:
        """Say that nothing more is wanted of it."""
        return self._do(accept, AcceptBody)

    @extend_schema(request=AskBody, parameters=[PART], responses=FilingSerializer)
    @action(detail=True, methods=["post"])
    def ask(self, request: Request, ref: str) -> Response:
        """Ask the lab, by when you want the answer: a clock of the lab runs until then."""
        return self._do(request_information, AskBody)

    @extend_schema(
        request=MoveRequestBody, parameters=[PART], responses=FilingSerializer
    )
    @action(detail=True, methods=["post"], url_path="move-request")
    def move_request(self, request: Request, ref: str) -> Response:
        """Set another date for the answer to a request of yours, later or earlier."""
        return self._do_on_request(move_request, MoveRequestBody)

    @extend_schema(
        request=WithdrawRequestBody, parameters=[PART], responses=FilingSerializer
    )
    @action(detail=True, methods=["post"], url_path="withdraw-request")
    def withdraw_request(self, request: Request, ref: str) -> Response:
        """Say that no answer to a request of yours is wanted any more."""
        return self._do_on_request(withdraw_request, WithdrawRequestBody)

    @extend_schema(request=TransferBody, parameters=[PART], responses=FilingSerializer)
    @action(detail=True, methods=["post"])
    def transfer(self, request: Request, ref: str) -> Response:
        """Give it on to another authority; the lab is told to whom and why."""
        seen = self.find()
        recipient, actor = agency_actor(seen)
        body = self.read_body(TransferBody)
        slug = body.pop("agency")
        wanted = Transfer(agency=agency_named(slug) if slug else None, **body)
        transfer(recipient, wanted, user=self.person, actor=actor, now=read_now())
        return self.respond(seen.filing)

    @extend_schema(request=AnswerRequestBody, responses=FilingSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, ref: str) -> Response:
        """Answer an agency's request for your lab, or send a part of the answer."""
        seen = self.find()
        actor = lab_actor(seen, Action.ANSWER)
        body = self.read_body(AnswerRequestBody)
        act = answer_in_part if body["is_partial"] else answer_request
        act(
            _asked(seen, body),
            text=body["text"],
            user=self.person,
            actor=actor,
            now=read_now(),
        )
        return self.respond(seen.filing)

    def _do(self, act: Any, body_class: Any = None) -> Response:
        seen = self.find()
        recipient, actor = agency_actor(seen)
        body = self.read_body(body_class) if body_class else {}
        act(recipient, **body, user=self.person, actor=actor, now=read_now())
        return self.respond(seen.filing)

    def _do_on_request(self, act: Any, body_class: Any) -> Response:
        seen = self.find()
        recipient, actor = agency_actor(seen)
        body = self.read_body(body_class)
        asked = recipient.requests.filter(number=body.pop("number"))
        found = asked.select_related("recipient__filing", "organisation").first()
        if found is None:
            number = self.request.data.get("number")
            raise BadInput("number", number, "Name a request of yours on this part.")
        act(found, **body, user=self.person, actor=actor, now=read_now())
        return self.respond(seen.filing)


class FilingByHandViewSet(FilingApiViewSet):
    """What a person filed at a portal."""

    # `config/body_limit.py` says how large a form with a file may be.
    max_body_bytes: ClassVar[int] = sys.maxsize

    @extend_schema(
        request={"multipart/form-data": ByHandBody}, responses=FilingSerializer
    )
    @action(detail=True, methods=["post"], url_path="by-hand")
    def by_hand(self, request: Request, ref: str) -> Response:
        """Record the portal's reference and receipt: only then is it submitted."""
        seen = self.find()
        actor = lab_actor(seen, Action.SHARE)
        body = self.read_body(ByHandBody)
        receipt = PortalReceipt(
            key=body["recipient"],
            reference=body["reference"],
            submitted_at=body["submitted_at"],
            upload=body["file"],
            filename=body["file"].name,
            version=body["version"],
        )
        record_by_hand(
            seen.filing, receipt, user=self.person, actor=actor, now=read_now()
        )
        return self.respond(seen.filing)

    def get_parsers(self) -> list[Any]:
        """Return the form parser: it takes files."""
        return [MultiPartParser()]


def _asked(seen: FilingSeen, body: dict[str, Any]) -> FilingRequest:
    rows = FilingRequest.objects.filter(
        recipient__filing=seen.filing, number=body["number"]
    ).select_related("recipient__filing", "organisation")
    if body["agency"]:
        rows = rows.filter(organisation__slug=body["agency"])
    if body["part"]:
        rows = rows.filter(recipient__key=body["part"])
    found = list(rows)
    if not found:
        raise BadInput("number", body["number"], "There is no such request.")
    if len(found) > 1:
        slugs = {one.organisation.slug for one in found}
        keys = {one.recipient.key for one in found}
        name, known = ("agency", slugs) if len(slugs) > 1 else ("part", keys)
        raise BadInput(name, body[name], f"Name one of {', '.join(sorted(known))}.")
    return found[0]
