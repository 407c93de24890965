"""Pages that say routes and policies in plain sentences, and whom they reach today.

They stand with routing because they show what lies below it: policies, runs, people.
"""

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.sentences import describe_plan, describe_step
from escalation.policies.steps import NotifyStep, parse_policy
from escalation.routing.models import Route
from escalation.routing.rules import describe, parse_matchers
from escalation.runs.decide import URGENT_FROM, Facts, fallback_of, reached_by
from escalation.runs.facts import facts_now, names_of
from escalation.runs.models import Run, RunState
from incidents.models import Organisation, OrganisationKind
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

_RUNNING = Q(versions__runs__state__in=[RunState.ACTIVE, RunState.ACKNOWLEDGED])
_NOBODY = "Nobody there has a verified contact method: this step is skipped."


@page("GET")
def policy_list(request: PageRequest) -> HttpResponse:
    """Show the routes and policies of the reader's organisations."""
    groups = [_group(organisation) for organisation in _own(request)]
    context = {"groups": groups, "is_one": len(groups) == 1}
    return render(request, "escalation/policies/list.html", context)


@page("GET")
def policy_detail(request: PageRequest, pk: int) -> HttpResponse:
    """Show one policy in sentences, in force or as an earlier version."""
    own = Policy.objects.filter(organisation__in=_own(request))
    policy = own.select_related("organisation").filter(pk=pk).first()
    versions = list(policy.versions.select_related("made_by")) if policy else []
    wanted = request.GET.get("version", "")
    shown = [v for v in versions if wanted in ("", str(v.number))]
    if policy is None or not shown:
        raise Http404
    context = _detail(policy, versions, shown[0])
    return render(request, "escalation/policies/detail.html", context)


def _own(request: PageRequest) -> QuerySet[Organisation]:
    own = Organisation.objects.of(request.user)
    return own.exclude(kind=OrganisationKind.PLATFORM)


def _group(organisation: Organisation) -> dict[str, Any]:
    routes = Route.objects.filter(organisation=organisation).select_related("policy")
    policies = Policy.objects.filter(organisation=organisation, archived_at=None)
    policies = policies.annotate(
        running_count=Count("versions__runs", filter=_RUNNING, distinct=True)
    )
    newest = PolicyVersion.objects.filter(policy__in=policies).order_by("number")
    versions = {version.policy_id: version for version in newest}
    return {
        "organisation": organisation,
        "routes": [_route(route) for route in routes.prefetch_related("share_with")],
        "policies": [_listed(policy, versions[policy.pk]) for policy in policies],
    }


def _route(route: Route) -> dict[str, Any]:
    url = reverse("policy-detail", args=[route.policy_id]) if route.policy_id else ""
    sentence = describe(parse_matchers(route.matchers))
    return {
        "position": route.position,
        "name": route.name,
        "sentence": sentence[:1].upper() + sentence[1:],
        "is_default": route.is_default,
        "policy": route.policy,
        "policy_url": url,
        "share_with": [str(agency) for agency in route.share_with.all()],
    }


def _listed(policy: Any, version: PolicyVersion) -> dict[str, Any]:
    plan = parse_policy(version.body)
    first = next((s for s in plan.steps if isinstance(s, NotifyStep)), plan.steps[0])
    return {
        "name": policy.name,
        "get_absolute_url": reverse("policy-detail", args=[policy.pk]),
        "version": version.number,
        "sentence": f"{describe_step(first)}.",
        "step_count": len(plan.steps),
        "running_count": policy.running_count,
    }


def _detail(
    policy: Policy, versions: list[PolicyVersion], shown: PolicyVersion
) -> dict[str, Any]:
    plan = parse_policy(shown.body)
    now = read_now()
    today = facts_now(policy.organisation, plan, severity=URGENT_FROM, now=now)
    running = Run.objects.filter(
        version=shown, state__in=[RunState.ACTIVE, RunState.ACKNOWLEDGED]
    )
    return {
        "policy": policy,
        "version": shown,
        "steps": [_step(today, index) for index in range(len(plan.steps))],
        "endings": _endings(today),
        "facts": [
            {"label": "Organisation", "value": policy.organisation},
            {"label": "Made", "at": shown.made_at},
            {"label": "By", "value": shown.made_by or "configuration file"},
            {"label": "Running now", "value": running.count()},
        ],
        "versions": [_version(policy, row, versions[0]) for row in versions],
        "is_old": shown.pk != versions[0].pk,
    }


def _step(today: Facts, index: int) -> dict[str, Any]:
    step = today.plan.steps[index]
    names = names_of(reached_by(step, today)) if isinstance(step, NotifyStep) else []
    is_dead_end = isinstance(step, NotifyStep) and not names
    return {
        "index": index + 1,
        "sentence": describe_step(step),
        "names": names,
        "warning": _NOBODY if is_dead_end else "",
    }


def _endings(today: Facts) -> list[str]:
    """Return what happens after the last step, and who hears of it today."""
    plan = today.plan
    sentences = [f"{sentence}." for sentence in describe_plan(plan)[len(plan.steps) :]]
    if plan.fallback is None:
        end = "After the last step nobody further is told, but the organisation's desk."
        return [end, *sentences]
    names = names_of(fallback_of(today))
    return [*sentences, f"Fallback today: {', '.join(names) or 'nobody reachable'}."]


def _version(
    policy: Policy, row: PolicyVersion, newest: PolicyVersion
) -> dict[str, Any]:
    url = reverse("policy-detail", args=[policy.pk])
    return {
        "number": row.number,
        "at": row.made_at,
        "actor": row.made_by or "configuration file",
        "url": f"{url}?version={row.number}",
        "is_current": row.pk == newest.pk,
    }
