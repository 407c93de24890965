"""Keep a report while it is typed, and give it up on demand."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from incidents.errors import NotAllowed
from incidents.incident.drafts import Filing, discard_draft, save_draft
from incidents.incident.forms import NewIncidentForm
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now

MAX_KEY: Final = 100


@page("POST")
def draft_save(request: PageRequest) -> HttpResponse:
    """Keep what the form holds now; a part of the page while one types."""
    _require_reporter(request)
    now = read_now()
    names = NewIncidentForm(organisations=[]).draft_names()
    filing = Filing(
        caller=reader_of(request),
        endpoint=f"POST {reverse('incident-new')}",
        key=request.POST.get("idempotency_key", "")[:MAX_KEY],
    )
    typed = {name: request.POST.getlist(name) for name in names}
    is_saved = save_draft(request.user, typed, filing=filing, now=now)
    if request.htmx:
        context = {"saved_at": now if is_saved else None, "is_filed": filing.is_done()}
        return render(request, "incidents/incident/_draft.html", context)
    if is_saved:
        messages.success(request, "The draft is saved. Only you can see it.")
    return redirect("incident-new")


@page("POST")
def draft_discard(request: PageRequest) -> HttpResponse:
    """Delete a draft and begin with an empty form."""
    discard_draft(request.user, key=request.GET.get("draft", ""))
    return redirect(f"{reverse('incident-new')}?empty=1")


def _require_reporter(request: PageRequest) -> None:
    if not organisations_allowing(request.user, Action.REPORT):
        raise NotAllowed("Only people of a lab file incidents here.")
