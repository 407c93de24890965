"""The site alone, as WSGI calls it. What the web server runs is `config.rsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.whole_body import WholeBodies

application = WholeBodies(get_wsgi_application())
