from django.urls import path

from escalation.filings import download_views, views
from escalation.filings.acts import ACTS

_FILING = "filings/<str:ref>/"

urlpatterns = [
    path("filings/", views.filing_list, name="filing-list"),
    path("incidents/<str:ref>/filings/new/", views.filing_new, name="filing-new"),
    path(_FILING, views.filing_detail, name="filing-detail"),
    path(f"{_FILING}edit/", views.filing_edit, name="filing-edit"),
    path(
        f"{_FILING}files/<slug:key>/<slug:form>/",
        download_views.filing_file,
        name="filing-file",
    ),
    *(
        path(f"{_FILING}{name}/", views.act_page(name), name=f"filing-{name}")
        for name in ACTS
    ),
]
