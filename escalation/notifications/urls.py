from django.urls import path

from escalation.notifications import rule_views, views
from escalation.notifications.ack_receipts import acknowledge_receipt
from escalation.notifications.ack_views import acknowledge_page

_METHOD = "account/contact-methods/"

urlpatterns = [
    path("ack/<str:token>/", acknowledge_page, name="acknowledge-by-link"),
    path("ack/<str:token>/receipt/", acknowledge_receipt, name="receipt-by-link"),
    path(_METHOD, views.contact_method_new, name="contact-method-new"),
    path(
        f"{_METHOD}<int:pk>/verify/",
        views.contact_method_verify,
        name="contact-method-verify",
    ),
    path(
        f"{_METHOD}<int:pk>/resend/",
        views.contact_method_resend,
        name="contact-method-resend",
    ),
    path(
        f"{_METHOD}<int:pk>/delete/",
        views.contact_method_delete,
        name="contact-method-delete",
    ),
    path(
        "account/notification-rules/<slug:organisation>/",
        rule_views.notification_rules_save,
        name="notification-rules-save",
    ),
    path(
        "account/notification-rules/<slug:organisation>/delete/",
        rule_views.notification_rules_delete,
        name="notification-rules-delete",
    ),
    path("mailbox/", views.mailbox, name="mailbox"),
    path("mailbox/<str:name>/", views.mailbox_message, name="mailbox-message"),
]
