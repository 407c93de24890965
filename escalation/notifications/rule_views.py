"""The part of a person's account in which they say how they want to be paged."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from escalation.notifications.models import ContactMethod, NotificationRules
from escalation.notifications.paged_now import paged_now
from escalation.notifications.rule_editing import forget_rules, save_rules
from escalation.notifications.rule_forms import RulesForm, rules_initial
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation, User
from incidents.organisations.views import account_page
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("POST")
def notification_rules_save(request: PageRequest, organisation: str) -> HttpResponse:
    """Set the reader's rules in one organisation."""
    owner, methods = _own(request, organisation)
    form = RulesForm(request.POST, methods=methods, auto_id=_auto_id(owner))
    now = read_now()
    if form.is_valid() and _saved(request, owner, form, now):
        messages.success(request, f"You are paged so for {owner.name} from now on.")
        return redirect("account")
    sections = rule_sections(request.user, now=now, bound={owner.pk: form})
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return account_page(request, status=status, rule_sections=sections)


@page("POST")
def notification_rules_delete(request: PageRequest, organisation: str) -> HttpResponse:
    """Remove the reader's rules in one organisation."""
    owner, _ = _own(request, organisation)
    row = NotificationRules.objects.filter(
        organisation=owner, user=request.user
    ).first()
    if row is None:
        raise Http404
    forget_rules(row, actor=actor_for(request.user, owner), now=read_now())
    messages.success(request, "Your rules are removed: every address is used at once.")
    return redirect("account")


def rules_panel(person: User) -> dict[str, Any]:
    """Return the part of the account page, one section for each organisation."""
    return {"rule_sections": rule_sections(person, now=read_now())}


def rule_sections(
    person: User, *, now: datetime, bound: Mapping[int, RulesForm] | None = None
) -> list[dict[str, Any]]:
    """Return {organisation, form, paged_now, has_rules} where the person is reached."""
    methods: dict[Organisation, list[ContactMethod]] = defaultdict(list)
    found = ContactMethod.objects.filter(user=person, disabled_at=None)
    for method in found.select_related("organisation").order_by("pk"):
        methods[method.organisation].append(method)
    rows = {
        row.organisation_id: row
        for row in NotificationRules.objects.filter(user=person)
    }
    said = paged_now([(owner.pk, person.pk) for owner in methods], at=now)
    return [
        {
            "organisation": owner,
            "form": (bound or {}).get(owner.pk)
            or RulesForm(
                methods=own,
                initial=rules_initial(rows.get(owner.pk), own),
                auto_id=_auto_id(owner),
            ),
            "is_open": owner.pk in (bound or {}),
            "paged_now": said[owner.pk, person.pk],
            "has_rules": owner.pk in rows,
        }
        for owner, own in methods.items()
    ]


def _own(request: PageRequest, slug: str) -> tuple[Organisation, list[ContactMethod]]:
    owner = Organisation.objects.of(request.user).filter(slug=slug).first()
    if owner is None:
        raise Http404
    methods = ContactMethod.objects.filter(
        organisation=owner, user=request.user, disabled_at=None
    )
    return owner, list(methods.order_by("pk"))


def _saved(
    request: PageRequest, owner: Organisation, form: RulesForm, now: datetime
) -> bool:
    """Save the rules of a valid form; a mistake goes to its field."""
    actor = actor_for(request.user, owner)
    try:
        save_rules(owner, request.user, form.body(), actor=actor, now=now)
    except BadInput as error:
        form.add_error(_field_of(error, form), error.remedy)
        return False
    return True


def _field_of(error: BadInput, form: RulesForm) -> str | None:
    """Return the field of a mistake; those of a list belong to the whole form."""
    name = error.field.replace(".", "_").partition("[")[0]
    return name if name in form.base_fields else None


def _auto_id(owner: Organisation) -> str:
    return f"id_rules_{owner.slug}_%s"
