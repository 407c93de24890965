from django.urls import path

from incidents.anonymous import desk_views, public_views
from incidents.anonymous import views as reports
from incidents.custody import views as custody
from incidents.evidence import views as evidence
from incidents.incident import actions_views, draft_views, views
from incidents.incident import own_access_views as own_access
from incidents.incident.home import home
from incidents.intake import alertmanager_views as alertmanager
from incidents.intake import handling_views as handling
from incidents.intake import maintenance_views as windows
from incidents.intake import mapping_views as mapping
from incidents.intake import opsgenie_views as opsgenie
from incidents.intake import silence_views as silences
from incidents.intake import source_views
from incidents.intake import trust_views as trust
from incidents.intake import views as intake
from incidents.intake.heartbeats import opsgenie as opsgenie_heartbeats
from incidents.intake.heartbeats import views as heartbeats
from incidents.mail import mailbox_views
from incidents.mail import views as mail
from incidents.organisations import views as people
from incidents.retention import views as retention
from incidents.signatures import views as signatures
from incidents.triage import views as triage
from incidents.witnessing import views as witnessing
from incidents.witnessing import witness_views as witnesses
from incidents.witnessing.quorum_views import quorum_edit

_INCIDENT = "incidents/<str:ref>/"

# Other products' APIs, for whoever has the key of a source: docs/howto/connect-*.md.
_ALERTMANAGER = [
    path(f"{prefix}{address}", view, name=f"alertmanager-{name}")
    for prefix in ("am/<str:key>/", "")
    for name, address, view in (
        ("status", "api/v2/status", alertmanager.status),
        ("receivers", "api/v2/receivers", alertmanager.receivers),
        ("alerts", "api/v2/alerts", alertmanager.alerts),
        ("groups", "api/v2/alerts/groups", alertmanager.groups),
        ("silences", "api/v2/silences", alertmanager.silences),
        ("silence", "api/v2/silence/<str:uid>", alertmanager.silence),
        ("healthy", "-/healthy", alertmanager.healthy),
        ("ready", "-/ready", alertmanager.healthy),
    )
]
_SURFACES = [
    *_ALERTMANAGER,
    path("am/<str:key>/api/v1/<path:rest>", alertmanager.gone, name="alertmanager-v1"),
    path(
        "v2/alerts/requests/<uuid:uid>",
        opsgenie.request_status,
        name="opsgenie-request",
    ),
    path("v2/alerts", opsgenie.alerts, name="opsgenie-alerts"),
    path("v2/alerts/count", opsgenie.count, name="opsgenie-count"),
    path("v2/alerts/<path:name>", opsgenie.alert, name="opsgenie-alert"),
    path("v2/heartbeats", opsgenie_heartbeats.heartbeats, name="opsgenie-heartbeats"),
    path(
        "v2/heartbeats/<str:name>",
        opsgenie_heartbeats.heartbeat,
        name="opsgenie-heartbeat",
    ),
    path(
        "v2/heartbeats/<str:name>/ping",
        opsgenie_heartbeats.ping,
        name="opsgenie-ping",
    ),
]

# In the formats of C2SP (tlog-witness), for other logs and for our own's witnesses.
_WITNESSING = [
    path(
        "witness/add-checkpoint",
        witnessing.witness_add_checkpoint,
        name="witness-add-checkpoint",
    ),
    path(
        "witness/<str:origin_hash>/checkpoint",
        witnessing.witness_checkpoint,
        name="witness-checkpoint",
    ),
    path("log/checkpoint/newest", witnessing.log_newest, name="log-newest"),
    path("log/cosignatures", witnessing.log_cosignatures, name="log-cosignatures"),
    path("log/policy", witnessing.log_policy, name="log-policy"),
    path("witnesses/", witnesses.witness_list, name="witness-list"),
    path("witnesses/new/", witnesses.witness_new, name="witness-new"),
    path("witnesses/quorum/", quorum_edit, name="quorum-edit"),
    path("witnesses/<uuid:uid>/", witnesses.witness_edit, name="witness-edit"),
    path("watched-logs/new/", witnesses.watched_log_new, name="watched-log-new"),
    path(
        "watched-logs/<uuid:uid>/", witnesses.watched_log_edit, name="watched-log-edit"
    ),
]

urlpatterns = [
    *_SURFACES,
    *_WITNESSING,
    path("", home, name="home"),
    path("sign-in/", people.sign_in, name="sign-in"),
    path("sign-out/", people.sign_out, name="sign-out"),
    path("account/", people.account, name="account"),
    path("account/password/", own_access.password_change, name="password-change"),
    path("account/tokens/", own_access.token_new, name="token-new"),
    path(
        "account/tokens/<int:pk>/revoke/", own_access.token_revoke, name="token-revoke"
    ),
    path("incidents/", views.incident_list, name="incident-list"),
    path("incidents/new/", views.incident_new, name="incident-new"),
    path("incidents/new/draft/", draft_views.draft_save, name="draft-save"),
    path(
        "incidents/new/draft/discard/", draft_views.draft_discard, name="draft-discard"
    ),
    path(_INCIDENT, views.incident_detail, name="incident-detail"),
    path(f"{_INCIDENT}filed/", views.incident_filed, name="incident-filed"),
    path(f"{_INCIDENT}evidence/", evidence.evidence, name="evidence"),
    path(
        f"{_INCIDENT}evidence/<uuid:uid>/",
        evidence.evidence_file,
        name="evidence-file",
    ),
    path(
        f"{_INCIDENT}entries/<int:seq>/receipt/",
        evidence.entry_receipt,
        name="entry-receipt",
    ),
    path(f"{_INCIDENT}receipts/<slug:act>/", evidence.act_receipt, name="act-receipt"),
    path(f"{_INCIDENT}sign/", signatures.incident_sign, name="incident-sign"),
    path("signing-keys/", signatures.party_keys, name="party-keys"),
    path(
        "signing-keys/<uuid:uid>/retire/",
        signatures.party_key_retire,
        name="party-key-retire",
    ),
    path("log/verify/", evidence.verifier_page, name="log-verify"),
    path(
        f"{_INCIDENT}attachments/<uuid:uid>/",
        views.attachment_download,
        name="attachment-download",
    ),
    *(
        path(
            f"{_INCIDENT}{name}/", getattr(actions_views, name), name=f"incident-{name}"
        )
        for name in (
            "acknowledge",
            "attach",
            "comment",
            "merge",
            "reopen",
            "resolve",
            "severity",
            "share",
        )
    ),
    path(
        f"{_INCIDENT}unshare/<slug:agency>/",
        actions_views.unshare,
        name="incident-unshare",
    ),
    path(
        f"{_INCIDENT}answer/<int:pk>/", triage.incident_answer, name="incident-answer"
    ),
    path(f"{_INCIDENT}custody/", custody.incident_custody, name="incident-custody"),
    path("custody/", custody.custody, name="custody"),
    path("custody/retention/", retention.retention, name="retention"),
    path(
        "custody/retention/<uuid:uid>/approve/",
        retention.retention_approve,
        name="retention-approve",
    ),
    path(
        "custody/retention/<uuid:uid>/decline/",
        retention.retention_decline,
        name="retention-decline",
    ),
    path(
        "custody/recipients/<uuid:uid>/told/",
        custody.recipient_told,
        name="recipient-told",
    ),
    path("custody/holds/", custody.hold_place, name="custody-hold"),
    path(
        "custody/holds/<uuid:uid>/release/",
        custody.hold_release,
        name="custody-release",
    ),
    path("custody/erasures/", custody.erasure_ask, name="custody-erase"),
    path(
        "custody/erasures/<uuid:uid>/approve/",
        custody.erasure_approve,
        name="custody-approve",
    ),
    path(
        "custody/erasures/<uuid:uid>/decline/",
        custody.erasure_decline,
        name="custody-decline",
    ),
    path("report/", public_views.report, name="report"),
    path("report/inbox/", public_views.inbox, name="report-inbox"),
    path("report/inbox/message/", public_views.inbox_message, name="report-message"),
    path("reports/", reports.report_list, name="report-list"),
    path("reports/desk/", desk_views.report_desk, name="report-desk"),
    path("reports/<str:ref>/", reports.report_detail, name="report-detail"),
    path("reports/<str:ref>/share/", reports.report_share, name="report-share"),
    path(
        "reports/<str:ref>/unshare/<int:pk>/",
        reports.report_unshare,
        name="report-unshare",
    ),
    path("reports/<str:ref>/answer/", reports.report_answer, name="report-answer"),
    path(
        "reports/<str:ref>/incident/", reports.report_incident, name="report-incident"
    ),
    path(
        "reports/<str:ref>/files/<uuid:uid>/", reports.report_file, name="report-file"
    ),
    path("mail/", mail.mail_list, name="mail-list"),
    path("mail/address/", mailbox_views.mailbox, name="mailbox-edit"),
    path("mail/address/rotate/", mailbox_views.mailbox_rotate, name="mailbox-rotate"),
    path("mail/<uuid:uid>/", mail.mail_detail, name="mail-detail"),
    path("mail/<uuid:uid>/accept/", mail.mail_accept, name="mail-accept"),
    path("mail/<uuid:uid>/attach/", mail.mail_attach, name="mail-attach"),
    path("mail/<uuid:uid>/discard/", mail.mail_discard, name="mail-discard"),
    path("mail/<uuid:uid>/files/<int:number>/", mail.mail_file, name="mail-file"),
    path("triage/", triage.triage_queue, name="triage-queue"),
    path("triage/acknowledge/", triage.triage_acknowledge, name="triage-acknowledge"),
    path("triage/<str:ref>/", triage.triage, name="triage"),
    path("triage/<str:ref>/assign/", triage.triage_assign, name="triage-assign"),
    path("triage/<str:ref>/ask/", triage.triage_ask, name="triage-ask"),
    path("sources/", intake.source_list, name="source-list"),
    path("sources/<uuid:uid>/", intake.source_detail, name="source-detail"),
    path(
        "sources/<uuid:uid>/handling/",
        handling.source_handling,
        name="source-handling",
    ),
    path("sources/<uuid:uid>/mapping/", mapping.source_mapping, name="source-mapping"),
    path("sources/new/", source_views.source_new, name="source-new"),
    path("sources/<uuid:uid>/edit/", source_views.source_edit, name="source-edit"),
    path("sources/<uuid:uid>/replay/", intake.source_replay, name="source-replay"),
    path("sources/<uuid:uid>/trust/", trust.source_trust, name="source-trust"),
    path("sources/<uuid:uid>/rotate/", trust.source_rotate, name="source-rotate"),
    path(
        "sources/<uuid:uid>/end-old-key/",
        trust.source_end_old_key,
        name="source-end-old-key",
    ),
    path("sources/<uuid:uid>/test/", intake.source_test, name="source-test"),
    path("heartbeats/", heartbeats.heartbeat_list, name="heartbeat-list"),
    path("heartbeats/new/", heartbeats.heartbeat_new, name="heartbeat-new"),
    path("heartbeats/<uuid:uid>/", heartbeats.heartbeat_edit, name="heartbeat-edit"),
    path(
        "heartbeats/<uuid:uid>/rotate/",
        heartbeats.heartbeat_rotate,
        name="heartbeat-rotate",
    ),
    path("silences/", silences.silence_list, name="silence-list"),
    path("silences/new/", silences.silence_new, name="silence-new"),
    path("silences/<uuid:uid>/end/", silences.silence_end, name="silence-end"),
    path(
        "silences/<uuid:uid>/extend/",
        silences.silence_extend,
        name="silence-extend",
    ),
    path("maintenance/<uuid:uid>/", windows.maintenance_edit, name="maintenance-edit"),
    path("maintenance/new/", windows.maintenance_new, name="maintenance-new"),
    path(
        "maintenance/<uuid:uid>/end/",
        windows.maintenance_end,
        name="maintenance-end",
    ),
    path("deliveries/<uuid:uid>/", intake.delivery_body, name="delivery-body"),
    path(
        "deliveries/<uuid:uid>/replay/", intake.delivery_replay, name="delivery-replay"
    ),
]
