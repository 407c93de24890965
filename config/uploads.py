"""Admit a request that may carry a large file, before a byte of its body is read.

Who is not signed in sends no large file; too many at once come again later; a disk that
is nearly full is said so while nothing is lost but the attempt.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from incidents.errors import TocsinError
from incidents.incident.incoming import IncomingFiles
from incidents.incident.new_file import check_room
from incidents.incident.transfers import LARGE_BYTES, TRANSFERS
from incidents.pages import RETRY_AFTER_SECONDS, error_page
from incidents.problems import problem_page

# The fields of a form beside its file.
FIELDS_BYTES: Final = 1024 * 1024
_API: Final = "/api/"
# The addresses that take the files of incidents, filings and extensions; no other takes a large body.
_TAKES_FILES: Final = re.compile(
    r"/incidents/(new|[^/]+/attach)/|/api/v1/incidents/[^/]+/attachments/"
    r"|(/api/v1)?/filings/[^/]+/by-hand/"
    r"|/incidents/[^/]+/duties/clocks/[^/]+/extensions/"
    r"|/api/v1/incidents/[^/]+/statutory-clocks/[^/]+/record-extension/"
)


def takes_files(path: str) -> bool:
    """Whether files of incidents are sent to this address."""
    return _TAKES_FILES.fullmatch(path) is not None


def announced_bytes(request: HttpRequest) -> int:
    """Return how long the request says its body is."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    return int(announced) if announced.isdecimal() else 0


def admit_uploads(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Have files written where they are to stay, if there is room and a thread for them.

    Requires the person of the session to be known: stands after authentication.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not takes_files(request.path):
            return get_response(request)
        try:
            if _is_strangers(request):
                return redirect(f"{settings.LOGIN_URL}?next={request.path}")
            with _admitted(request):
                return get_response(request)
        except TocsinError as error:
            return _refusal(request, error)

    return answer


def _is_strangers(request: HttpRequest) -> bool:
    """Whether a page is sent a large body by nobody; the API answers that itself."""
    is_large = announced_bytes(request) > LARGE_BYTES
    is_page = not request.path.startswith(_API)
    return is_page and is_large and not request.user.is_authenticated


@contextmanager
def _admitted(request: HttpRequest) -> Iterator[None]:
    """Have the files of this request written to disk. Raises Unavailable, NoRoom."""
    files, size_bytes = IncomingFiles(request), announced_bytes(request)
    request.upload_handlers = [files]
    try:
        if size_bytes <= LARGE_BYTES:
            yield
            return
        with TRANSFERS.one(_sender(request)), _ARRIVING.room_for(size_bytes):
            yield
    finally:
        files.forget()


def _sender(request: HttpRequest) -> str:
    """Return who sends; whether a token is good is found out before the body is read."""
    token = request.headers.get("Authorization", "")
    if token and request.path.startswith(_API):
        return hashlib.sha256(token.encode()).hexdigest()
    return f"user:{request.user.pk}"


class _Arriving:
    """The bytes that large uploads of this process have announced."""

    def __init__(self) -> None:
        self._bytes = 0
        self._lock = threading.Lock()

    @contextmanager
    def room_for(self, size_bytes: int) -> Iterator[None]:
        """Count them while the block runs. Raises NoRoom.

        What has come of the others is counted twice: it refuses too early, never too late.
        """
        with self._lock:
            check_room(size_bytes + self._bytes)
            self._bytes += size_bytes
        try:
            yield
        finally:
            with self._lock:
                self._bytes -= size_bytes


_ARRIVING: Final = _Arriving()


def _refusal(request: HttpRequest, error: TocsinError) -> HttpResponse:
    if not request.path.startswith(_API):
        return error_page(error)
    response = problem_page(status=error.status, code=error.code, detail=error.message)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
