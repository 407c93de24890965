"""Every environment variable of the product, in one typed table (`env_reading.py` reads it).

A field is one variable: its name, how its text is read, its default and its help.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.readers import (
    address_ranges,
    apprise_schemes,
    attachment_limits,
    flag,
    folder,
    on_time_bound,
    one_of,
    phone_number,
    positive_number,
    send_limits,
    text,
    url,
    words,
)

MEBIBYTE = 1024 * 1024


def _variable(name: str, read: Callable[[str], Any], *, default: Any, help: str) -> Any:
    metadata = {"name": name, "read": read, "help": help}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Hold what the environment says, read and checked."""

    database_url: str = _variable(
        "DATABASE_URL",
        url("postgresql", "postgres"),
        default="",
        help="Database as the runtime role, which owns nothing. "
        "Unset: the embedded PostgreSQL.",
    )
    database_owner_url: str = _variable(
        "DATABASE_OWNER_URL",
        url("postgresql", "postgres"),
        default="",
        help="The same database as its owner, used by `migrate` alone.",
    )
    redis_url: str = _variable(
        "REDIS_URL",
        url("redis", "rediss", "unix"),
        default="",
        help="Redis or Valkey. Unset: the embedded Valkey.",
    )
    secret_key: str = _variable(
        "SECRET_KEY",
        text,
        default="",
        help="Signs sessions and links; 50 random characters or more.",
    )
    secret_key_file: Path | None = _variable(
        "SECRET_KEY_FILE",
        folder,
        default=None,
        help="File that holds SECRET_KEY. Embedded: made under the data folder.",
    )
    debug: bool = _variable(
        "DEBUG", flag, default=False, help="Show errors in the browser. Never in use."
    )
    allowed_hosts: tuple[str, ...] = _variable(
        "ALLOWED_HOSTS",
        words,
        default=("127.0.0.1", "localhost", "[::1]"),
        help="Host names that the site answers to, separated by commas.",
    )
    base_url: str = _variable(
        "BASE_URL",
        url("https", "http"),
        default="",
        help="Public address of the site, used in links. "
        "Unset: https:// and the first of ALLOWED_HOSTS, if that is set.",
    )
    email_url: str = _variable(
        "EMAIL_URL",
        url("smtp", "file", "console"),
        default="console://",
        help="Where mail goes: smtp://user:password@host:port?tls=starttls (or tls=tls), "
        "file:///folder, console://.",
    )
    default_from_email: str = _variable(
        "DEFAULT_FROM_EMAIL",
        text,
        default="Tocsin <tocsin@localhost>",
        help="Sender of mail.",
    )
    data: Path | None = _variable(
        "TOCSIN_DATA",
        folder,
        default=None,
        help="Data folder: attachments, keys, logs and the embedded servers. "
        "Unset: `var` in the checkout.",
    )
    kek_file: Path | None = _variable(
        "TOCSIN_KEK_FILE",
        folder,
        default=None,
        help="File of 32 random bytes that wraps the content keys. "
        "Unset: `kek` in the data folder, made by the embedded start.",
    )
    signer_socket: Path | None = _variable(
        "TOCSIN_SIGNER_SOCKET",
        folder,
        default=None,
        help="Unix socket of the process that signs the log. Unset: entries are sealed "
        "and nobody signs; `up` runs a signer of its own.",
    )
    witness_key_file: Path | None = _variable(
        "TOCSIN_WITNESS_KEY_FILE",
        folder,
        default=None,
        help="Key with which this installation cosigns the logs of others. "
        "Unset: `witness/key` in the data folder, made when the first log is added.",
    )
    max_attachment_bytes: int = _variable(
        "TOCSIN_MAX_ATTACHMENT_BYTES",
        positive_number,
        default=500 * MEBIBYTE,
        help="Largest attachment, in bytes. A proxy in front must let it through.",
    )
    attachment_limits: tuple[tuple[str, int, int], ...] = _variable(
        "TOCSIN_ATTACHMENT_LIMITS",
        attachment_limits,
        default=(),
        help="Limits of single organisations, by slug: MiB of one file / MiB of all "
        "their files; 0 is no limit of their own.",
    )
    attachment_reserve_bytes: int = _variable(
        "TOCSIN_ATTACHMENT_RESERVE_BYTES",
        positive_number,
        default=1024 * MEBIBYTE,
        help="Free space on the data folder's disk that no attachment may use.",
    )
    transfers_at_once: int = _variable(
        "TOCSIN_TRANSFERS_AT_ONCE",
        positive_number,
        default=8,
        help="Uploads and downloads of more than 1 MiB at once in one web process; "
        "each holds a thread.",
    )
    max_delivery_bytes: int = _variable(
        "TOCSIN_MAX_DELIVERY_BYTES",
        positive_number,
        default=MEBIBYTE,
        help="Largest body of a webhook, in bytes.",
    )
    address_header: str = _variable(
        "TOCSIN_ADDRESS_HEADER",
        one_of("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP"),
        default="X-Forwarded-For",
        help="Header in which the proxy in front says where a request comes from; its "
        "last entry counts.",
    )
    web_threads: int = _variable(
        "TOCSIN_WEB_THREADS",
        positive_number,
        default=24,
        help="Threads of a web server's process for pages and API; each may hold a "
        "connection to the database. Webhooks need none.",
    )
    incidents_per_delivery: int = _variable(
        "TOCSIN_INCIDENTS_PER_DELIVERY",
        positive_number,
        default=100,
        help="Incidents that one webhook may open; the alerts of all further groups "
        "stand in one more.",
    )
    delivery_retention_days: int = _variable(
        "TOCSIN_DELIVERY_RETENTION_DAYS",
        positive_number,
        default=90,
        help="Days after which the body of a webhook is deleted; size and hash stay.",
    )
    report_retention_days: int = _variable(
        "TOCSIN_REPORT_RETENTION_DAYS",
        positive_number,
        default=365,
        help="Days after which a closed anonymous report is deleted; never while "
        "either side has not read something of it.",
    )
    reports_per_hour: int = _variable(
        "TOCSIN_REPORTS_PER_HOUR",
        positive_number,
        default=240,
        help="Anonymous reports and messages taken in an hour, from all together.",
    )
    reports_per_hour_each: int = _variable(
        "TOCSIN_REPORTS_PER_HOUR_EACH",
        positive_number,
        default=120,
        help="The same to one organisation.",
    )
    mail_listen: str = _variable(
        "TOCSIN_MAIL_LISTEN",
        url("lmtp", "smtp"),
        default="",
        help="Where `receive_mail` listens: lmtp://127.0.0.1:8024 or smtp://…. Unset: no mail "
        "is taken.",
    )
    mail_domain: str = _variable(
        "TOCSIN_MAIL_DOMAIN",
        text,
        default="",
        help="Domain of the addresses for mail. Unset: that of DEFAULT_FROM_EMAIL.",
    )
    mail_relays: tuple[str, ...] = _variable(
        "TOCSIN_MAIL_RELAYS",
        address_ranges,
        default=("127.0.0.0/8", "::1/128"),
        help="Addresses and ranges that may hand mail in; anybody else is turned away.",
    )
    mail_trusted_relay: str = _variable(
        "TOCSIN_MAIL_TRUSTED_RELAY",
        text,
        default="",
        help="Name in Authentication-Results whose word on a sender counts. "
        "Unset: a sender is proven by a reply address only.",
    )
    max_mail_bytes: int = _variable(
        "TOCSIN_MAX_MAIL_BYTES",
        positive_number,
        default=25 * MEBIBYTE,
        help="Largest mail, in bytes, attachments included.",
    )
    mail_per_hour: int = _variable(
        "TOCSIN_MAIL_PER_HOUR",
        positive_number,
        default=240,
        help="Mails taken in an hour for one organisation, from all who are no members.",
    )
    mail_per_hour_each: int = _variable(
        "TOCSIN_MAIL_PER_HOUR_EACH",
        positive_number,
        default=60,
        help="The same from one member.",
    )
    allow_private_webhooks: bool = _variable(
        "TOCSIN_ALLOW_PRIVATE_WEBHOOKS",
        flag,
        default=False,
        help="Let outgoing webhooks reach private and loopback addresses.",
    )
    slack_token: str = _variable(
        "TOCSIN_SLACK_TOKEN",
        text,
        default="",
        help="Bot token of the Slack app (xoxb-…). Unset: Slack cannot be chosen.",
    )
    slack_token_file: Path | None = _variable(
        "TOCSIN_SLACK_TOKEN_FILE",
        folder,
        default=None,
        help="File that holds TOCSIN_SLACK_TOKEN.",
    )
    slack_signing_secret: str = _variable(
        "TOCSIN_SLACK_SIGNING_SECRET",
        text,
        default="",
        help="Signing secret of the Slack app. Unset: messages have no button.",
    )
    slack_signing_secret_file: Path | None = _variable(
        "TOCSIN_SLACK_SIGNING_SECRET_FILE",
        folder,
        default=None,
        help="File that holds TOCSIN_SLACK_SIGNING_SECRET.",
    )
    slack_api: str = _variable(
        "TOCSIN_SLACK_API",
        url("https", "http"),
        default="https://slack.com/api/",
        help="Address of Slack's web API.",
    )
    twilio_account: str = _variable(
        "TOCSIN_TWILIO_ACCOUNT",
        text,
        default="",
        help="Account SID of Twilio (AC…). Unset: SMS and voice cannot be chosen.",
    )
    twilio_token: str = _variable(
        "TOCSIN_TWILIO_TOKEN",
        text,
        default="",
        help="Auth token of that account; it also signs replies.",
    )
    twilio_token_file: Path | None = _variable(
        "TOCSIN_TWILIO_TOKEN_FILE",
        folder,
        default=None,
        help="File that holds TOCSIN_TWILIO_TOKEN.",
    )
    twilio_from: str = _variable(
        "TOCSIN_TWILIO_FROM",
        phone_number,
        default="",
        help="Number that texts and calls come from, like +37255501234.",
    )
    twilio_api: str = _variable(
        "TOCSIN_TWILIO_API",
        url("https", "http"),
        default="https://api.twilio.com",
        help="Address of Twilio's API.",
    )
    apprise_schemes: tuple[str, ...] = _variable(
        "TOCSIN_APPRISE_SCHEMES",
        apprise_schemes,
        default=(
            *("discord", "gchat", "gotifys", "mmosts", "ntfys", "opsgenie"),
            *("pagerduty", "pbul", "pover", "signl4", "tgram", "wxteams", "zulip"),
        ),
        help="Schemes that an address of the channel `apprise` may have.",
    )
    send_limits: tuple[tuple[str, int, int], ...] = _variable(
        "TOCSIN_SEND_LIMITS",
        send_limits,
        default=(
            ("sms", 10, 60),
            ("voice", 4, 60),
            ("slack", 30, 600),
            ("teams", 30, 300),
            ("apprise", 30, 300),
        ),
        help="Messages a minute, by channel: to one address / to the provider; "
        "0 is no limit.",
    )
    on_time_seconds: int = _variable(
        "TOCSIN_ON_TIME_SECONDS",
        on_time_bound,
        default=2,
        help="What counts as on time on the status page: 1, 2, 4, 10, 30 or 60 seconds. "
        "Losing the broker costs at most 2.",
    )
    demo: bool = _variable(
        "TOCSIN_DEMO",
        flag,
        default=False,
        help="Let the demo world be loaded. Set by `up` on the embedded database.",
    )
    demo_receiver: str = _variable(
        "TOCSIN_DEMO_RECEIVER",
        url("http"),
        default="",
        help="Address of the demo's webhook receiver. Set by `up`.",
    )
    test_clock: bool = _variable(
        "TOCSIN_TEST_CLOCK",
        flag,
        default=False,
        help="Let tests move the clock. Refused unless TOCSIN_DEMO or DEBUG is on.",
    )
    database_role: str = _variable(
        "TOCSIN_DATABASE_ROLE",
        one_of("runtime", "owner"),
        default="runtime",
        help="Which of the two database addresses is used. Set by `manage.py`.",
    )
    log_format: str = _variable(
        "TOCSIN_LOG_FORMAT",
        one_of("json", "console"),
        default="json",
        help="How log lines look: json or console.",
    )
    postgres_bin: Path | None = _variable(
        "TOCSIN_POSTGRES_BIN",
        folder,
        default=None,
        help="Folder of the PostgreSQL programs that the embedded start uses. "
        "Unset: those of the installed wheel, else the system's.",
    )
