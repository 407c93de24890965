"""The ladder editor: a policy as sentences whose parts are form controls.

The form holds the whole draft; the server keeps nothing between requests. Each button
posts it, and gets the page anew with the draft changed; with htmx only what differs is
put in place. Nothing is saved before it was reviewed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify

from escalation.authoring.access import find_policy, require
from escalation.authoring.checking import Checked, check_policy, require_sound
from escalation.authoring.editor.draft import change_steps, read_steps
from escalation.authoring.editor.frame import (
    FramePart,
    clock_parts,
    frame_parts,
    read_frame,
)
from escalation.authoring.editor.rungs import Ladder, findings_of, note_ids
from escalation.authoring.simulation_views import draft_form, played
from escalation.authoring.surroundings import Surroundings, load_surroundings
from escalation.policies.approval import rules_of
from escalation.policies.diff import Change, diff_lines, diff_plans, lines_of
from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.steps import PolicyPlan, parse_policy, to_body
from escalation.policies.timing import describe_span
from escalation.policies.versions import (
    PolicyDraft,
    needs_second_person,
    save_policy,
    versions_in_force,
)
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

_CHANGED = "Version {number} was made while you were at it. Compare, then save again."


@dataclass(slots=True)
class Draft:
    """What is edited: of which policy (None: a new one), and on which version it stands."""

    organisation: Organisation
    policy: Policy | None
    name: str = ""
    slug: str = ""
    reason: str = ""
    base: int = 0
    body: dict[str, Any] = field(default_factory=lambda: {"steps": []})


@page("GET", "POST")
def policy_edit(request: PageRequest, pk: int) -> HttpResponse:
    """Edit a policy; saving makes or proposes a new version."""
    policy = find_policy(request.user, pk, is_listed=True)
    organisation = require(request.user, Action.CONFIGURE, policy)
    version = _newest(policy)
    draft = Draft(organisation, policy, policy.name, policy.slug, base=version.number)
    draft.body = to_body(parse_policy(version.body))
    return _edit(request, draft)


@page("GET", "POST")
def policy_new(request: PageRequest) -> HttpResponse:
    """Write a new policy, empty or from a copy of another."""
    source = request.GET.get("from", "")
    if source.isdecimal():
        policy = find_policy(request.user, source)
        organisation = require(request.user, Action.CONFIGURE, policy)
        draft = Draft(organisation, None, f"Copy of {policy.name}")
        draft.body = to_body(parse_policy(_newest(policy).body))
        return _edit(request, draft)
    slug = request.GET.get("organisation", "")
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    return _edit(request, Draft(organisation, None))


def _edit(request: PageRequest, draft: Draft) -> HttpResponse:
    there = load_surroundings(draft.organisation)
    command = request.POST.get("do", "")
    focus = ""
    if request.method == "POST":
        posted = {name: str(value) for name, value in request.POST.items()}
        _read_draft(draft, posted)
        focus = change_steps(draft.body["steps"], command, posted, there)
    checked = _check(draft, there)
    error = _missing(draft) if command in ("review", "save") else ""
    if command in ("review", "save") and not error and not checked.errors:
        return _review(request, draft, checked, is_save=command == "save")
    return _show_editor(request, draft, there, checked, error=error, focus=focus)


def _read_draft(draft: Draft, data: dict[str, str]) -> None:
    """Take what was posted: fields of the editor, or the body that a review holds."""
    draft.name = data.get("name", draft.name).strip()[:200]
    draft.reason = data.get("reason", "").strip()[:500]
    base = data.get("base", "")
    draft.base = int(base) if base.isdecimal() else draft.base
    if draft.policy is None:
        draft.slug = slugify(data.get("slug", "") or draft.name)[:60]
    if "body" in data:
        draft.body = _read_body(data["body"])
    else:
        draft.body = {"steps": read_steps(data), **read_frame(data)}


def _read_body(text: str) -> dict[str, Any]:
    """Return a draft that a review held. Raises Http404 for what the editor never made."""
    try:
        return to_body(parse_policy(json.loads(text)))
    except ValueError as error:
        raise Http404 from error


def _check(draft: Draft, there: Surroundings) -> Checked:
    return check_policy(
        draft.organisation, draft.body, slug=draft.slug, now=read_now(), there=there
    )


def _missing(draft: Draft) -> str:
    if not draft.name:
        return "Give the policy a name."
    taken = Policy.objects.filter(
        organisation=draft.organisation, slug=draft.slug, archived_at=None
    )
    if draft.policy is None and (not draft.slug or taken.exists()):
        return f"The short name {draft.slug!r} is empty or taken; choose another."
    return ""


def _show_editor(
    request: PageRequest,
    draft: Draft,
    there: Surroundings,
    checked: Checked,
    *,
    error: str,
    focus: str,
) -> HttpResponse:
    ladder = Ladder(there, checked).of(draft.body["steps"])
    labels = checked.plan.labels if checked.plan else ()
    frame = _with_findings(frame_parts(draft.body, there), checked)
    clocks = _with_findings(clock_parts(draft.body, there, labels), checked)
    placed = {one for row in (*frame, *clocks) for one in row["findings"]}
    placed |= set(findings_of(ladder))
    rows = [row["id"] for row in (*frame, *clocks) if row["id"]]
    context = {
        "draft": draft,
        "ladder": ladder,
        "frame": frame,
        "clocks": clocks,
        "checked": checked,
        "elsewhere": [one for one in checked.findings if one not in placed],
        "end": describe_span(checked.spans["end"]) if "end" in checked.spans else "",
        "error": error,
        "focus": focus.replace(".", "-"),
        "notes": ",".join(f"#{one}" for one in (*note_ids(ladder), *rows)),
        "is_proposal": _is_proposal(draft),
        "simulation": _simulated(request, draft, checked),
    }
    return render(request, "escalation/policies/edit.html", context)


def _simulated(
    request: PageRequest, draft: Draft, checked: Checked
) -> dict[str, Any] | None:
    """Return what the draft would do, once it can be read."""
    if checked.plan is None or not draft.body["steps"]:
        return None
    now = read_now().replace(second=0, microsecond=0)
    form = draft_form(request, now)
    slug = draft.slug or "draft"
    policy = draft.policy or Policy(
        organisation=draft.organisation, slug=slug, name=draft.name or "The draft"
    )
    body = to_body(checked.plan)
    return {"form": form, **played(policy, form, now, body=body)}


def _with_findings(rows: Iterable[FramePart], checked: Checked) -> list[dict[str, Any]]:
    """Return rows with what was found at each; the id is of its notes."""
    return [
        {
            "id": f"note-{slugify(row.where)}" if row.where else "",
            "parts": row.parts,
            "findings": [
                one
                for one in checked.findings
                if row.where and f"{one.where}.".startswith(f"{row.where}.")
            ],
        }
        for row in rows
    ]


def _review(
    request: PageRequest, draft: Draft, checked: Checked, *, is_save: bool
) -> HttpResponse:
    assert checked.plan is not None  # noqa: S101  no errors: it was read
    now_newest = _newest(draft.policy) if draft.policy else None
    error = ""
    if now_newest is not None and now_newest.number != draft.base:
        error = _CHANGED.format(number=now_newest.number)
        draft.base = now_newest.number
    elif is_save and draft.policy is not None and not draft.reason:
        error = "Say why: the reason stays beside the version."
    elif is_save:
        return _save(request, draft)
    in_force = versions_in_force([draft.policy.pk]) if draft.policy else {}
    before = in_force.get(draft.policy.pk) if draft.policy else None
    changes = _changes(before, checked.plan)
    context = {
        "draft": draft,
        "body": json.dumps(to_body(checked.plan)),
        "changes": changes,
        "before": before,
        "is_same": all(change.kind == "kept" for change in changes),
        "warnings": checked.warnings,
        "error": error,
        "is_proposal": _is_proposal(draft),
    }
    return render(request, "escalation/policies/review.html", context)


def _save(request: PageRequest, draft: Draft) -> HttpResponse:
    now = read_now()
    require_sound(draft.organisation, draft.body, slug=draft.slug, now=now)
    version = save_policy(
        draft.organisation,
        PolicyDraft(draft.slug, draft.name, draft.body, reason=draft.reason),
        user=request.user,
        actor=actor_for(request.user, draft.organisation),
        now=now,
    )
    words = "proposed" if version.state == "proposed" else "in force"
    messages.success(request, f"Version {version.number} is {words}.")
    return redirect("policy-detail", pk=version.policy_id)


def _changes(before: PolicyVersion | None, plan: PolicyPlan) -> tuple[Change, ...]:
    if before is None:
        return diff_lines([], lines_of(plan))
    return diff_plans(parse_policy(before.body), plan)


def _is_proposal(draft: Draft) -> bool:
    if draft.policy is None:
        return None in rules_of(draft.organisation)
    return needs_second_person(draft.policy)


def _newest(policy: Policy) -> PolicyVersion:
    """Return the proposed version if one waits, else that in force, else the newest."""
    proposed = policy.versions.proposed().first()
    found = proposed or versions_in_force([policy.pk]).get(policy.pk)
    return found or policy.versions.all()[0]
