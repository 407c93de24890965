"""Answer what `amtool` and dashboards ask of an Alertmanager, from the table of alerts."""

import re
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from incidents.errors import TocsinError
from incidents.events.actor import Actor
from incidents.intake.alertmanager_answers import (
    RECEIVER,
    alert_of,
    draft_of,
    groups_of,
    silence_of,
    status_of,
)
from incidents.intake.models import Alert, Source
from incidents.intake.news import FIRING
from incidents.intake.silence_models import Silence
from incidents.intake.silences import create_silence, end_silence
from incidents.intake.surface_access import surface_views
from incidents.intake.surfaces.alertmanager import SURFACE
from incidents.intake.surfaces.base import Reply, json_reply, read_json
from incidents.intake.surfaces.label_filters import (
    FilterError,
    LabelFilter,
    fits,
    parse_filters,
)
from incidents.timers.clock import read_now

MAX_ALERTS: Final = 10_000
MAX_SILENCES: Final = 1_000
SCHEMES: Final = ("bearer", "basic")
GROUPED_BY: Final = ("alertname",)

_SILENCE_REF: Final = re.compile(r"silence:([0-9]+)")


def _show_status(request: HttpRequest, source: Source) -> Reply:
    return json_reply(200, status_of(source))


def _show_receivers(request: HttpRequest, source: Source) -> Reply:
    return json_reply(200, [RECEIVER])


def _show_alerts(request: HttpRequest, source: Source) -> Reply:
    return _filtered(request, lambda filters: _alerts(request, source, filters))


def _show_groups(request: HttpRequest, source: Source) -> Reply:
    names = source.group_by or GROUPED_BY
    return _filtered(
        request, lambda filters: groups_of(_alerts(request, source, filters), names)
    )


def _show_silences(request: HttpRequest, source: Source) -> Reply:
    return _filtered(request, lambda filters: _silences(source, filters))


def _filtered(
    request: HttpRequest, answer: Callable[[list[LabelFilter]], list[dict[str, Any]]]
) -> Reply:
    try:
        filters = parse_filters(request.GET.getlist("filter"))
    except FilterError as error:
        return json_reply(400, str(error))
    return json_reply(200, answer(filters))


def _alerts(
    request: HttpRequest, source: Source, filters: list[LabelFilter]
) -> list[dict[str, Any]]:
    rows = Alert.objects.filter(source=source, status=FIRING).order_by("pk")
    alerts = [row for row in rows[:MAX_ALERTS] if fits(filters, row.labels)]
    silences = _silences_by_ref(alerts)
    told = [alert_of(row, silences) for row in alerts]
    wanted = {
        state
        for state, name in (("active", "active"), ("suppressed", "silenced"))
        if request.GET.get(name, "true") != "false"
    }
    return [alert for alert in told if alert["status"]["state"] in wanted]


def _silences_by_ref(alerts: list[Alert]) -> dict[str, Silence]:
    refs = {alert.held_by for alert in alerts}
    matches = (_SILENCE_REF.fullmatch(ref) for ref in refs)
    ids = [int(match[1]) for match in matches if match]
    if not ids:
        return {}
    return {f"silence:{row.pk}": row for row in Silence.objects.filter(pk__in=ids)}


def _silences(source: Source, filters: list[LabelFilter]) -> list[dict[str, Any]]:
    """Return the silences that hold back alerts of this source, newest first."""
    now = read_now()
    rows = Silence.objects.filter(organisation=source.organisation)
    own = rows.filter(source=source) | rows.filter(source=None)
    listed = own.select_related("author").order_by("-pk")[:MAX_SILENCES]
    told = [silence_of(row, now) for row in listed]
    return [silence for silence in told if _is_about(silence, filters)]


def _is_about(silence: dict[str, Any], filters: list[LabelFilter]) -> bool:
    equal = {m["name"]: m["value"] for m in silence["matchers"]}
    return all(one.name in equal and fits([one], equal) for one in filters)


def _make_silence(request: HttpRequest, source: Source) -> Reply:
    now = read_now()
    try:
        draft, by, replaced = draft_of(read_json(request.body), source)
        former = _own_silence(source, replaced) if replaced else None
        if replaced and former is None:
            return json_reply(404, f"silence {replaced} not found")
        actor = Actor.source(source.organisation, name=source.name)
        silence = create_silence(
            source.organisation,
            draft,
            author=None,
            author_name=by,
            actor=actor,
            now=now,
        )
        if former and former.state_at(now) != "expired":
            end_silence(former, actor=actor, now=now)
    except (ValueError, TocsinError) as error:
        return json_reply(400, str(error))
    return json_reply(200, {"silenceID": str(silence.uid)})


def _show_silence(request: HttpRequest, source: Source, uid: str) -> Reply:
    for silence in _silences(source, []):
        if silence["id"] == uid:
            return json_reply(200, silence)
    return json_reply(404, f"silence {uid} not found")


def _end_silence(request: HttpRequest, source: Source, uid: str) -> Reply:
    """End a silence of this source; one of the whole organisation is a person's to end."""
    silence = _own_silence(source, uid)
    if silence is None:
        return json_reply(404, f"silence {uid} not found")
    actor = Actor.source(source.organisation, name=source.name)
    try:
        end_silence(silence, actor=actor, now=read_now())
    except TocsinError as error:
        return json_reply(500, str(error))
    return Reply(200, b"")


def _own_silence(source: Source, uid: str) -> Silence | None:
    try:
        wanted = UUID(uid)
    except ValueError:
        return None
    return Silence.objects.filter(uid=wanted, source=source).first()


def _view(**views: Callable[..., Reply]) -> Callable[..., HttpResponse]:
    return surface_views(SURFACE, schemes=SCHEMES, views=views)


status = _view(GET=_show_status)
receivers = _view(GET=_show_receivers)
alerts = _view(GET=_show_alerts)
groups = _view(GET=_show_groups)
silences = _view(GET=_show_silences, POST=_make_silence)
silence = _view(GET=_show_silence, DELETE=_end_silence)


def healthy(request: HttpRequest, key: str = "") -> HttpResponse:
    """Answer a probe: whoever is asked is there."""
    return HttpResponse("OK", content_type="text/plain")


@csrf_exempt
def gone(request: HttpRequest, key: str = "", rest: str = "alerts") -> HttpResponse:
    """Say that the first version of the API is no more, as Alertmanager has since 0.27."""
    sentence = (
        f"Alertmanager's API v1 is gone: nothing was stored of /api/v1/{rest}. Set "
        "api_version: v2 in Prometheus, or post to /am/<key>/api/v2/alerts."
    )
    return HttpResponse(sentence, status=410, content_type="text/plain")
