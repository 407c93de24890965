"""The forms of signing keys and signatures: each takes what a key has signed."""

import json
from typing import Any

from django import forms

from incidents.errors import BadInput
from incidents.ledger.dsse import Envelope
from incidents.signatures.keys import read_pasted
from incidents.signatures.signing import FIELD, read_envelopes

_AREA = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})


class KeyForm(forms.Form):
    """The proof that somebody has a key."""

    envelope = forms.CharField(
        label="What tocsin-sign register printed", max_length=20_000, widget=_AREA
    )

    def given(self) -> Envelope:
        """Return the envelope. Raises BadInput."""
        return read_pasted(self.cleaned_data["envelope"])


class SignForm(forms.Form):
    """The signatures under one acknowledgement."""

    envelopes = forms.CharField(
        label="What tocsin-sign ack printed", max_length=100_000, widget=_AREA
    )

    def given(self) -> list[Envelope]:
        """Return the envelopes. Raises BadInput."""
        return read_envelopes(_json(self.cleaned_data["envelopes"]))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(FIELD, text, "Paste the whole of what it printed.") from None
