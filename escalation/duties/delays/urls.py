from django.urls import path

from escalation.duties.delays import views

_CLOCK = "incidents/<str:ref>/duties/clocks/<int:pk>/"
_EXTENSION = "incidents/<str:ref>/duties/extensions/<int:pk>/"

urlpatterns = [
    path(f"{_CLOCK}notices/", views.duties_delay_notice, name="duties-delay-notice"),
    path(
        f"{_CLOCK}extensions/ask/",
        views.duties_extension_ask,
        name="duties-extension-ask",
    ),
    path(
        f"{_CLOCK}extensions/",
        views.duties_extension_record,
        name="duties-extension-record",
    ),
    path(
        f"{_EXTENSION}confirm/",
        views.duties_extension_confirm,
        name="duties-extension-confirm",
    ),
    path(
        f"{_EXTENSION}withdraw/",
        views.duties_extension_withdraw,
        name="duties-extension-withdraw",
    ),
    path(
        f"{_EXTENSION}grant/",
        views.duties_extension_grant,
        name="duties-extension-grant",
    ),
    path(
        f"{_EXTENSION}refuse/",
        views.duties_extension_refuse,
        name="duties-extension-refuse",
    ),
]
