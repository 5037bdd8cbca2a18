"""The WSGI application. Refuses to start on unsafe settings."""

from __future__ import annotations

import os

import django
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zportal.settings")
django.setup(set_prefix=False)

from zportal.startup.checks import refuse_unsafe_settings  # noqa: E402 - needs the settings

# Before the middleware is made of settings that may be unreadable.
refuse_unsafe_settings()

application = get_wsgi_application()

# Views are imported with the first request otherwise, which waits for a second then;
# and what a master process imports, its workers share.
get_resolver().url_patterns  # noqa: B018
