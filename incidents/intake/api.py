"""Sources and their raw deliveries over REST."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.errors import BadInput
from incidents.incident.access import actor_for, note_reading
from incidents.intake.delivery_chart import spans_of
from incidents.intake.mapping_trying import delivery_to_try, shown_seen, try_mapping
from incidents.intake.models import Delivery, DeliveryState, Source
from incidents.intake.replaying import replay, replay_many
from incidents.intake.serializers import (
    CountsSerializer,
    DeliveryBodySerializer,
    DeliverySerializer,
    HealthSerializer,
    ReplayBody,
    ReplayedSerializer,
    SourceBody,
    SourceChangeBody,
    SourceSerializer,
    StateQuery,
    TriedSerializer,
    TryBody,
)
from incidents.intake.source_facts import facts_of
from incidents.intake.source_health import judge
from incidents.intake.sources import (
    SourceOptions,
    change_source,
    create_source,
    rotate_key,
    send_trial,
)
from incidents.intake.trust import change_trust, end_old_key
from incidents.intake.trust_serializers import (
    RotateBody,
    TrustBody,
    TrustSerializer,
    shown_trust,
)
from incidents.organisations.authentication import reader_name
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import ApiToken
from incidents.organisations.roles import Action, organisations_allowing
from incidents.organisations.tokens import Scope
from incidents.rest import UID, OrganisationQuery, OwnedViewSet
from incidents.timers.clock import read_now


class SourceViewSet(OwnedViewSet):
    """The monitoring tools that may post to your organisations."""

    queryset = Source.objects.none()
    serializer_class = SourceSerializer
    write_scope = Scope.CONFIGURE

    @extend_schema(parameters=[OrganisationQuery])
    def list(self, request: Request) -> Response:
        """List the sources."""
        return self.list_rows(self._all_shown)

    def retrieve(self, request: Request, uid: str) -> Response:
        """Open one source."""
        return Response(self._shown(self.find()))

    @extend_schema(request=SourceBody, responses={201: SourceSerializer})
    def create(self, request: Request) -> Response:
        """Make a source."""
        body = self.read_body(SourceBody)
        slug = body.pop("organisation")
        organisation = organisation_for(self.person, Action.CONFIGURE, slug=slug)
        named = {name: body.pop(name) for name in ("tool", "slug", "name")}
        source, _ = create_source(
            organisation,
            **named,
            options=SourceOptions(**body),
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        source.refresh_from_db()
        shown = self._shown(source)
        return Response(shown, status=status.HTTP_201_CREATED)

    @extend_schema(request=SourceChangeBody)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change the name or the options of a source."""
        source = self.find()
        organisation = self.owner_of(source, Action.CONFIGURE)
        source = change_source(
            source,
            changes=self.read_body(SourceChangeBody),
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return Response(self._shown(source))

    @extend_schema(request=RotateBody)
    @action(detail=True, methods=["post"], url_path="rotate-key")
    def rotate_key(self, request: Request, uid: str) -> Response:
        """Give it another address; the old one ends at once, or as late as you say."""
        source = self.find()
        organisation = self.owner_of(source, Action.CONFIGURE)
        kept = timedelta(minutes=self.read_body(RotateBody)["keep_old_minutes"])
        actor = actor_for(self.person, organisation)
        rotate_key(source, actor=actor, now=read_now(), keep_old=kept)
        return Response(self._shown(source))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="end-old-key")
    def end_old_key(self, request: Request, uid: str) -> Response:
        """End its former address now."""
        source = self.find()
        organisation = self.owner_of(source, Action.CONFIGURE)
        end_old_key(source, actor=actor_for(self.person, organisation), now=read_now())
        return Response(self._shown(source))

    @extend_schema(responses=TrustSerializer)
    @action(detail=True)
    def trust(self, request: Request, uid: str) -> Response:
        """Show how its senders prove who they are, and what was refused."""
        shown = shown_trust(self.find(), now=read_now())
        return Response(TrustSerializer(shown).data)

    @extend_schema(request=TrustBody, responses=TrustSerializer)
    @trust.mapping.patch
    def change_trust(self, request: Request, uid: str) -> Response:
        """Change how its senders prove who they are."""
        source = self.find()
        organisation = self.owner_of(source, Action.CONFIGURE)
        body = self.read_body(TrustBody)
        kept = timedelta(minutes=body.pop("keep_old_secret_minutes"))
        now = read_now()
        secret = change_trust(
            source,
            changes=body,
            actor=actor_for(self.person, organisation),
            now=now,
            keep_old_secret=kept,
        )
        shown = shown_trust(source, now=now, secret=secret)
        return Response(TrustSerializer(shown).data)

    @extend_schema(responses=HealthSerializer)
    @action(detail=True)
    def health(self, request: Request, uid: str) -> Response:
        """Say whether the source is well, why not, and what to do."""
        source, now = self.find(), read_now()
        facts = facts_of([source], now=now)[source.pk]
        if facts.last_error:
            self._note([f"source:{source.uid}"])
        shown = {
            **asdict(judge(facts, now=now)),
            "last_delivery_at": facts.last_at,
            "deliveries_24h": facts.count,
            "failed_24h": facts.failed,
        }
        return Response(HealthSerializer(shown).data)

    @extend_schema(responses=CountsSerializer)
    @action(detail=True)
    def counts(self, request: Request, uid: str) -> Response:
        """Count what came and what failed, by hour and by day."""
        hours, days = spans_of(self.find(), now=read_now())
        return Response(CountsSerializer({"hours": hours, "days": days}).data)

    @extend_schema(request=TryBody, responses=TriedSerializer)
    @action(detail=True, methods=["post"], url_path="mapping/try")
    def try_mapping(self, request: Request, uid: str) -> Response:
        """Show what a mapping would make of a body, without storing anything."""
        source = self.find()
        self.owner_of(source, Action.CONFIGURE)
        given = self.read_body(TryBody)
        seen = try_mapping(source, **self._body_to_try(source, given))
        return Response(TriedSerializer(shown_seen(seen)).data)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, uid: str) -> Response:
        """Store a delivery as the tool would post it, so that the whole way is walked."""
        source = self.find()
        self.owner_of(source, Action.CONFIGURE)
        delivery = send_trial(source, now=read_now())
        delivery.refresh_from_db()
        shown = DeliverySerializer(delivery).data
        return Response(shown, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        responses=DeliverySerializer(many=True),
        parameters=[OpenApiParameter("state", enum=DeliveryState.values)],
    )
    @action(detail=True)
    def deliveries(self, request: Request, uid: str) -> Response:
        """List its deliveries, newest first."""
        wanted = self.read_query(StateQuery)
        rows = self.find().deliveries.defer("body").filter(**wanted)
        return self.respond_page(rows, self._shown_deliveries)

    def _shown_deliveries(self, rows: Sequence[Delivery]) -> Sequence[Any]:
        """Return the rows, once it is recorded whose unreadable values they quote."""
        self._note([f"delivery:{row.uid}" for row in rows if row.error])
        return [DeliverySerializer(row).data for row in rows]

    @extend_schema(responses=DeliveryBodySerializer)
    @action(detail=True, url_path=f"deliveries/(?P<delivery>{UID})")
    def delivery(self, request: Request, uid: str, delivery: str) -> Response:
        """Open one delivery as it was posted."""
        row = self._find_delivery(delivery)
        self._note_body(row)
        return Response(DeliveryBodySerializer(row).data)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(
        detail=True,
        methods=["post"],
        url_path=f"deliveries/(?P<delivery>{UID})/replay",
    )
    def replay(self, request: Request, uid: str, delivery: str) -> Response:
        """Have a delivery read once more; one that was processed changes nothing twice."""
        row = self._find_delivery(delivery)
        self.owner_of(row.source, Action.CONFIGURE)
        shown = DeliverySerializer(replay(row)).data
        return Response(shown, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=ReplayBody, responses={202: ReplayedSerializer})
    @action(detail=True, methods=["post"], url_path="replay", url_name="replay-many")
    def replay_many(self, request: Request, uid: str) -> Response:
        """Have many deliveries read once more, by state or by name; 10,000 at once."""
        source = self.find()
        self.owner_of(source, Action.CONFIGURE)
        body = self.read_body(ReplayBody)
        count = replay_many(
            source, states=body.get("states", ()), uids=body.get("deliveries")
        )
        return Response({"count": count}, status=status.HTTP_202_ACCEPTED)

    def page_order(self) -> Sequence[str]:
        """Return newest first for deliveries, the order of making for sources."""
        return ("-id",) if self.action == "deliveries" else ("id",)

    def _shown(self, source: Source) -> Any:
        return self._all_shown([source])[0]

    def _all_shown(self, sources: Sequence[Source]) -> Sequence[Any]:
        """Return the sources; an address lets its holder post: reading is not enough."""
        token = self.request.auth
        may_post: Sequence[int] = ()
        if not isinstance(token, ApiToken) or Scope.CONFIGURE in token.scopes:
            may_post = organisations_allowing(self.person, Action.CONFIGURE)
        hidden = {"url": "", "key": ""}
        return [
            {
                **SourceSerializer(source).data,
                **({} if source.organisation_id in may_post else hidden),
            }
            for source in sources
        ]

    def visible(self) -> QuerySet[Source]:
        """Return the sources of the person's organisations."""
        visible = Source.objects.visible_to(self.person)
        return visible.select_related("organisation")

    def _find_delivery(self, uid: str) -> Delivery:
        rows = Delivery.objects.filter(source=self.find(), uid=uid)
        row = rows.select_related("source__organisation").first()
        if row is None:
            raise Http404
        return row

    def _body_to_try(self, source: Source, given: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of a trial; a stored body is recorded as read."""
        uid, text = given.pop("delivery", None), given.pop("body", None)
        if text is not None:
            return {**given, "body": text.encode()}
        delivery = delivery_to_try(source, uid)
        if delivery is None:
            raise BadInput("body", "", "Nothing has arrived yet: send a body to try.")
        self._note_body(delivery)
        body = bytes(delivery.body or b"")
        return {**given, "body": body, "headers": delivery.headers}

    def _note_body(self, delivery: Delivery) -> None:
        self._note([f"delivery:{delivery.uid}"])

    def _note(self, targets: Sequence[str]) -> None:
        note_reading(
            reader=reader_name(self.request),
            user=self.person,
            incidents=[],
            targets=targets,
            now=read_now(),
        )
