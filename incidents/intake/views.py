"""Pages of monitoring sources: address, test, last deliveries, what could not be read."""

from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Max, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from incidents.incident.access import note_reading
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.models import Delivery, DeliveryState, Source
from incidents.intake.replaying import replay
from incidents.intake.source_page import source_context
from incidents.intake.sources import send_trial
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now

_UNREADABLE: Final = Q(deliveries__state=DeliveryState.UNREADABLE)


@page("GET")
def source_list(request: PageRequest) -> HttpResponse:
    """Show the sources of the reader's organisations."""
    visible = Source.objects.visible_to(request.user).values("pk")
    rows = Source.objects.filter(pk__in=visible).annotate(
        last_delivery_at=Max("deliveries__received_at"),
        delivery_count=Count("deliveries"),
        unreadable_count=Count("deliveries", filter=_UNREADABLE),
    )
    sources = [_listed(row) for row in rows.order_by("organisation", "name", "pk")]
    return render(request, "incidents/intake/list.html", {"sources": sources})


@page("GET")
def source_detail(request: PageRequest, uid: UUID) -> HttpResponse:
    """Show one source, what came lately and what a test led to."""
    source = _find(request, uid)
    context = source_context(request.user, source, test=request.GET.get("test", ""))
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[],
        targets=[f"delivery:{row['uid']}" for row in context["unreadable"]],
        now=read_now(),
    )
    if request.htmx and not context["is_waiting"]:
        # What a test led to is known now: show the whole page with it.
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "incidents/intake/detail.html", context)


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
def delivery_replay(request: PageRequest, uid: UUID) -> HttpResponse:
    """Have an unreadable delivery read once more."""
    delivery = _find_delivery(request, uid)
    slug = delivery.source.organisation.slug
    organisation_for(request.user, Action.CONFIGURE, slug=slug)
    replay(delivery)
    url = reverse("source-detail", args=[delivery.source.uid])
    return redirect(f"{url}?test={delivery.uid}")


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


def _listed(row: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "get_tool_display": ADAPTERS[row.tool].name,
        "get_absolute_url": reverse("source-detail", args=[row.uid]),
        "is_enabled": row.is_enabled,
        "last_delivery_at": row.last_delivery_at,
        "delivery_count": row.delivery_count,
        "unreadable_count": row.unreadable_count,
    }
