"""The form in which a person says how a source's senders prove who they are."""

from datetime import timedelta
from typing import Any, Final

from django import forms

from incidents.intake.models import Source
from incidents.intake.trust_kinds import KIND_CHOICES, KINDS, MAX_SECRET

KEPT_CHOICES: Final = (
    (0, "ends at once"),
    (60, "works one hour more"),
    (24 * 60, "works one day more"),
    (7 * 24 * 60, "works seven days more"),
)
_LABELS: Final = {
    "username": ("User name", ""),
    "header": ("Name of the header", "For example X-Signature."),
    "prefix": (
        "What stands before the signature",
        "For example sha256=. May be empty.",
    ),
    "encoding": ("How the signature is written", ""),
    "algorithm": ("Hash", ""),
    "timestamp_header": (
        "Header with the signed instant",
        "In Unix seconds. With it an old message is refused. May be empty.",
    ),
    "topics": (
        "Topics that may send",
        "One ARN on each line; a star may stand at the end.",
    ),
    "joint": ("What stands between the instant and the body", ""),
}
_CHOICES: Final = {"encoding": ("hex", "base64"), "algorithm": ("sha256", "sha512")}


class KindForm(forms.Form):
    """Which proof a source asks for."""

    kind = forms.ChoiceField(
        label="They must bring", choices=KIND_CHOICES, widget=forms.Select
    )


class RotateForm(forms.Form):
    """For how long a former address works on."""

    keep_old_minutes = forms.TypedChoiceField(
        label="The present address", choices=KEPT_CHOICES, coerce=int, initial="0"
    )


class TrustForm(forms.Form):
    """The options of one kind of proof; only those that the kind has.

    `topic` is one that was refused and may be added, shown as the last.
    """

    def __init__(
        self, kind: str, source: Source, data: Any = None, *, topic: str = ""
    ) -> None:
        super().__init__(data, initial=_initial(kind, source, topic=topic))
        self.kind = kind
        self.has_one = source.verification == kind and source.secret_sealed is not None
        for name in KINDS[kind].options:
            self.fields[name] = _option(kind, name)
        if KINDS[kind].has_secret:
            self._add_secret()
        self.fields["address_ranges"] = forms.CharField(
            label="Addresses that may send",
            required=False,
            widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            help_text="One on each line: 192.0.2.0/24 or 2001:db8::1. Empty: all.",
        )

    def changes(self) -> dict[str, Any]:
        """Return what is wished. Requires a valid form."""
        given = self.cleaned_data
        wished = {
            "verification": self.kind,
            "options": {name: given[name] for name in KINDS[self.kind].options},
            "address_ranges": given["address_ranges"].split(),
        }
        if given.get("secret"):
            wished["secret"] = given["secret"]
        elif given.get("make_secret"):
            wished["secret"] = ""
        return wished

    def kept(self) -> timedelta:
        """Return for how long a secret that is replaced works on."""
        return timedelta(minutes=self.cleaned_data.get("keep_old_minutes") or 0)

    def _add_secret(self) -> None:
        kind = KINDS[self.kind]
        if self.has_one:
            help_text = "Empty: the present one stays."
        elif kind.is_made_here:
            help_text = "Empty: one is made and shown once."
        else:
            help_text = kind.setup
        widget = forms.PasswordInput(attrs={"autocomplete": "off"})
        self.fields["secret"] = forms.CharField(
            label="Secret",
            required=not self.has_one and not kind.is_made_here,
            max_length=MAX_SECRET,
            widget=widget,
            help_text=help_text,
        )
        if self.has_one and kind.is_made_here:
            self.fields["make_secret"] = forms.BooleanField(
                label="Make a new secret and show it once", required=False
            )
        if self.has_one:
            self.fields["keep_old_minutes"] = forms.TypedChoiceField(
                label="If the secret changes, the present one",
                choices=KEPT_CHOICES,
                coerce=int,
                initial="0",
            )


def _option(kind: str, name: str) -> forms.Field:
    label, help_text = _LABELS[name]
    if name in _CHOICES:
        return forms.ChoiceField(label=label, choices=[(c, c) for c in _CHOICES[name]])
    if name == "topics":
        widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})
        return forms.CharField(label=label, widget=widget, help_text=help_text)
    return forms.CharField(
        label=label,
        required=KINDS[kind].options[name] is None,
        max_length=80,
        strip=name != "joint",
        help_text=help_text,
    )


def _initial(kind: str, source: Source, *, topic: str) -> dict[str, Any]:
    kept = source.verification_options if kind == source.verification else {}
    options = {**KINDS[kind].options, **kept}
    if topic and "topics" in options:
        options["topics"] = "\n".join([*str(options["topics"] or "").split(), topic])
    return {
        **options,
        "address_ranges": "\n".join(source.address_ranges),
    }
