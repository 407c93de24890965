"""Runs of an incident over REST, and starting one by hand."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypedDict

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.policies.models import Policy
from escalation.policies.sentences import describe_plan
from escalation.policies.steps import parse_policy
from escalation.policies.targets import Target
from escalation.runs.acknowledged import standing_in_words
from escalation.runs.engine import escalate
from escalation.runs.lookup import runs_for
from escalation.runs.models import Run, RunState
from escalation.runs.passing_on import CANNOT, Told, pass_on_by_hand
from escalation.runs.pausing import snooze, unsnooze
from escalation.runs.reassigning import reassign
from escalation.runs.trail import label_of
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.incident.access import acting_organisation, actor_for
from incidents.incident.viewset import IncidentApiViewSet, SideBody
from incidents.models import Incident, Organisation
from incidents.organisations.roles import Action
from incidents.timers.clock import read_now


class StepTakenSerializer(serializers.Serializer[Any]):
    """One step as it really went."""

    step = serializers.CharField(help_text="its place: 3, 3.1, 3 else 1")
    round = serializers.IntegerField()
    outcome = serializers.CharField()
    reason = serializers.CharField()
    due_at = serializers.DateTimeField()
    ran_at = serializers.DateTimeField()
    recipients = serializers.ListField(child=serializers.CharField())


class WaitsForSerializer(serializers.Serializer[Any]):
    """Pages that it sent last."""

    step = serializers.CharField(help_text="its place, or reassignment")
    round = serializers.IntegerField()


class RunSerializer(serializers.Serializer[Any]):
    """A policy at work for one of your organisations."""

    id = serializers.UUIDField()
    organisation = serializers.CharField()
    policy = serializers.CharField()
    policy_name = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(RunState.choices)
    state_reason = serializers.CharField()
    reason = serializers.CharField(help_text="why this policy")
    next_step = serializers.CharField(help_text="its place: 3, 3.1, 3 else 1")
    round = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    next_due_at = serializers.DateTimeField(allow_null=True)
    waits_for = WaitsForSerializer(
        many=True,
        help_text="whose pages take it on where they fail; the last one can be passed on",
    )
    snoozed_until = serializers.DateTimeField(allow_null=True)
    assigned_to = serializers.CharField(allow_null=True)
    acknowledgement = serializers.CharField(
        help_text="how far it is, where the policy wants several people's"
    )
    ended_at = serializers.DateTimeField(allow_null=True)
    sentences = serializers.ListField(child=serializers.CharField())
    steps_taken = StepTakenSerializer(many=True)


class EscalateBody(SideBody):
    """Which policy to start; left out, the one of your default route."""

    policy = serializers.SlugField(default=None, allow_null=True)


class ReassignBody(SideBody):
    """Who gets it: either a person, by e-mail address, or a team, by slug."""

    user = serializers.EmailField(default="", allow_blank=True)
    team = serializers.SlugField(default="", allow_blank=True)
    reason = serializers.CharField(max_length=300)


class SnoozeBody(SideBody):
    """Until when, and why."""

    until = serializers.DateTimeField()
    reason = serializers.CharField(max_length=300)


class PassOnBody(SideBody):
    """What you pass on, as in the run's `waits_for`, and why; all may be left out.

    With `step` and `round` a repeat of the request passes nothing more on.
    """

    run = serializers.UUIDField(default=None, allow_null=True)
    step = serializers.CharField(default="", allow_blank=True, max_length=40)
    round = serializers.IntegerField(default=None, allow_null=True)
    reason = serializers.CharField(max_length=300, default="", allow_blank=True)


class Doing(TypedDict):
    """Who does it, and when."""

    actor: Actor
    now: datetime


class RunViewSet(IncidentApiViewSet):
    """What an incident's escalation does and did."""

    @extend_schema(responses=RunSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def runs(self, request: Request, ref: str) -> Response:
        """List the runs of your own organisations, newest first."""
        incident, sides = self.find_for_reading()
        rows = runs_for(incident.pk, [side.pk for side in sides])
        return Response(RunSerializer(render_runs(rows), many=True).data)

    @extend_schema(request=EscalateBody, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def escalate(self, request: Request, ref: str) -> Response:
        """Start a policy at once; one of your organisation that is at work ends."""
        incident, body = self.find(), self.read_body(EscalateBody)
        organisation = acting_organisation(
            self.person, incident, Action.MANAGE, slug=body["organisation"]
        )
        run = escalate(
            incident,
            organisation=organisation,
            policy=_policy_named(organisation, body["policy"]),
            actor=actor_for(self.person, organisation),
            now=read_now(),
        )
        return self._respond(run)

    @extend_schema(request=ReassignBody, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def reassign(self, request: Request, ref: str) -> Response:
        """Give it to a person or team of your organisation; they are paged at once."""
        incident, body = self.find(), self.read_body(ReassignBody)
        side, who = self._side(incident, body["organisation"])
        to, reason = target_of(body), body["reason"]
        run = reassign(incident, organisation=side, to=to, reason=reason, **who)
        return self._respond(run)

    @extend_schema(request=SnoozeBody, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, ref: str) -> Response:
        """Page nobody of your organisation until an instant; then its path goes on."""
        incident, body = self.find(), self.read_body(SnoozeBody)
        side, who = self._side(incident, body["organisation"])
        until, reason = body["until"], body["reason"]
        run = snooze(incident, organisation=side, until=until, reason=reason, **who)
        return self._respond(run)

    @extend_schema(request=SideBody, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def unsnooze(self, request: Request, ref: str) -> Response:
        """End a snooze; the path goes on at once."""
        incident, body = self.find(), self.read_body(SideBody)
        side, who = self._side(incident, body["organisation"])
        return self._respond(unsnooze(incident, organisation=side, **who))

    @extend_schema(request=PassOnBody, responses=RunSerializer)
    @action(detail=True, methods=["post"], url_path="pass-on")
    def pass_on(self, request: Request, ref: str) -> Response:
        """Say that you cannot take it; the next step is taken at once.

        409 where it has moved on from the step that you name.
        """
        incident, body = self.find(), self.read_body(PassOnBody)
        side, who = self._side(incident, body["organisation"])
        run = pass_on_by_hand(
            incident,
            organisation=side,
            seen=Told(body["run"], body["step"], body["round"]),
            reason=body["reason"] or CANNOT,
            **who,
        )
        return self._respond(run)

    def _side(self, incident: Incident, slug: str) -> tuple[Organisation, Doing]:
        side = acting_organisation(self.person, incident, Action.ACKNOWLEDGE, slug=slug)
        return side, {"actor": actor_for(self.person, side), "now": read_now()}

    def _respond(self, run: Run) -> Response:
        rows = runs_for(run.incident_id, [run.organisation_id])
        shown = [row for row in rows if row.pk == run.pk]
        return Response(RunSerializer(render_runs(shown)[0]).data)


def render_runs(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Return runs as the API shows them."""
    return [_shown(run) for run in runs]


def _shown(run: Run) -> dict[str, Any]:
    plan = parse_policy(run.version.body)
    copied = (
        "state state_reason reason round started_at next_due_at snoozed_until ended_at"
    )
    return {name: getattr(run, name) for name in copied.split()} | {
        "id": run.uid,
        "organisation": run.organisation.slug,
        "policy": run.version.policy.slug,
        "policy_name": run.version.policy.name,
        "version": run.version.number,
        "assigned_to": str(run.assigned_to) if run.assigned_to else None,
        "acknowledgement": standing_in_words(run, plan),
        "waits_for": [
            {"step": label_of(run, step), "round": number}
            for step, number in run.waits_for
        ],
        "next_step": plan.label_at(run.step_index),
        "sentences": list(describe_plan(plan)),
        "steps_taken": [
            {
                "step": plan.label_at(taken.step_index),
                "round": taken.round,
                "outcome": taken.outcome,
                "reason": taken.reason,
                "due_at": taken.due_at,
                "ran_at": taken.ran_at,
                "recipients": [str(name) for name in taken.recipients],
            }
            for taken in run.steps_taken.all()
        ],
    }


def target_of(body: dict[str, Any]) -> Target:
    """Return to whom something is given. Raises BadInput unless just one is named."""
    user, team = body["user"], body["team"]
    if bool(user) == bool(team):
        raise BadInput("user", user, "Name either a person or a team.")
    return Target("user", user) if user else Target("team", team)


def _policy_named(organisation: Organisation, slug: str | None) -> Policy | None:
    if slug is None:
        return None
    own = Policy.objects.filter(organisation=organisation, archived_at=None)
    policy = own.filter(slug=slug).first()
    if policy is None:
        known = ", ".join(own.order_by("slug").values_list("slug", flat=True))
        raise BadInput("policy", slug, f"Name one of {known or 'none there are yet'}.")
    return policy
