"""Witnesses of our log, and the logs that we witness, over REST."""

from base64 import b64encode
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.organisations.tokens import Scope
from incidents.rest import OwnedViewSet, StrictSerializer
from incidents.timers.clock import read_now
from incidents.witnessing.editing import (
    LogDraft,
    WitnessDraft,
    add_witness,
    change_log,
    change_witness,
    may_configure,
    named_side,
    platform_actor,
    read_root,
    watch_log,
)
from incidents.witnessing.models import WatchedLog, Witness
from incidents.witnessing.own_key import own_public_key


class WitnessSerializer(serializers.Serializer[Any]):
    """A witness, and how it stands."""

    id = serializers.UUIDField(source="uid")
    slug = serializers.CharField(help_text="its name in the policy")
    vkey = serializers.CharField()
    side = serializers.SerializerMethodField(help_text="lab, agency or other")
    is_active = serializers.BooleanField()
    added_at = serializers.DateTimeField()
    size = serializers.IntegerField(help_text="the newest head that it cosigned")
    cosigned_at = serializers.DateTimeField(allow_null=True)
    failures = serializers.IntegerField(help_text="how often in a row it did not")
    failed_why = serializers.CharField()

    def get_side(self, witness: Witness) -> str:
        """Return on whose side it stands."""
        return witness.organisation.kind if witness.organisation else "other"


class WitnessOfPlatformSerializer(WitnessSerializer):
    """The same, with whose it is and where it is asked."""

    organisation = serializers.CharField(source="organisation.slug", default=None)
    address = serializers.CharField(help_text="empty: it fetches heads itself")


class WitnessChangeBody(StrictSerializer):
    """What is to be changed; a witness keeps its key."""

    address = serializers.CharField(required=False, allow_blank=True, max_length=500)
    is_active = serializers.BooleanField(required=False)


class WitnessBody(StrictSerializer):
    """A witness to be added."""

    slug = serializers.SlugField(max_length=60)
    vkey = serializers.CharField(max_length=300)
    address = serializers.CharField(default="", allow_blank=True, max_length=500)
    organisation = serializers.SlugField(
        default="", allow_blank=True, help_text="whose it is; empty: of no party"
    )


class WatchedLogSerializer(serializers.Serializer[Any]):
    """A log that is watched here."""

    id = serializers.UUIDField(source="uid")
    origin = serializers.CharField()
    vkeys = serializers.SerializerMethodField()
    is_active = serializers.BooleanField()
    added_at = serializers.DateTimeField()
    size = serializers.IntegerField(help_text="the newest head that we cosigned")
    root = serializers.SerializerMethodField(  # type: ignore[assignment]  # DRF's own name
        help_text="its root, base64"
    )
    cosigned_at = serializers.DateTimeField(allow_null=True)
    refused_at = serializers.DateTimeField(
        allow_null=True, help_text="when it signed a second head of one size"
    )
    witness_vkey = serializers.SerializerMethodField(
        help_text="what its operator needs to verify our cosignatures"
    )

    def get_vkeys(self, watched: WatchedLog) -> list[str]:
        """Return its keys."""
        return watched.vkeys.splitlines()

    def get_root(self, watched: WatchedLog) -> str:
        """Return the root as text."""
        return b64encode(watched.root).decode()

    def get_witness_vkey(self, watched: WatchedLog) -> str:
        """Return our own key."""
        key = own_public_key()
        return key.vkey() if key else ""


class WatchedLogChangeBody(StrictSerializer):
    """What is to be changed; what was cosigned stays."""

    vkeys = serializers.ListField(
        child=serializers.CharField(max_length=300), required=False, max_length=4
    )
    is_active = serializers.BooleanField(required=False)


class WatchedLogBody(StrictSerializer):
    """A log to be watched, from the head on that its operator handed over."""

    origin = serializers.CharField(max_length=200)
    vkeys = serializers.ListField(
        child=serializers.CharField(max_length=300), max_length=4
    )
    size = serializers.IntegerField(default=0, min_value=0)
    root = serializers.CharField(  # type: ignore[assignment]  # DRF's own name
        default="", allow_blank=True, help_text="base64; empty for size 0"
    )


class WitnessViewSet(OwnedViewSet):
    """Who cosigns the heads of our log."""

    queryset = Witness.objects.none()
    serializer_class = WitnessSerializer
    write_scope = Scope.CONFIGURE

    def list(self, request: Request) -> Response:
        """List the witnesses, ended ones too."""
        return self.respond_page(self.visible(), self._shown)

    def retrieve(self, request: Request, uid: str) -> Response:
        """Open one witness."""
        return Response(self._shown([self.find()])[0])

    @extend_schema(request=WitnessBody, responses={201: WitnessOfPlatformSerializer})
    def create(self, request: Request) -> Response:
        """Have a witness cosign, for administrators of the platform."""
        actor = platform_actor(self.person)
        body = self.read_body(WitnessBody)
        draft = WitnessDraft(
            **{**body, "organisation": named_side(body["organisation"])}
        )
        witness = add_witness(draft, actor=actor, now=read_now())
        return Response(self._shown([witness])[0], status=status.HTTP_201_CREATED)

    @extend_schema(request=WitnessChangeBody)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Ask it elsewhere, end it or begin with it again."""
        witness, actor = self.find(), platform_actor(self.person)
        changes = self.read_body(WitnessChangeBody)
        changed = change_witness(witness, **changes, actor=actor, now=read_now())
        return Response(self._shown([changed])[0])

    def visible(self) -> QuerySet[Witness]:
        """Return all of them: whose policy they stand in is nobody's secret."""
        return Witness.objects.select_related("organisation")

    def _shown(self, witnesses: Any) -> Any:
        """Labs do not learn of each other: whose each is, only the platform reads."""
        of_platform = may_configure(self.person)
        kind = WitnessOfPlatformSerializer if of_platform else WitnessSerializer
        return kind(witnesses, many=True).data


class WatchedLogViewSet(OwnedViewSet):
    """Logs of others whose heads this installation cosigns, for the platform's administrators."""

    queryset = WatchedLog.objects.none()
    serializer_class = WatchedLogSerializer
    write_scope = Scope.CONFIGURE

    def list(self, request: Request) -> Response:
        """List the logs that are watched."""
        return self.respond_page(self.visible(), self._shown)

    def retrieve(self, request: Request, uid: str) -> Response:
        """Open one of them."""
        return Response(self._shown([self.find()])[0])

    @extend_schema(request=WatchedLogBody, responses={201: WatchedLogSerializer})
    def create(self, request: Request) -> Response:
        """Watch a log."""
        actor = platform_actor(self.person)
        body = self.read_body(WatchedLogBody)
        draft = LogDraft(**{**body, "root": read_root(body["root"])})
        watched = watch_log(draft, actor=actor, now=read_now())
        return Response(self._shown([watched])[0], status=status.HTTP_201_CREATED)

    @extend_schema(request=WatchedLogChangeBody)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Know it by other keys, end watching it, or go on."""
        watched, actor = self.find(), platform_actor(self.person)
        changes = self.read_body(WatchedLogChangeBody)
        changed = change_log(watched, **changes, actor=actor, now=read_now())
        return Response(self._shown([changed])[0])

    def visible(self) -> QuerySet[WatchedLog]:
        """Return all of them, to administrators of the platform."""
        rows = WatchedLog.objects.all()
        return rows if may_configure(self.person) else rows.none()

    def _shown(self, rows: Any) -> Any:
        return WatchedLogSerializer(rows, many=True).data
