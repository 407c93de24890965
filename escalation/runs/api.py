"""Runs of an incident over REST, and starting one by hand."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from escalation.policies.models import Policy
from escalation.policies.sentences import describe_plan
from escalation.policies.steps import parse_policy
from escalation.runs.engine import escalate
from escalation.runs.lookup import runs_for
from escalation.runs.models import Run, RunState
from incidents.errors import BadInput
from incidents.incident.access import acting_organisation, actor_for
from incidents.incident.viewset import IncidentApiViewSet, SideBody
from incidents.models import Organisation
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
    ended_at = serializers.DateTimeField(allow_null=True)
    sentences = serializers.ListField(child=serializers.CharField())
    steps_taken = StepTakenSerializer(many=True)


class EscalateBody(SideBody):
    """Which policy to start; left out, the one of your default route."""

    policy = serializers.SlugField(default=None, allow_null=True)


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
        rows = runs_for(incident.pk, [organisation.pk])
        shown = [row for row in rows if row.pk == run.pk]
        return Response(RunSerializer(render_runs(shown)[0]).data)


def render_runs(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Return runs as the API shows them."""
    return [_shown(run) for run in runs]


def _shown(run: Run) -> dict[str, Any]:
    plan = parse_policy(run.version.body)
    copied = "state state_reason reason round started_at next_due_at ended_at"
    return {name: getattr(run, name) for name in copied.split()} | {
        "id": run.uid,
        "organisation": run.organisation.slug,
        "policy": run.version.policy.slug,
        "policy_name": run.version.policy.name,
        "version": run.version.number,
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


def _policy_named(organisation: Organisation, slug: str | None) -> Policy | None:
    if slug is None:
        return None
    own = Policy.objects.filter(organisation=organisation, archived_at=None)
    policy = own.filter(slug=slug).first()
    if policy is None:
        known = ", ".join(own.order_by("slug").values_list("slug", flat=True))
        raise BadInput("policy", slug, f"Name one of {known or 'none there are yet'}.")
    return policy
