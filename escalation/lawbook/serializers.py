"""Regimes and profiles as the API writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from escalation.lawbook.access import Bookshelf
from escalation.lawbook.editing import MAX_REASON, MAX_TEXT
from escalation.lawbook.models import LegalProfile, RegimeText
from escalation.lawbook.registry import Registered
from escalation.lawbook.showing import author_of
from escalation.regimes.regime import Regime, Stage
from escalation.regimes.words import names_of, stage_words
from incidents.rest import StrictSerializer


class RegimeLimbSerializer(serializers.Serializer[Any]):
    """One way in which an incident can be reportable, in the law's own words."""

    id = serializers.CharField()
    text = serializers.CharField()
    citation = serializers.CharField()


class StageSerializer(serializers.Serializer[Any]):
    """One report. `due` says in words when; of several the earliest counts."""

    id = serializers.CharField()
    name = serializers.CharField()
    trigger = serializers.CharField()
    duty_of = serializers.CharField(help_text="reporter or authority")
    limbs = serializers.ListField(
        child=serializers.CharField(), help_text="one must be met; empty: any"
    )
    due = serializers.ListField(child=serializers.CharField())
    anchors = serializers.ListField(child=serializers.CharField())
    recipient = serializers.CharField()
    citation = serializers.CharField()
    basis = serializers.CharField()
    statutory = serializers.CharField(help_text="the law's rule of extension, or empty")
    content = serializers.ListField(child=serializers.CharField())
    uncertain = serializers.ListField(child=serializers.CharField())


class GrantSerializer(serializers.Serializer[Any]):
    """One extension of a series."""

    by = serializers.CharField(help_text="who grants it")
    days = serializers.IntegerField(help_text="at most; 0 where the law has no number")
    is_by_recipient = serializers.BooleanField(
        help_text="can be asked of the agency that gets the report"
    )


class DelaySerializer(serializers.Serializer[Any]):
    """What the law knows for a report that comes later."""

    id = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField(help_text="notice or extension")
    stages = serializers.ListField(child=serializers.CharField())
    text = serializers.CharField(help_text="what the law says")
    citation = serializers.CharField()
    source_url = serializers.CharField()
    verified_on = serializers.DateField()
    basis = serializers.CharField()
    is_before_limit = serializers.BooleanField(
        help_text="a notice that the law takes only until the limit"
    )
    suspends = serializers.BooleanField(
        help_text="an extension that moves the earliest date too"
    )
    grants = GrantSerializer(many=True)
    uncertain = serializers.ListField(child=serializers.CharField())


class RegimeRowSerializer(serializers.Serializer[Any]):
    """One law, and which of your organisations are under it."""

    id = serializers.CharField()
    name = serializers.CharField()
    organisation = serializers.CharField(
        allow_null=True, help_text="whose own framework it is"
    )
    jurisdiction = serializers.CharField()
    act = serializers.CharField()
    article = serializers.CharField()
    source_url = serializers.CharField()
    verified_on = serializers.DateField()
    basis = serializers.CharField()
    status = serializers.CharField()
    effective_from = serializers.DateField(allow_null=True)
    zone = serializers.CharField()
    calendar = serializers.CharField()
    digest = serializers.CharField(help_text="of the text in use")
    stages = serializers.ListField(child=serializers.CharField())
    watched_by = serializers.ListField(child=serializers.CharField())


class RegimeSerializer(RegimeRowSerializer):
    """One law with everything that its text says. This is not legal advice."""

    scope = serializers.CharField()
    confidentiality = serializers.CharField()
    retention = serializers.CharField()
    limbs = RegimeLimbSerializer(many=True)
    stages = StageSerializer(many=True)  # type: ignore[assignment]  # the row names them only
    delays = DelaySerializer(many=True)
    uncertain = serializers.ListField(child=serializers.CharField())
    text = serializers.CharField(help_text="TOML")


class RegimeVersionRowSerializer(serializers.Serializer[Any]):
    """One version of a regime's text."""

    number = serializers.IntegerField()
    digest = serializers.CharField()
    author = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    is_current = serializers.BooleanField()


class RegimeVersionSerializer(RegimeVersionRowSerializer):
    """One version with its text."""

    text = serializers.CharField(help_text="TOML")


class RegimeChangeBody(StrictSerializer):
    """A regime's text, and why."""

    text = serializers.CharField(
        max_length=MAX_TEXT, trim_whitespace=False, help_text="TOML"
    )
    reason = serializers.CharField(max_length=MAX_REASON)


class RegimeBody(RegimeChangeBody):
    """An own regime to be made."""

    organisation = serializers.SlugField(default="", allow_blank=True)


class ReasonQuery(StrictSerializer):
    """Why."""

    reason = serializers.CharField(
        max_length=MAX_REASON, default="", allow_blank=True, help_text="why"
    )


class DeadlineBody(StrictSerializer):
    """A stage and instants; what is left out is as the law, or your profile, has it."""

    stage = serializers.CharField(max_length=60)
    anchors = serializers.DictField(
        default=dict,
        help_text='{"aware": "2026-12-25T03:10:00+01:00"}; several in a list',
    )
    zone = serializers.CharField(max_length=60, default="", allow_blank=True)
    calendar = serializers.CharField(max_length=60, default="", allow_blank=True)
    entity = serializers.CharField(max_length=60, default="", allow_blank=True)


class DeadlineSerializer(serializers.Serializer[Any]):
    """When a stage is due, as `manage.py deadline` says it. This is not legal advice."""

    due_operational = serializers.CharField(allow_null=True)
    due_statutory_latest = serializers.CharField(allow_null=True)
    status = serializers.CharField()
    waiting_for = serializers.ListField(child=serializers.CharField())
    rule = serializers.CharField()
    citation = serializers.CharField()
    flags = serializers.ListField(child=serializers.CharField())


class ProfileBody(StrictSerializer):
    """A profile; sent as a whole."""

    regimes = serializers.DictField(
        default=dict,
        help_text='{"eu-dora-19": {"entity": "…", "zone": "…", "calendar": "…"}}',
    )
    accountable = serializers.CharField(
        max_length=254, default="", allow_blank=True, help_text="e-mail address"
    )
    deputy = serializers.CharField(
        max_length=254, default="", allow_blank=True, help_text="e-mail address"
    )
    policy = serializers.CharField(
        max_length=60, default="", allow_blank=True, help_text="slug"
    )


class ProfileSerializer(serializers.Serializer[Any]):
    """Which laws an organisation is under, and who answers for them."""

    organisation = serializers.CharField()
    regimes = serializers.DictField()
    accountable = serializers.CharField(allow_blank=True)
    deputy = serializers.CharField(allow_blank=True)
    policy = serializers.CharField(allow_blank=True)
    changed_at = serializers.DateTimeField(allow_null=True)


def render_rows(shelf: Bookshelf, found: Sequence[Registered]) -> list[Any]:
    """Return laws as rows of a list."""
    rows = [_row(shelf, one) for one in found]
    return list(RegimeRowSerializer(rows, many=True).data)


def render_regime(shelf: Bookshelf, registered: Registered) -> Any:
    """Return a law with everything that its text says."""
    regime = registered.regime
    names = names_of(regime)
    shown = {
        **_row(shelf, registered),
        "scope": regime.scope,
        "confidentiality": regime.confidentiality,
        "retention": regime.retention,
        "limbs": regime.limbs,
        "stages": [_stage(stage, names) for stage in regime.stages],
        "delays": regime.delays,
        "uncertain": regime.uncertain,
        "text": registered.text,
    }
    return RegimeSerializer(shown).data


def render_versions(rows: Sequence[RegimeText]) -> list[dict[str, Any]]:
    """Return versions with their numbers. `rows` are the oldest first."""
    return [
        {
            "number": number,
            "digest": row.digest,
            "author": author_of(row),
            "reason": row.reason,
            "created_at": row.created_at,
            "is_current": row.is_current,
            "text": row.text,
        }
        for number, row in enumerate(rows, start=1)
    ]


def render_profile(slug: str, profile: LegalProfile | None) -> Any:
    """Return a profile, an empty one where none was written."""
    people = (profile.accountable, profile.deputy) if profile else (None, None)
    shown = {
        "organisation": slug,
        "regimes": profile.regimes if profile else {},
        "accountable": people[0].email if people[0] else "",
        "deputy": people[1].email if people[1] else "",
        "policy": profile.policy.slug if profile and profile.policy else "",
        "changed_at": profile.changed_at if profile else None,
    }
    return ProfileSerializer(shown).data


def _row(shelf: Bookshelf, registered: Registered) -> dict[str, Any]:
    regime: Regime = registered.regime
    owner = shelf.owner(registered)
    return {
        "id": regime.id,
        "name": regime.name,
        "organisation": owner.slug if owner else None,
        "jurisdiction": regime.jurisdiction,
        "act": regime.act,
        "article": regime.article,
        "source_url": regime.source_url,
        "verified_on": regime.verified_on,
        "basis": regime.basis,
        "status": regime.status,
        "effective_from": regime.effective_from,
        "zone": regime.zone.key,
        "calendar": regime.calendar,
        "digest": registered.digest,
        "stages": [stage.id for stage in regime.stages],
        "watched_by": [one.slug for one in shelf.watching(regime.id)],
    }


def _stage(stage: Stage, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": stage.id,
        "name": stage.name,
        "trigger": stage.trigger,
        "duty_of": stage.duty_of,
        "limbs": stage.limbs,
        "due": stage_words(stage, names),
        "anchors": stage.anchors,
        "recipient": stage.recipient,
        "citation": stage.citation,
        "basis": stage.basis,
        "statutory": stage.statutory,
        "content": stage.content,
        "uncertain": stage.uncertain,
    }
