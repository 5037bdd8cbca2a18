"""The settings of zportal.serving.gunicorn for the peers: two processes of four threads."""

from __future__ import annotations

import os
from typing import Any

from zportal.serving.memory import share_with_children

bind = f"127.0.0.1:{os.environ['PORT']}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
preload_app = True
timeout = 300
keepalive = 5
control_socket_disable = True


def pre_fork(server: Any, worker: Any) -> None:
    """Called by gunicorn before each worker is made."""
    share_with_children()
