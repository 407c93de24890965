"""The one page on which a silence or a maintenance window is made or changed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render

from incidents.errors import BadInput
from incidents.pages import PageRequest
from incidents.timers.clock import read_now

# Fields of drafts that stand under another name in the forms.
_PLACES: Final = {"ends_at": "starts_at", "matchers": "conditions"}


def edit_page(
    request: PageRequest,
    form: forms.Form,
    save: Callable[[datetime], object],
    context: Mapping[str, Any],
) -> HttpResponse:
    """Save what was sent and go to the list; else show the form and what is wrong."""
    is_sent = request.method == "POST"
    if is_sent and form.is_valid() and _is_saved(form, save):
        return redirect("silence-list")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_sent else HTTPStatus.OK
    return render(
        request,
        "incidents/intake/silence_edit.html",
        {"form": form, **context},
        status=status,
    )


def _is_saved(form: forms.Form, save: Callable[[datetime], object]) -> bool:
    try:
        save(read_now())
    except BadInput as error:
        place = _PLACES.get(error.field, error.field)
        form.add_error(place if place in form.fields else None, error.remedy)
        return False
    return True
