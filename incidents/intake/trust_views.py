"""Pages on which a person says how a source's senders prove who they are."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.intake.models import Source
from incidents.intake.signatures import MAX_TOLD
from incidents.intake.sources import rotate_key
from incidents.intake.trust import change_trust, end_old_key, proof_of
from incidents.intake.trust_form import KindForm, RotateForm, TrustForm
from incidents.intake.trust_kinds import KINDS
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("GET", "POST")
def source_trust(request: PageRequest, uid: UUID) -> HttpResponse:
    """Change what a source asks of its senders; a secret that is made is shown once."""
    source, organisation = _find(request, uid)
    kind = request.GET.get("kind", source.verification)
    if kind not in KINDS:
        raise Http404
    topic = request.GET.get("topic", "")[:MAX_TOLD]
    form = TrustForm(kind, source, request.POST or None, topic=topic)
    is_sent = request.method == "POST"
    if is_sent and form.is_valid():
        secret = _save(request, organisation, source, form)
        if secret:
            context = {"source": source, "secret": secret, "setup": KINDS[kind].setup}
            return render(request, "incidents/intake/trust_secret.html", context)
        if secret is not None:
            return redirect("source-detail", uid)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_sent else HTTPStatus.OK
    context = _context(source, kind, form)
    return render(request, "incidents/intake/trust.html", context, status=status)


@page("POST")
def source_rotate(request: PageRequest, uid: UUID) -> HttpResponse:
    """Give a source another address; the present one works on for as long as chosen."""
    source, organisation = _find(request, uid)
    form = RotateForm(request.POST)
    if not form.is_valid():
        given = request.POST.get("keep_old_minutes", "")
        raise BadInput("keep_old_minutes", given, "Choose one of those on the page.")
    rotate_key(
        source,
        actor=actor_for(request.user, organisation),
        now=read_now(),
        keep_old=timedelta(minutes=form.cleaned_data["keep_old_minutes"]),
    )
    return redirect("source-detail", uid)


@page("POST")
def source_end_old_key(request: PageRequest, uid: UUID) -> HttpResponse:
    """End a source's former address now."""
    source, organisation = _find(request, uid)
    actor = actor_for(request.user, organisation)
    end_old_key(source, actor=actor, now=read_now())
    return redirect("source-detail", uid)


def _find(request: PageRequest, uid: UUID) -> tuple[Source, Organisation]:
    visible = Source.objects.visible_to(request.user).select_related("organisation")
    source = visible.filter(uid=uid).first()
    if source is None:
        raise Http404
    slug = source.organisation.slug
    return source, organisation_for(request.user, Action.CONFIGURE, slug=slug)


def _save(
    request: PageRequest, organisation: Organisation, source: Source, form: TrustForm
) -> str | None:
    """Return the secret that was made, "" for none, None when something is wrong."""
    try:
        return change_trust(
            source,
            changes=form.changes(),
            actor=actor_for(request.user, organisation),
            now=read_now(),
            keep_old_secret=form.kept(),
        )
    except BadInput as error:
        field = error.field if error.field in form.fields else None
        quoted = f"{str(error.value)[:80]!r}: " if error.value else ""
        form.add_error(field, f"{quoted}{error.remedy}")
        return None


def _context(source: Source, kind: str, form: TrustForm) -> dict[str, Any]:
    return {
        "source": source,
        "proves": proof_of(source),
        "kind": KINDS[kind],
        "kind_form": KindForm(initial={"kind": kind}),
        "rotate_form": RotateForm(),
        "form": form,
    }
