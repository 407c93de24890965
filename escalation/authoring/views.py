"""Pages that say routes and policies in plain sentences, and whom they reach today."""

from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from escalation.authoring.access import find_policy, organisations_of
from escalation.authoring.checking import Checked, check_policy
from escalation.authoring.decision_panel import decision_on, second_person_panel
from escalation.policies.matchers import describe, parse_matchers
from escalation.policies.mentions import targets_of_step
from escalation.policies.models import Policy, PolicyVersion, VersionState
from escalation.policies.phrases import capitalised
from escalation.policies.sentences import describe_plan, describe_step
from escalation.policies.steps import NotifyStep, parse_policy
from escalation.policies.timing import describe_span
from escalation.policies.versions import versions_in_force
from escalation.routing.models import Route
from escalation.runs.deciding.notify import why_nobody
from escalation.runs.facts import facts_now, names_of
from escalation.runs.models import LIVE, Run
from escalation.runs.situation import URGENT_FROM, Facts, fallback_of, reached_by
from incidents.models import Organisation, User
from incidents.organisations.roles import Action, can
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

_RUNNING = Q(versions__runs__state__in=LIVE)
BY_FILE = "configuration file"


@page("GET")
def policy_list(request: PageRequest) -> HttpResponse:
    """Show the routes and policies of the reader's organisations."""
    own = organisations_of(request.user)
    groups = [_group(organisation, request.user) for organisation in own]
    context = {"groups": groups, "is_one": len(groups) == 1}
    return render(request, "escalation/policies/list.html", context)


@page("GET")
def policy_detail(request: PageRequest, pk: int) -> HttpResponse:
    """Show one policy in sentences: the version in force, or the one that is asked for."""
    policy = find_policy(request.user, pk)
    versions = list(policy.versions.select_related("made_by", "decided_by"))
    in_force = versions_in_force([policy.pk]).get(policy.pk) or versions[0]
    wanted = request.GET.get("version", str(in_force.number))
    shown = next((v for v in versions if str(v.number) == wanted), None)
    if shown is None:
        raise Http404
    context = _detail(policy, versions, shown, in_force)
    context["decision"] = decision_on(shown, in_force, request.user)
    context["second_person"] = second_person_panel(policy, request.user)
    if policy.archived_at is None and can(
        request.user, Action.CONFIGURE, policy.organisation
    ):
        context["edit_url"] = reverse("policy-edit", args=[policy.pk])
        context["hand_over_url"] = _hand_over_url(policy, in_force)
        context["copy_url"] = f"{reverse('policy-new')}?from={policy.pk}"
    return render(request, "escalation/policies/detail.html", context)


def _hand_over_url(policy: Policy, in_force: PolicyVersion) -> str:
    """Return where runs of other versions are handed over; empty when there are none."""
    runs = Run.objects.filter(version__policy=policy, state__in=LIVE)
    is_needed = runs.exclude(version=in_force).exists()
    return reverse("policy-hand-over", args=[policy.pk]) if is_needed else ""


def _group(organisation: Organisation, reader: User) -> dict[str, Any]:
    routes = Route.objects.filter(organisation=organisation).select_related("policy")
    policies = Policy.objects.filter(organisation=organisation, archived_at=None)
    policies = policies.annotate(
        running_count=Count("versions__runs", filter=_RUNNING, distinct=True)
    )
    newest = PolicyVersion.objects.filter(policy__in=policies).order_by("number")
    versions = {version.policy_id: version for version in newest}
    versions |= versions_in_force(policy.pk for policy in policies)
    proposed = PolicyVersion.objects.proposed().filter(policy__in=policies)
    waiting = set(proposed.values_list("policy_id", flat=True))
    may_edit = can(reader, Action.CONFIGURE, organisation)
    query = f"?organisation={organisation.slug}"
    return {
        "organisation": organisation,
        "routes": [
            _route(route, may_edit=may_edit)
            for route in routes.prefetch_related("share_with")
        ],
        "policies": [
            _listed(policy, versions[policy.pk], is_waiting=policy.pk in waiting)
            for policy in policies
        ],
        "second_person": second_person_panel(organisation, reader),
        "new_url": f"{reverse('policy-new')}{query}" if may_edit else "",
        "new_route_url": f"{reverse('route-new')}{query}" if may_edit else "",
    }


def _route(route: Route, *, may_edit: bool) -> dict[str, Any]:
    url = reverse("policy-detail", args=[route.policy_id]) if route.policy_id else ""
    sentence = describe(parse_matchers(route.matchers))
    return {
        "position": route.position,
        "edit_url": reverse("route-edit", args=[route.pk]) if may_edit else "",
        "name": route.name,
        "sentence": sentence[:1].upper() + sentence[1:],
        "is_default": route.is_default,
        "policy": route.policy,
        "policy_url": url,
        "share_with": [str(agency) for agency in route.share_with.all()],
    }


def _listed(policy: Any, version: PolicyVersion, *, is_waiting: bool) -> dict[str, Any]:
    plan = parse_policy(version.body)
    first = next((s for s in plan.steps if isinstance(s, NotifyStep)), plan.steps[0])
    return {
        "name": policy.name,
        "get_absolute_url": reverse("policy-detail", args=[policy.pk]),
        "version": version.number,
        "sentence": f"{describe_step(first)}.",
        "step_count": len(plan.steps),
        "running_count": policy.running_count,
        "is_waiting": is_waiting,
    }


def _detail(
    policy: Policy,
    versions: list[PolicyVersion],
    shown: PolicyVersion,
    in_force: PolicyVersion,
) -> dict[str, Any]:
    plan = parse_policy(shown.body)
    now = read_now()
    today = facts_now(policy.organisation, plan, severity=URGENT_FROM, now=now)
    checked = check_policy(policy.organisation, shown.body, slug=policy.slug, now=now)
    labels = set(plan.labels)
    return {
        "policy": policy,
        "version": shown,
        "steps": [_step(today, index, checked) for index in range(len(plan.steps))],
        "endings": _endings(today),
        "elsewhere": [one for one in checked.findings if one.where not in labels],
        "total": describe_span(checked.spans["end"]) if "end" in checked.spans else "",
        "facts": _facts(policy, shown),
        "versions": [_version(policy, row, in_force) for row in versions],
        "is_old": shown != in_force and shown.state == VersionState.APPROVED,
    }


def _facts(policy: Policy, shown: PolicyVersion) -> list[dict[str, Any]]:
    running = Run.objects.filter(version=shown, state__in=LIVE)
    facts: list[dict[str, Any]] = [
        {"label": "Organisation", "value": policy.organisation},
        {"label": "Made", "at": shown.made_at},
        {"label": "By", "value": shown.made_by or BY_FILE},
        {"label": "Because", "value": shown.reason or "no reason was given"},
    ]
    if shown.decided_at is not None:
        by = f" by {shown.decided_by}" if shown.decided_by else ""
        facts.append(
            {"label": f"{shown.get_state_display()}{by}", "at": shown.decided_at}
        )
    if shown.decision_reason:
        facts.append({"label": "Why so", "value": shown.decision_reason})
    return [*facts, {"label": "Running now", "value": running.count()}]


def _step(today: Facts, index: int, checked: Checked) -> dict[str, Any]:
    step, label = today.plan.steps[index], today.plan.labels[index]
    span = checked.spans.get(label)
    targets = targets_of_step(step)
    asked = step if isinstance(step, NotifyStep) else NotifyStep(targets)
    names = names_of(reached_by(asked, today))
    why = why_nobody(asked, today) if targets and not names else ""
    return {
        "index": label,
        "is_inside": not label.isdigit(),
        "when": describe_span(span) if span else "",
        "findings": [one for one in checked.findings if one.where == label],
        "sentence": describe_step(step),
        "names": names,
        "warning": f"{capitalised(why)}: this step is skipped." if why else "",
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
    policy: Policy, row: PolicyVersion, in_force: PolicyVersion
) -> dict[str, Any]:
    url = reverse("policy-detail", args=[policy.pk])
    is_current = row == in_force and row.state == VersionState.APPROVED
    diff = reverse("policy-diff", args=[policy.pk])
    return {
        "number": row.number,
        "at": row.made_at,
        "actor": row.made_by or BY_FILE,
        "reason": row.reason,
        "url": f"{url}?version={row.number}",
        "diff_url": (
            f"{diff}?from_version={row.number - 1}&to_version={row.number}"
            if row.number > 1
            else ""
        ),
        "state": row.state,
        "state_label": row.get_state_display(),
        "is_current": is_current,
    }
