"""Does what a reporter's browser does: forms in, pages out, nothing kept between."""

import io
import re
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from incidents.models import Organisation, ReportDesk, User

REPORT, INBOX, MESSAGE = "/report/", "/report/inbox/", "/report/inbox/message/"
ADDRESS = "203.0.113.77"


@dataclass(frozen=True, slots=True)
class Desk:
    """A lab that takes reports, and who reads them."""

    row: ReportDesk
    lab: Organisation
    handler: User


def browser() -> Client:
    """Return a browser that sends all that could tell who it is."""
    return Client(
        REMOTE_ADDR=ADDRESS,
        headers={
            "x-forwarded-for": ADDRESS,
            "forwarded": f"for={ADDRESS}",
            "user-agent": f"Telling/{ADDRESS}",
            "referer": f"https://{ADDRESS}/",
        },
    )


def token_in(answer) -> str:
    found = re.search(r'name="token" value="([^"]+)"', answer.content.decode())
    assert found is not None
    return found.group(1)


def code_in(answer) -> str:
    found = re.search(r'class="receipt-code">([^<]+)<', answer.content.decode())
    assert found is not None, answer.content.decode()
    return found.group(1)


def fill_in(token: str = "", **more: Any) -> dict[str, Any]:
    """Return a report form as it is sent."""
    return {
        "token": token or token_in(browser().get(REPORT)),
        "to": "aurora",
        "title": "They hide an incident",
        "description": "The weights were copied in March.",
        **more,
    }


def send_report(**more: Any) -> str:
    """Send a report and return its code."""
    return code_in(browser().post(REPORT, fill_in(**more)))


def picture(kind: str = "JPEG", **options: Any) -> bytes:
    """Return a small picture that says where it was taken and by whom."""
    image = Image.new("RGB", (40, 20), (200, 30, 30))
    exif = image.getexif()
    exif[0x010F] = "TellingCamera"
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 0.0)}
    target = io.BytesIO()
    image.save(target, format=kind, exif=exif, **options)
    return target.getvalue()


def upload(data: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)
