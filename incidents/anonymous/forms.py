"""Forms of reporters, who have no account, and of the handlers who answer them."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from incidents.anonymous.cleaning import RawFile
from incidents.anonymous.models import ReportDesk, ReportFile
from incidents.anonymous.uploads import MAX_FILE_BYTES, MAX_FILES
from incidents.incident.models import CATEGORY_CHOICES
from incidents.incident.severity import SEVERITIES
from incidents.incident.tlp import DEFAULT_TLP, Tlp
from incidents.organisations.models import Organisation, User

MAX_TEXT: Final = 50_000
ANYONE: Final = "all"
_FILES_HELP: Final = (
    f"At most {MAX_FILES}, up to {filesizeformat(MAX_FILE_BYTES)} each. Names of files are "
    "not kept. JPEG, PNG and WebP pictures are written anew without place, time and "
    "camera. A PDF or Office file may name its author: we cannot take that out."
)
_DANGER: Final = {"yes": True, "no": False, "unknown": None}


class FilesInput(forms.ClearableFileInput):
    """An input for several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, as they were sent: whoever stores them cleans them."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[RawFile]:
        """Return the files. Raises ValidationError."""
        chosen: Sequence[UploadedFile] = [item for item in data or [] if item]
        if len(chosen) > MAX_FILES:
            raise ValidationError(f"Attach at most {MAX_FILES} files.")
        for item in chosen:
            super().clean(item, initial)
        return [RawFile(item.read(), name=item.name or "") for item in chosen]


def files_field() -> FilesField:
    """Return the field for a reporter's files."""
    return FilesField(
        label="Files", required=False, help_text=_FILES_HELP, widget=FilesInput()
    )


class FilesForm(forms.Form):
    """A form whose files may have been passed over because they were too large."""

    skipped: Sequence[str] = ()

    def clean(self) -> dict[str, Any]:
        """Say which files were too large, so that none is missing without a word."""
        if self.skipped:
            self.add_error(
                "attachments",
                f"{len(self.skipped)} of your files had more than "
                f"{filesizeformat(MAX_FILE_BYTES)} and nothing was sent yet. Choose "
                "the others again.",
            )
        return self.cleaned_data


class ReportForm(FilesForm):
    """What somebody reports."""

    to = forms.ChoiceField(label="Who should read it", widget=forms.RadioSelect)
    title = forms.CharField(
        label="What is it about, in a sentence",
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    description = forms.CharField(
        label="What happened",
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 10, "autocomplete": "off"}),
        help_text="Leave out what only you can know, if it would tell who you are.",
    )
    category = forms.ChoiceField(
        label="Closest category",
        required=False,
        choices=[("", "I do not know"), *CATEGORY_CHOICES],
    )
    attachments = files_field()

    def __init__(self, *args: Any, desks: Sequence[ReportDesk], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._desks = {_name_of(desk): desk for desk in desks}
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = [(name, _label(desk)) for name, desk in self._desks.items()]
        if len(desks) == 1:
            field.initial = _name_of(desks[0])

    def desk(self) -> ReportDesk:
        """Return the desk that was chosen. Requires that the form is valid."""
        return self._desks[self.cleaned_data["to"]]


class CodeForm(forms.Form):
    """The code of a receipt."""

    code = forms.CharField(
        label="Your code",
        max_length=100,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}
        ),
        help_text="Seven groups of four characters. Capitals, spaces and hyphens do "
        "not count.",
    )


class MessageForm(FilesForm):
    """A message of a reporter who has come back."""

    text = forms.CharField(
        label="Write to the handlers",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off"}),
    )
    attachments = files_field()


class AnswerForm(forms.Form):
    """What a handler writes to a reporter."""

    text = forms.CharField(
        label="Message to the reporter",
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="The reporter reads it with their code, signed by your organisation "
        "and not by you.",
    )


class IncidentForm(forms.Form):
    """What others are to know of a report; nothing of it is copied by itself."""

    title = forms.CharField(label="Title of the incident", max_length=300)
    description = forms.CharField(
        label="What others may know",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="In your own words. Leave out what would tell who reported it.",
    )
    category = forms.ChoiceField(
        label="Closest category", choices=[("", "Choose one"), *CATEGORY_CHOICES]
    )
    severity = forms.TypedChoiceField(
        label="Severity",
        choices=[
            ("", "Choose one"),
            *((level.level, f"{level.level} {level.name}") for level in SEVERITIES),
        ],
        coerce=int,
    )
    tlp = forms.ChoiceField(
        label="Who may know",
        choices=[(tlp.value, f"{tlp.label}: {tlp.meaning}") for tlp in Tlp],
        initial=DEFAULT_TLP.value,
    )
    danger = forms.ChoiceField(
        label="Is anyone in danger",
        choices=[("unknown", "Not known yet"), ("yes", "Yes"), ("no", "No")],
        initial="unknown",
    )
    chosen = forms.TypedMultipleChoiceField(
        label="Files that go along",
        required=False,
        coerce=UUID,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, files: Sequence[ReportFile], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["chosen"]
        assert isinstance(field, forms.TypedMultipleChoiceField)  # noqa: S101  declared
        field.choices = [(str(file.uid), _described(file)) for file in files]
        if not files:
            del self.fields["chosen"]

    def is_danger(self) -> bool | None:
        """Return the answer. Requires that the form is valid."""
        return _DANGER[self.cleaned_data["danger"]]


class ReaderForm(forms.Form):
    """One more colleague who is to read a report."""

    person = forms.ChoiceField(
        label="Colleague",
        help_text="They read and answer this report alone. It is recorded, and every "
        "handler is told.",
    )

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = [("", "Choose one"), *((p.email, str(p)) for p in people)]


class DeskForm(forms.Form):
    """Who reads an organisation's anonymous reports."""

    handlers = forms.MultipleChoiceField(
        label="Handlers",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Only they read the reports. Without any, none are taken.",
    )
    is_open = forms.BooleanField(label="Take anonymous reports", required=False)
    takes_all = forms.BooleanField(
        label="Also take the reports of people who do not know whom to tell",
        required=False,
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = organisation.memberships.filter(ended_at=None, user__is_active=True)
        people = sorted(
            {(str(row.user), row.user.email) for row in rows.select_related("user")}
        )
        field = self.fields["handlers"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  declared above
        field.choices = [(email, name) for name, email in people]
        if not organisation.is_agency:
            del self.fields["takes_all"]


def _name_of(desk: ReportDesk) -> str:
    return ANYONE if desk.takes_all else desk.organisation.slug


def _label(desk: ReportDesk) -> str:
    kind = "an agency" if desk.organisation.is_agency else "a lab"
    if desk.takes_all:
        return f"I do not know: {desk.organisation.name}, {kind}, takes every report"
    return f"{desk.organisation.name}, {kind}"


def _described(file: ReportFile) -> str:
    kept = "written anew" if file.is_cleaned else "as it came: look at what it says"
    return f"{file.filename}, {filesizeformat(file.size_bytes)}, {kept}"
