"""An empty Django view behind the site's own middleware: what serving costs alone."""

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
    """Return the site with this one view instead of its own."""
    from django.conf import settings  # noqa: PLC0415  the environment comes first

    settings.ROOT_URLCONF = __name__
    return get_wsgi_application()


application = make_application()
