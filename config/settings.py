"""Settings of the product: one file, every difference is an environment variable.

`config/env.py` has the table of variables with their meaning.
"""

import os
from pathlib import Path
from urllib.parse import quote

from csp.constants import NONE, SELF

from config import addresses, combinations, env_reading, env_secrets
from config.logging import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = env_reading.read_environment(os.environ)

# Data on disk
DATA_DIR = ENVIRONMENT.data or BASE_DIR / "var"
KEK_FILE = ENVIRONMENT.kek_file or DATA_DIR / "kek"
SIGNER_SOCKET = ENVIRONMENT.signer_socket
WITNESS_KEY_FILE = ENVIRONMENT.witness_key_file or DATA_DIR / "witness" / "key"
ATTACHMENTS_DIR = DATA_DIR / "attachments"
MAX_ATTACHMENT_BYTES = ENVIRONMENT.max_attachment_bytes
ATTACHMENT_RESERVE_BYTES = ENVIRONMENT.attachment_reserve_bytes
ATTACHMENT_LIMITS = {
    slug: (each, together) for slug, each, together in ENVIRONMENT.attachment_limits
}
TRANSFERS_AT_ONCE = ENVIRONMENT.transfers_at_once
MAX_DELIVERY_BYTES = ENVIRONMENT.max_delivery_bytes
WEB_THREADS = ENVIRONMENT.web_threads
INCIDENTS_PER_DELIVERY = ENVIRONMENT.incidents_per_delivery
DELIVERY_RETENTION_DAYS = ENVIRONMENT.delivery_retention_days
REPORT_RETENTION_DAYS = ENVIRONMENT.report_retention_days
REPORTS_PER_HOUR = ENVIRONMENT.reports_per_hour
REPORTS_PER_HOUR_EACH = ENVIRONMENT.reports_per_hour_each
MAX_MAIL_BYTES = ENVIRONMENT.max_mail_bytes
MAIL_PER_HOUR = ENVIRONMENT.mail_per_hour
MAIL_PER_HOUR_EACH = ENVIRONMENT.mail_per_hour_each
DATA_UPLOAD_MAX_MEMORY_SIZE = ENVIRONMENT.max_delivery_bytes

# Who may come, and how
DEBUG = ENVIRONMENT.debug
SECRET_KEY = env_secrets.read_secret_key(ENVIRONMENT)
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
BASE_URL = ENVIRONMENT.base_url.rstrip("/")
if not BASE_URL:
    _is_local = ALLOWED_HOSTS[:1] in (["127.0.0.1"], ["localhost"], ["*"], [])
    BASE_URL = (
        "http://127.0.0.1:8000"
        if _is_local
        else f"https://{ALLOWED_HOSTS[0].lstrip('.')}"
    )
_has_tls = BASE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_COOKIE_SECURE = _has_tls
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.error_pages.form_out_of_date"
SESSION_COOKIE_SECURE = _has_tls
SESSION_COOKIE_AGE = 12 * 60 * 60
SECURE_SSL_REDIRECT = _has_tls
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _has_tls else None
ADDRESS_HEADER = f"HTTP_{ENVIRONMENT.address_header.upper().replace('-', '_')}"
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _has_tls else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _has_tls
SECURE_HSTS_PRELOAD = _has_tls
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
    }
}

# Database: the runtime role owns nothing, the owner only migrates
DATABASE_ROLE = ENVIRONMENT.database_role
DATABASE_URL = ENVIRONMENT.database_url or (
    f"postgresql://tocsin_app@/tocsin?host={quote(str(DATA_DIR / 'run'), safe='')}"
)
DATABASE_OWNER_URL = ENVIRONMENT.database_owner_url or DATABASE_URL
RUNTIME_ROLE = addresses.role_of(DATABASE_URL)
DATABASES = {
    "default": addresses.database(DATABASE_OWNER_URL)
    if DATABASE_ROLE == "owner"
    else addresses.database(
        DATABASE_URL, statement_seconds=addresses.STATEMENT_TIMEOUT_SECONDS
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Broker: a doorbell only
REDIS_URL = ENVIRONMENT.redis_url or f"unix://{DATA_DIR / 'run' / 'valkey.sock'}"
BROKER_URL = addresses.broker(REDIS_URL)

# Applications
INSTALLED_APPS = [
    "config.apps.WiringConfig",
    "incidents.apps.IncidentsConfig",
    "escalation.apps.EscalationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "rest_framework",
]
MIDDLEWARE = [
    "config.anonymity.forget_sender",  # before anything that could note an address
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.body_limit.limit_body",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.uploads.admit_uploads",  # knows who sends, and nothing has read the form yet
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.page_frame",
            ],
        },
    },
]

# People
AUTH_USER_MODEL = "incidents.User"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]

# API
REST_FRAMEWORK = {
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tocsin",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Choices stay where they are used: fields of one name differ between objects.
    "POSTPROCESSING_HOOKS": [],
}

# What counts as on time on the status page
ON_TIME_SECONDS = ENVIRONMENT.on_time_seconds

# Language and time
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# Static files come straight from the packages: no collecting step
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True

# Mail and outgoing webhooks
for _name, _value in addresses.email(ENVIRONMENT.email_url).items():
    globals()[_name] = _value
DEFAULT_FROM_EMAIL = ENVIRONMENT.default_from_email
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL_LISTEN = ENVIRONMENT.mail_listen
MAIL_DOMAIN = ENVIRONMENT.mail_domain
MAIL_RELAYS = ENVIRONMENT.mail_relays
MAIL_TRUSTED_RELAY = combinations.read_trusted_relay(ENVIRONMENT)
ALLOW_PRIVATE_WEBHOOKS = ENVIRONMENT.allow_private_webhooks

# Other channels: one that is not set up cannot be chosen
SLACK_API = ENVIRONMENT.slack_api
SLACK_TOKEN = env_secrets.read_secret(ENVIRONMENT, "slack_token")
SLACK_SIGNING_SECRET = env_secrets.read_secret(ENVIRONMENT, "slack_signing_secret")
TWILIO_API = ENVIRONMENT.twilio_api.rstrip("/")
TWILIO_ACCOUNT = ENVIRONMENT.twilio_account
TWILIO_TOKEN = env_secrets.read_secret(ENVIRONMENT, "twilio_token")
TWILIO_FROM = ENVIRONMENT.twilio_from
APPRISE_SCHEMES = ENVIRONMENT.apprise_schemes
SEND_LIMITS = ENVIRONMENT.send_limits

# Demo and tests
DEMO = ENVIRONMENT.demo
DEMO_FILE = BASE_DIR / "demo" / "world.toml"
DEMO_RECEIVER_URL = ENVIRONMENT.demo_receiver
MAILBOX_DIR = DATA_DIR / "mailbox"
TEST_CLOCK = combinations.read_test_clock(ENVIRONMENT)

# Logs
LOGGING_CONFIG = "config.logging.configure_logging"
LOGGING = logging_settings(ENVIRONMENT.log_format, debug=DEBUG)
