"""Time records and decisions as the API shows them."""

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework import serializers

from escalation.duties.anchor_reading import flag_of
from escalation.duties.anchor_words import words_of
from escalation.duties.models import AnchorChoice, AnchorValue, Decision, Verdict
from escalation.duties.time_record import TimeRecord, anchors_of_many
from incidents.models import User


class ChoiceSerializer(serializers.Serializer[Any]):
    """That somebody said that this candidate counts under a regime."""

    regime = serializers.CharField()
    reason = serializers.CharField()
    author = serializers.CharField()
    chosen_at = serializers.DateTimeField()


class AnchorSerializer(serializers.Serializer[Any]):
    """A candidate for an instant that a law may count from."""

    id = serializers.IntegerField()
    organisation = serializers.CharField()
    name = serializers.CharField()
    title = serializers.CharField(help_text="the name in words")
    regime = serializers.CharField(help_text="of a submission or a request, else empty")
    at = serializers.DateTimeField(help_text="the instant it counts as")
    written = serializers.CharField(help_text="as it was given")
    precision = serializers.CharField(help_text="exact, minute or day")
    flag = serializers.CharField(help_text="how it was understood, mostly empty")
    source = serializers.CharField()  # type: ignore[assignment]  # the API's name for it
    reason = serializers.CharField()
    author = serializers.CharField(help_text="empty: the product took it over")
    created_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_reason = serializers.CharField()
    chosen = ChoiceSerializer(many=True)
    is_first = serializers.BooleanField(
        help_text="counts where nobody chose: the earliest that stands, or one of many"
    )


class DecisionSerializer(serializers.Serializer[Any]):
    """A verdict under one regime, and who confirmed it."""

    id = serializers.IntegerField()
    organisation = serializers.CharField()
    regime = serializers.CharField()
    regime_digest = serializers.CharField(help_text="SHA-256 of the text it went by")
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    limbs = serializers.ListField(child=serializers.CharField())
    reason = serializers.CharField()
    answers = serializers.DictField(help_text="of the assessment, as they were then")
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField()
    confirmed_by = serializers.CharField(help_text="empty until somebody did")
    confirmed_at = serializers.DateTimeField(allow_null=True)
    review_on = serializers.DateField(allow_null=True)
    is_current = serializers.BooleanField()
    is_in_force = serializers.BooleanField(
        help_text="clocks go by it now: the last one that was confirmed"
    )


def render_anchors(values: Iterable[AnchorValue]) -> list[Any]:
    """Return candidates as the API shows them, withdrawn ones too.

    Requires organisation and author to be loaded.
    """
    rows = list(values)
    records = anchors_of_many({row.incident_id for row in rows})
    return [
        AnchorSerializer(_anchor(row, records.get(_place(row), TimeRecord()))).data
        for row in rows
    ]


def render_decisions(decisions: Iterable[Decision]) -> list[Any]:
    """Return decisions as the API shows them.

    Requires organisation, decider and confirmer to be loaded, and former ones to come
    with those that took their place.
    """
    rows = list(decisions)
    confirmed = sorted(
        (row for row in rows if row.confirmed_at), key=lambda row: row.pk
    )
    last = {(*_place(row), row.regime_id): row.pk for row in confirmed}
    in_force = set(last.values())
    return [
        DecisionSerializer(_decision(row, is_in_force=row.pk in in_force)).data
        for row in rows
    ]


def _place(row: AnchorValue | Decision) -> tuple[int, int]:
    return row.incident_id, row.organisation_id


def _anchor(row: AnchorValue, record: TimeRecord) -> Mapping[str, Any]:
    chosen = [c for c in record.choices.values() if c.value_id == row.pk]
    # Under a regime of which nobody has chosen anything: what counts without a choice.
    first = TimeRecord(record.values).counting(row.regime_id).get(row.name, [])
    return {
        "id": row.pk,
        "organisation": row.organisation.slug,
        "name": row.name,
        "title": words_of(row.name),
        "regime": row.regime_id,
        "at": row.at,
        "written": row.written,
        "precision": row.precision,
        "flag": flag_of(row.written),
        "source": row.source,
        "reason": row.reason,
        "author": _name(row.author),
        "created_at": row.created_at,
        "withdrawn_at": row.withdrawn_at,
        "withdrawn_reason": row.withdrawn_reason,
        "chosen": [_choice(choice) for choice in chosen],
        "is_first": row.pk in {value.pk for value in first},
    }


def _choice(choice: AnchorChoice) -> Mapping[str, Any]:
    return {
        "regime": choice.regime_id,
        "reason": choice.reason,
        "author": _name(choice.author),
        "chosen_at": choice.chosen_at,
    }


def _decision(row: Decision, *, is_in_force: bool) -> Mapping[str, Any]:
    return {
        "id": row.pk,
        "organisation": row.organisation.slug,
        "regime": row.regime_id,
        "regime_digest": row.regime_digest,
        "verdict": row.verdict,
        "limbs": row.limbs,
        "reason": row.reason,
        "answers": row.facts,
        "decided_by": _name(row.decided_by),
        "decided_at": row.decided_at,
        "confirmed_by": _name(row.confirmed_by),
        "confirmed_at": row.confirmed_at,
        "review_on": row.review_on,
        "is_current": row.is_current,
        "is_in_force": is_in_force,
    }


def _name(user: User | None) -> str:
    return (user.name or user.email) if user else ""
