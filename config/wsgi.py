"""WSGI entry point: webhooks in front, the site behind them."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

site = get_wsgi_application()

from config.hooks import HookFront  # noqa: E402  the site sets Django up

application = HookFront(site)
