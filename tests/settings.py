"""Settings of the test suite: the real ones, with fixed values and quick stand-ins."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# The process environment wins over a developer's .env, so that a test run is the
# same on every machine. DATABASE_URL alone is respected: it chooses the engine.
os.environ.update(
    SECRET_KEY="of-the-test-suite-only-Xq7Lw2Rk9Vd4Ht6Bz1Nm3Pc8Js5Gy0Fe",
    DEBUG="false",
    PUBLIC_URL="http://testserver",
    ALLOWED_HOSTS="testserver,127.0.0.1,localhost",
    TRUSTED_PROXIES="",
    # A test sees the event of its call; live servers are started without this value.
    EVENT_DELAY="0",
)

from zportal.settings import *  # noqa: F403
from zportal.settings import DATABASES, STORAGES

# Several runs may go on at once: each has a database of its own.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, because the threads of a live server open connections of their own.
    _directory = tempfile.mkdtemp(prefix="zportal-test-")
    atexit.register(shutil.rmtree, _directory, ignore_errors=True)
    DATABASES["default"]["TEST"] = {"NAME": str(Path(_directory) / "test.sqlite3")}
else:
    DATABASES["default"]["TEST"] = {"NAME": f"test_zportal_{os.getpid()}"}
    # A kept connection would outlive its live server and block the clean-up.
    DATABASES["default"]["CONN_MAX_AGE"] = 0

STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
