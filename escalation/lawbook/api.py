"""Regimes over REST: read the law, count by it, and write a framework of one's own."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.lawbook.access import (
    Bookshelf,
    bookshelf_of,
    owner_of,
    texts_visible_to,
    versions_visible_to,
)
from escalation.lawbook.editing import RegimeDraft, retire_regime, save_regime
from escalation.lawbook.models import RegimeText
from escalation.lawbook.registry import Registered
from escalation.lawbook.serializers import (
    DeadlineBody,
    DeadlineSerializer,
    ReasonQuery,
    RegimeBody,
    RegimeChangeBody,
    RegimeRowSerializer,
    RegimeSerializer,
    RegimeVersionRowSerializer,
    RegimeVersionSerializer,
    render_regime,
    render_rows,
    render_versions,
)
from escalation.regimes.anchors import AnchorError
from escalation.regimes.asking import Question, answer, stage_named, to_body
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.organisations.tokens import Scope
from incidents.rest import ApiViewSet
from incidents.timers.clock import read_now


class RegimeViewSet(ApiViewSet):
    """The laws that are known here, and your organisations' own frameworks."""

    queryset = RegimeText.objects.none()
    serializer_class = RegimeSerializer
    write_scope = Scope.CONFIGURE
    lookup_value_regex = "[a-z0-9][a-z0-9-]{0,59}"
    ordering = ("regime_id", "id")

    @extend_schema(responses=RegimeRowSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List the regimes in use."""
        shelf = bookshelf_of(self.person)
        known = shelf.all()
        rows = texts_visible_to(self.person).filter(is_current=True)
        return self.respond_page(
            rows.filter(regime_id__in=known),
            lambda page: render_rows(shelf, [known[row.regime_id] for row in page]),
        )

    def retrieve(self, request: Request, pk: str) -> Response:
        """Open one regime with its text, limbs and stages."""
        shelf = bookshelf_of(self.person)
        return Response(render_regime(shelf, shelf.find(pk)))

    @extend_schema(request=RegimeBody, responses={201: RegimeSerializer})
    def create(self, request: Request) -> Response:
        """Register an own framework as a regime."""
        body = self.read_body(RegimeBody)
        slug = body["organisation"]
        organisation = organisation_for(self.person, Action.CONFIGURE, slug=slug)
        draft = RegimeDraft(body["text"], body["reason"])
        return self._save(organisation, draft, status.HTTP_201_CREATED)

    @extend_schema(request=RegimeChangeBody)
    def update(self, request: Request, pk: str) -> Response:
        """Give an own regime a new version; clocks that run keep the former."""
        organisation = self._owner(bookshelf_of(self.person).find(pk))
        body = self.read_body(RegimeChangeBody)
        draft = RegimeDraft(body["text"], body["reason"], pk)
        return self._save(organisation, draft, status.HTTP_200_OK)

    @extend_schema(parameters=[ReasonQuery], responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take an own regime out of use; not while your legal profile names it."""
        organisation = self._owner(bookshelf_of(self.person).find(pk))
        retire_regime(
            organisation,
            pk,
            reason=self.read_query(ReasonQuery)["reason"],
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=DeadlineBody, responses=DeadlineSerializer)
    @action(detail=True, methods=["post"])
    def deadline(self, request: Request, pk: str) -> Response:
        """Count when a stage is due, and store nothing."""
        shelf = bookshelf_of(self.person)
        regime = shelf.find(pk).regime
        body = self.read_body(DeadlineBody)
        watched = _watched(shelf, pk)
        try:
            question = Question(
                anchors=list(_pairs(body["anchors"])),
                **{name: body[name] or watched[name] for name in watched},
            )
            found = answer(regime, stage_named(regime, body["stage"]), question)
        except AnchorError as error:
            raise BadInput(_place(error), error.value, error.remedy) from error
        return Response(DeadlineSerializer(to_body(regime, found)).data)

    @extend_schema(responses=RegimeVersionRowSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def versions(self, request: Request, pk: str) -> Response:
        """List the versions of its text, the newest first."""
        rows = render_versions(versions_visible_to(self.person, pk))
        return Response(RegimeVersionRowSerializer(rows[::-1], many=True).data)

    @extend_schema(responses=RegimeVersionSerializer)
    @action(detail=True, url_path=r"versions/(?P<number>[0-9]{1,9})")
    def version(self, request: Request, pk: str, number: str) -> Response:
        """Open one version, in use or not."""
        rows = render_versions(versions_visible_to(self.person, pk))
        if not 1 <= int(number) <= len(rows):
            raise Http404
        return Response(RegimeVersionSerializer(rows[int(number) - 1]).data)

    def _owner(self, registered: Registered) -> Organisation:
        return owner_of(self.person, registered, Action.CONFIGURE)

    def _save(
        self, organisation: Organisation, draft: RegimeDraft, code: int
    ) -> Response:
        row = save_regime(
            organisation,
            draft,
            user=self.person,
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        shelf = bookshelf_of(self.person)
        return Response(render_regime(shelf, shelf.find(row.regime_id)), status=code)


def _watched(shelf: Bookshelf, regime_id: str) -> dict[str, str]:
    """Return where the caller's clocks are read: as their only profile has it."""
    found = [shelf.profiles[one.pk] for one in shelf.watching(regime_id)]
    if len(found) != 1:
        return {"zone": "", "calendar": "", "entity": ""}
    watched = found[0].regimes[regime_id]
    return {
        "zone": watched.zone,
        "calendar": watched.calendar,
        "entity": watched.entity,
    }


def _pairs(anchors: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in anchors.items():
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, str):
                remedy = "Write an instant as text, or a list of such texts."
                raise BadInput(f"anchors.{name}", one, remedy)
            yield name, one


def _place(error: AnchorError) -> str:
    """Return the field of the body that cannot be used."""
    if error.field in ("stage", "zone", "calendar"):
        return error.field
    return f"anchors.{error.field.removeprefix('anchor ')}"
