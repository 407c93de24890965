"""An empty Django view and nothing else: what the web server and Django cost alone."""

import os

from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


@csrf_exempt
def empty(request: HttpRequest) -> HttpResponse:
    """Answer with nothing."""
    return HttpResponse()


urlpatterns = [path("empty", empty)]


def make_application() -> object:
    """Return the site of the one view, without middleware."""
    from django.conf import settings  # noqa: PLC0415  the environment comes first

    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = __name__
    return get_wsgi_application()


application = make_application()
