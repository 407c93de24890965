"""The forms of witnesses and of logs that are watched."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from django import forms

from incidents.errors import BadInput
from incidents.ledger.policy import Policy
from incidents.ledger.quorum import (
    COMPUTED,
    BadQuorum,
    draft_of,
    read_lines,
    write_lines,
)
from incidents.organisations.models import Organisation, OrganisationKind
from incidents.witnessing.editing import (
    LogDraft,
    WitnessDraft,
    read_root,
)
from incidents.witnessing.models import WatchedLog, Witness, WitnessQuorum
from incidents.witnessing.own_policy import quorum_of
from incidents.witnessing.quorums import (
    ALARM_MINUTES,
    MAX_ALARM_MINUTES,
    QuorumSetting,
    check_quorum,
)

_ADDRESS_HELP: Final = (
    "Below which add-checkpoint stands. Empty: it fetches heads by itself."
)
_KEYS_HELP: Final = "One on each line; two while one replaces the other."


class WitnessForm(forms.Form):
    """Who is to cosign."""

    slug = forms.SlugField(
        label="Name in policies", max_length=60, help_text="a-z, 0-9 and hyphens"
    )
    vkey = forms.CharField(
        label="Public key",
        max_length=300,
        help_text="The one line name+id+base64, by letter or in person.",
    )
    address = forms.CharField(max_length=500, required=False, help_text=_ADDRESS_HELP)
    organisation = forms.ModelChoiceField(
        queryset=Organisation.objects.exclude(kind=OrganisationKind.PLATFORM),
        required=False,
        empty_label="Of no party",
        help_text="Unless the platform sets another quorum, a head needs one witness"
        " of each side that has any.",
    )

    def draft(self) -> WitnessDraft:
        """Return the witness."""
        return WitnessDraft(**self.cleaned_data)


class WitnessChangeForm(forms.Form):
    """Where it is asked, and whether."""

    address = forms.CharField(max_length=500, required=False, help_text=_ADDRESS_HELP)
    is_active = forms.BooleanField(label="It cosigns", required=False)

    @staticmethod
    def initial_of(witness: Witness) -> dict[str, Any]:
        """Return what stands there now."""
        return {"address": witness.address, "is_active": witness.is_active}


class WatchedLogForm(forms.Form):
    """Which log is to be cosigned, and from where on."""

    origin = forms.CharField(
        max_length=200, help_text="The first line of its heads: its name."
    )
    vkeys = forms.CharField(
        label="Public keys",
        max_length=1500,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono"}),
        help_text=_KEYS_HELP,
    )
    size = forms.IntegerField(
        label="Size of the head that its operator handed over",
        min_value=0,
        initial=0,
        help_text="0 while the log is new.",
    )
    root = forms.CharField(
        label="Root of that head",
        max_length=44,
        required=False,
        help_text="Its third line. Empty for size 0.",
    )

    def draft(self) -> LogDraft:
        """Return the log. Raises BadInput."""
        values = self.cleaned_data
        return LogDraft(
            values["origin"],
            values["vkeys"].split(),
            values["size"],
            read_root(values["root"]),
        )


class WatchedLogChangeForm(forms.Form):
    """By which keys it is known, and whether it is cosigned."""

    vkeys = forms.CharField(
        label="Public keys",
        max_length=1500,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono"}),
        help_text=_KEYS_HELP,
    )
    is_active = forms.BooleanField(label="Cosign it", required=False)

    @staticmethod
    def initial_of(watched: WatchedLog) -> dict[str, Any]:
        """Return what stands there now."""
        return {"vkeys": watched.vkeys, "is_active": watched.is_active}


class QuorumForm(forms.Form):
    """Whose lines make a head complete."""

    kind = forms.ChoiceField(
        label="A head is complete when",
        choices=(
            (COMPUTED, "one witness of each side that has any has cosigned it"),
            ("written", "the groups below say so"),
        ),
        widget=forms.RadioSelect,
    )
    lines = forms.CharField(
        label="Groups and quorum",
        max_length=20_000,
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 6, "spellcheck": "false", "class": "mono"}
        ),
        help_text="A line for each group: group NAME all|any|NUMBER MEMBER …, where members"
        " are witnesses or other groups. One line: quorum NAME. In any order.",
    )
    alarm_minutes = forms.IntegerField(
        label="Tell the operator after so many minutes without a quorum",
        min_value=1,
        max_value=MAX_ALARM_MINUTES,
    )

    @staticmethod
    def initial_of(row: WitnessQuorum | None, policy: Policy) -> dict[str, Any]:
        """Return what stands now; the computed one in lines, to go on from."""
        draft = quorum_of(row)
        return {
            "kind": "written" if draft else COMPUTED,
            "lines": write_lines(draft or draft_of(policy)),
            "alarm_minutes": row.alarm_minutes if row else ALARM_MINUTES,
        }

    def setting(self) -> QuorumSetting:
        """Return what is to be set. Raises BadInput."""
        values = self.cleaned_data
        draft = None
        if values["kind"] != COMPUTED:
            try:
                draft = read_lines(values["lines"])
            except BadQuorum as error:
                raise _at_lines(error.value, error.remedy) from None
        return QuorumSetting(draft, values["alarm_minutes"])

    def policy(self, witnesses: Sequence[Witness]) -> Policy:
        """Return the policy that comes of it. Raises BadInput at the lines."""
        try:
            return check_quorum(self.setting().draft, witnesses)
        except BadInput as error:
            if error.field == "lines":
                raise
            raise _at_lines(error.value, error.remedy) from None


def _at_lines(value: object, remedy: str) -> BadInput:
    return BadInput("lines", value, f"{value}: {remedy}" if value else remedy)


def is_saved(form: forms.Form, save: Callable[[], object]) -> bool:
    """Save what a form says; what the domain refuses stands at its field."""
    if not form.is_valid():
        return False
    try:
        save()
    except BadInput as error:
        form.add_error(
            error.field if error.field in form.fields else None, error.remedy
        )
        return False
    return True
