from django.http import HttpRequest, HttpResponse
from django.urls import path


def _page(request: HttpRequest, ref: str) -> HttpResponse:
    return HttpResponse(ref)


urlpatterns = [path("incidents/<str:ref>/", _page, name="incident-detail")]
