"""The settings of zportal.gunicorn for the peers: two processes of four threads."""

from __future__ import annotations

import os

bind = f"127.0.0.1:{os.environ['PORT']}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
preload_app = True
timeout = 300
keepalive = 5
control_socket_disable = True
