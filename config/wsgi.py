"""WSGI entry point: webhooks in front, the site behind them."""

import os
from typing import Final

from django.core.wsgi import get_wsgi_application

# Where processors are scarce, timers and messages go before requests: a storm of
# webhooks takes what they leave. Alone, a process is no slower for it.
NICENESS: Final = 5

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

site = get_wsgi_application()
os.nice(NICENESS)

from config.hooks import HookFront  # noqa: E402  the site sets Django up
from config.surfaces import SurfaceFront  # noqa: E402
from config.whole_body import WholeBodies  # noqa: E402

application = HookFront(SurfaceFront(WholeBodies(site)))
