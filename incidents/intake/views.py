"""Pages of monitoring sources: address, test, last deliveries, what could not be read."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from incidents.errors import BadInput
from incidents.incident.access import note_reading
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.models import Delivery, Source
from incidents.intake.replaying import replay, replay_many
from incidents.intake.source_facts import facts_of
from incidents.intake.source_health import LEVELS, Facts, judge
from incidents.intake.source_page import health_context, source_context
from incidents.intake.sources import send_trial
from incidents.intake.tail import tail_of
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action, can, organisations_allowing
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now


@page("GET")
def source_list(request: PageRequest) -> HttpResponse:
    """Show the sources of the reader's organisations."""
    visible = Source.objects.visible_to(request.user).values("pk")
    rows = Source.objects.filter(pk__in=visible).order_by("organisation", "name", "pk")
    now = read_now()
    facts = facts_of(rows, now=now)
    listed = [_listed(row, facts[row.pk], now) for row in rows]
    _note_errors(request, [row for row in rows if facts[row.pk].last_error], now)
    sources = sorted(listed, key=lambda row: LEVELS.index(row["health"].level))
    can_add = bool(organisations_allowing(request.user, Action.CONFIGURE))
    context = {"sources": sources, "can_add": can_add}
    return render(request, "incidents/intake/list.html", context)


@page("GET")
def source_detail(request: PageRequest, uid: UUID) -> HttpResponse:
    """Show one source, what came lately and what a test led to.

    With ?tail= it is the part that renews itself, or nothing when nothing is new.
    """
    source = _find(request, uid)
    if request.htmx and "tail" in request.GET:
        return _tail(request, source)
    now = read_now()
    test = request.GET.get("test", "")
    context = source_context(request.user, source, test=test, now=now)
    _note_deliveries(request, [*context["unreadable"], *context["deliveries"]])
    if request.htmx and not context["is_waiting"]:
        # What a test led to is known now: show the whole page with it.
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "incidents/intake/detail.html", context)


def _note_errors(
    request: PageRequest, sources: Sequence[Source], now: datetime
) -> None:
    """Record of whose deliveries the page quotes what could not be read."""
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[],
        targets=[f"source:{source.uid}" for source in sources],
        now=now,
    )


def _tail(request: PageRequest, source: Source) -> HttpResponse:
    tail = tail_of(source)
    if request.GET["tail"] == tail["tail_mark"]:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    _note_deliveries(request, tail["deliveries"])
    context = {
        "source": source,
        "can_configure": can(request.user, Action.CONFIGURE, source.organisation),
        "is_swap": True,
        **health_context(source, now=read_now()),
        **tail,
    }
    return render(request, "incidents/intake/_tail.html", context)


def _note_deliveries(request: PageRequest, shown: Sequence[dict[str, Any]]) -> None:
    """Record whose bodies the page tells something of."""
    read = {f"delivery:{row['uid']}" for row in shown if row.get("is_read", True)}
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[],
        targets=sorted(read),
        now=read_now(),
    )


@page("POST")
def source_test(request: PageRequest, uid: UUID) -> HttpResponse:
    """Store a delivery as the tool would post it; its page then shows what came of it."""
    source = _find(request, uid)
    organisation_for(request.user, Action.CONFIGURE, slug=source.organisation.slug)
    delivery = send_trial(source, now=read_now())
    url = reverse("source-detail", args=[source.uid])
    return redirect(f"{url}?test={delivery.uid}")


@page("GET")
def delivery_body(request: PageRequest, uid: UUID) -> HttpResponse:
    """Download a raw delivery exactly as it was posted."""
    delivery = _find_delivery(request, uid)
    if delivery.body is None:
        raise Http404
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[],
        targets=[f"delivery:{delivery.uid}"],
        now=read_now(),
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{delivery.uid}.txt"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    body = bytes(delivery.body)
    return HttpResponse(body, content_type="application/octet-stream", headers=headers)


@page("POST")
def source_replay(request: PageRequest, uid: UUID) -> HttpResponse:
    """Have the chosen deliveries read once more, or all in one state."""
    source = _find(request, uid)
    organisation_for(request.user, Action.CONFIGURE, slug=source.organisation.slug)
    states = request.POST.getlist("state")
    chosen = None if states else _uids(request.POST.getlist("delivery"))
    count = replay_many(source, states=states, uids=chosen)
    word = "delivery is" if count == 1 else "deliveries are"
    messages.info(request, f"{count} {word} being read again.")
    return redirect("source-detail", uid)


@page("POST")
def delivery_replay(request: PageRequest, uid: UUID) -> HttpResponse:
    """Have a delivery read once more."""
    delivery = _find_delivery(request, uid)
    slug = delivery.source.organisation.slug
    organisation_for(request.user, Action.CONFIGURE, slug=slug)
    replay(delivery)
    url = reverse("source-detail", args=[delivery.source.uid])
    return redirect(f"{url}?test={delivery.uid}")


def _uids(texts: Sequence[str]) -> list[UUID]:
    """Return the uids of chosen deliveries. Raises BadInput."""
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        remedy = "Choose deliveries of the list."
        raise BadInput("delivery", ", ".join(texts), remedy) from None


def _find(request: PageRequest, uid: UUID) -> Source:
    visible = Source.objects.visible_to(request.user).select_related("organisation")
    source = visible.filter(uid=uid).first()
    if source is None:
        raise Http404
    return source


def _find_delivery(request: PageRequest, uid: UUID) -> Delivery:
    sources = Source.objects.visible_to(request.user).values("pk")
    rows = Delivery.objects.select_related("source__organisation")
    delivery = rows.filter(uid=uid, source__in=sources).first()
    if delivery is None:
        raise Http404
    return delivery


def _listed(row: Source, facts: Facts, now: datetime) -> dict[str, Any]:
    return {
        "name": row.name,
        "get_tool_display": ADAPTERS[row.tool].name,
        "get_absolute_url": reverse("source-detail", args=[row.uid]),
        "health": judge(facts, now=now),
        "last_at": facts.last_at,
        "count": facts.count,
        "failed": facts.failed,
    }
