"""Settings of the stock project; SQLite as this project uses it."""

from __future__ import annotations

import os

SECRET_KEY = os.environ["BENCH_TOKEN"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.peers.stock.urls"
INSTALLED_APPS = [
    "bench.peers.stock",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_scim",
]
MIDDLEWARE = ["bench.peers.stock.middleware.BearerMiddleware"]
AUTH_USER_MODEL = "stock.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["BENCH_DATABASE"],
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;",
        },
    }
}
SCIM_SERVICE_PROVIDER = {
    "NETLOC": f"127.0.0.1:{os.environ['PORT']}",
    "SCHEME": "http",
    "GROUP_MODEL": "bench.peers.stock.models.Group",
    "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken"}],
}
LOGGING_CONFIG = None
