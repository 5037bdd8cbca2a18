"""The settings of an SQLite database that may have MAX_PAGES pages and no more.

SQLite keeps that limit in a connection, so each has to be told.
"""

from __future__ import annotations

import os

from zportal.settings import *  # noqa: F403
from zportal.settings import DATABASES

DATABASES["default"]["OPTIONS"]["init_command"] += (
    f" PRAGMA max_page_count={int(os.environ['MAX_PAGES'])};"
)
