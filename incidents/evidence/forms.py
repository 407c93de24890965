"""The form by which a person hands out evidence."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms

from incidents.evidence.audiences import Audience
from incidents.evidence.redaction import BadRule, Rule, read_rules


class ExportForm(forms.Form):
    """What is handed out, to whom, and what is withheld."""

    audience = forms.ChoiceField(label="Record", widget=forms.RadioSelect)
    recipient = forms.CharField(
        max_length=200, help_text="Who gets it. It stands in the record."
    )
    has_files = forms.BooleanField(
        label="With the files that its entries name", required=False, initial=True
    )
    rules = forms.CharField(
        label="Withhold",
        required=False,
        max_length=100_000,
        widget=forms.Textarea(
            attrs={"rows": 4, "class": "mono", "placeholder": "actor: FOIA b(6)"}
        ),
        help_text=(
            "One rule a line: a field of every entry (actor: FOIA b(6)), of one entry "
            "(12 text: FOIA b(7)(A)), or a whole entry (15: FOIA b(5)). The recipient "
            "reads the authority; that something is withheld always shows."
        ),
    )
    seen_size = forms.IntegerField(
        label="Size of the log that the recipient has seen",
        required=False,
        min_value=1,
        help_text="If they kept a state file, the bundle continues it.",
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(
        self, *args: Any, audiences: Mapping[str, Audience], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = [(name, one.label) for name, one in audiences.items()]
        self.fields["audience"].choices = choices  # type: ignore[attr-defined]  # a choice field
        self.fields["key"].initial = str(uuid.uuid4())
        if choices:
            self.fields["audience"].initial = choices[0][0]

    def clean_rules(self) -> tuple[Rule, ...]:
        """Return the rules; says which line cannot be used."""
        try:
            return read_rules(self.cleaned_data["rules"])
        except BadRule as error:
            raise forms.ValidationError(str(error)) from None
