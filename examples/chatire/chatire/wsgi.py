"""The site's HTTP side, for a WSGI server with threads such as uWSGI."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatire.settings")

application = get_wsgi_application()
