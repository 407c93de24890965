"""How policies and their versions look on the API."""

from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework import serializers

from escalation.authoring.checking import Checked
from escalation.policies.diff import Change
from escalation.policies.findings import Finding
from escalation.policies.models import Policy, PolicyVersion, VersionState
from escalation.policies.sentences import describe_plan
from escalation.policies.steps import PARTS, parse_policy
from escalation.policies.timing import describe_span
from escalation.policies.versions import versions_in_force
from incidents.rest import StrictSerializer


class FindingSerializer(serializers.Serializer[Any]):
    """One thing that is wrong (error) or looks so (warning), and where."""

    level = serializers.ChoiceField(["error", "warning"])
    where = serializers.CharField(
        help_text="a step's label, else a part of the policy; empty for all of it"
    )
    what = serializers.CharField(help_text="a short code")
    message = serializers.CharField()


class TimeSerializer(serializers.Serializer[Any]):
    """When a step is taken while nobody acknowledges, in seconds from the start."""

    step = serializers.CharField(help_text="its label, or `end`")
    least_seconds = serializers.IntegerField()
    most_seconds = serializers.IntegerField(
        allow_null=True, help_text="null where a calendar decides"
    )
    text = serializers.CharField()


class CheckedSerializer(serializers.Serializer[Any]):
    """Everything that is found in a policy, and when its steps are taken."""

    is_sound = serializers.BooleanField(help_text="it can be saved")
    findings = FindingSerializer(many=True)
    times = TimeSerializer(many=True)
    sentences = serializers.ListField(child=serializers.CharField())


class VersionSerializer(serializers.Serializer[Any]):
    """What a policy says since a moment, who wrote it and why, and who decided."""

    number = serializers.IntegerField()
    state = serializers.ChoiceField(VersionState.choices)
    is_in_force = serializers.BooleanField(help_text="incidents take this one")
    reason = serializers.CharField()
    made_at = serializers.DateTimeField()
    made_by = serializers.CharField(allow_null=True, help_text="null: a file")
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField(allow_null=True)
    decision_reason = serializers.CharField()
    steps = serializers.ListField(child=serializers.DictField())
    ack_timeout_minutes = serializers.IntegerField(allow_null=True)
    promise_minutes = serializers.IntegerField(allow_null=True)
    acknowledgement = serializers.DictField(allow_null=True)
    fallback = serializers.DictField(allow_null=True)
    clocks = serializers.ListField(child=serializers.DictField(), allow_null=True)
    sentences = serializers.ListField(child=serializers.CharField())


class PolicySerializer(serializers.Serializer[Any]):
    """A policy as the version in force says it, or as proposed when none is."""

    id = serializers.IntegerField()
    organisation = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(VersionState.choices)
    proposal = serializers.IntegerField(
        allow_null=True, help_text="version that waits for a second person"
    )
    made_at = serializers.DateTimeField()
    steps = serializers.ListField(child=serializers.DictField())
    ack_timeout_minutes = serializers.IntegerField(allow_null=True)
    promise_minutes = serializers.IntegerField(allow_null=True)
    acknowledgement = serializers.DictField(allow_null=True)
    fallback = serializers.DictField(allow_null=True)
    clocks = serializers.ListField(child=serializers.DictField(), allow_null=True)
    sentences = serializers.ListField(child=serializers.CharField())


class SavedPolicySerializer(PolicySerializer):
    """The same after a change, with what to look at in what was sent."""

    warnings = FindingSerializer(many=True)


class PolicyPartsBody(StrictSerializer):
    """What a version says: steps, a fallback contact, an acknowledgement timeout."""

    steps = serializers.ListField(child=serializers.DictField())
    ack_timeout_minutes = serializers.IntegerField(default=None, allow_null=True)
    promise_minutes = serializers.IntegerField(default=None, allow_null=True)
    acknowledgement = serializers.DictField(default=None, allow_null=True)
    fallback = serializers.DictField(default=None, allow_null=True)
    clocks = serializers.ListField(
        child=serializers.DictField(), default=None, allow_null=True
    )


class PolicyCheckBody(PolicyPartsBody):
    """A version that may be saved later."""

    slug = serializers.SlugField(
        max_length=60, default="", allow_blank=True, help_text="whose version it is"
    )
    organisation = serializers.SlugField(default="", allow_blank=True)


class PolicyChangeBody(PolicyPartsBody):
    """A new version, and why it is made."""

    name = serializers.CharField(max_length=200)
    reason = serializers.CharField(max_length=500, help_text="why; shown beside it")


class PolicyBody(PolicyPartsBody):
    """A policy to be made."""

    name = serializers.CharField(max_length=200)
    reason = serializers.CharField(max_length=500, default="", allow_blank=True)
    slug = serializers.SlugField(max_length=60)
    organisation = serializers.SlugField(default="", allow_blank=True)


class LineSerializer(serializers.Serializer[Any]):
    """One sentence; its label is the step's, empty for what is no step."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field, not DRF's label
    text = serializers.CharField()


class ChangeSerializer(serializers.Serializer[Any]):
    """What became of a sentence."""

    kind = serializers.ChoiceField(["kept", "added", "removed", "changed"])
    before = LineSerializer(allow_null=True)
    after = LineSerializer(allow_null=True)


def body_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return a policy's body from what was sent; null parts are left out."""
    parts = {name: given[name] for name in PARTS if given.get(name) is not None}
    return {"steps": given["steps"], **parts}


def render_policies(policies: Sequence[Policy]) -> list[Any]:
    """Return policies in a fixed number of queries."""
    ids = [policy.pk for policy in policies]
    in_force = versions_in_force(ids)
    proposed = {
        row.policy_id: row
        for row in PolicyVersion.objects.proposed().filter(policy__in=ids)
    }
    newest = PolicyVersion.objects.filter(policy__in=set(ids) - in_force.keys())
    others = {row.policy_id: row for row in newest.order_by("number")}
    return [
        PolicySerializer(
            _policy(
                policy,
                in_force.get(policy.pk) or others[policy.pk],
                proposed.get(policy.pk),
            )
        ).data
        for policy in policies
    ]


def render_versions(policy: Policy, rows: Iterable[PolicyVersion]) -> list[Any]:
    """Return versions of one policy. Needs `made_by` and `decided_by` loaded."""
    in_force = versions_in_force([policy.pk]).get(policy.pk)
    shown = [_version(row, is_in_force=row == in_force) for row in rows]
    return list(VersionSerializer(shown, many=True).data)


def render_findings(findings: Iterable[Finding]) -> list[Any]:
    """Return what was found."""
    return list(FindingSerializer(findings, many=True).data)


def render_checked(checked: Checked) -> Any:
    """Return what was found, when steps are taken, and the policy in words."""
    shown = {
        "is_sound": not checked.errors,
        "findings": checked.findings,
        "times": [
            {
                "step": label,
                "least_seconds": span.least,
                "most_seconds": span.most,
                "text": describe_span(span),
            }
            for label, span in checked.spans.items()
        ],
        "sentences": describe_plan(checked.plan) if checked.plan else (),
    }
    return CheckedSerializer(shown).data


def render_changes(changes: Iterable[Change]) -> list[Any]:
    """Return what became of each sentence."""
    return list(ChangeSerializer(changes, many=True).data)


def _policy(
    policy: Policy, version: PolicyVersion, proposal: PolicyVersion | None
) -> dict[str, Any]:
    return {
        "id": policy.pk,
        "organisation": policy.organisation.slug,
        "slug": policy.slug,
        "name": policy.name,
        "version": version.number,
        "state": version.state,
        "proposal": proposal.number if proposal else None,
        "made_at": version.made_at,
        **_parts(version),
    }


def _version(row: PolicyVersion, *, is_in_force: bool) -> dict[str, Any]:
    copied = "number state reason made_at decided_at decision_reason"
    return {name: getattr(row, name) for name in copied.split()} | {
        "is_in_force": is_in_force,
        "made_by": str(row.made_by) if row.made_by else None,
        "decided_by": str(row.decided_by) if row.decided_by else None,
        **_parts(row),
    }


def _parts(version: PolicyVersion) -> dict[str, Any]:
    return {
        "steps": version.body["steps"],
        **{name: version.body.get(name) for name in PARTS},
        "sentences": list(describe_plan(parse_policy(version.body))),
    }
