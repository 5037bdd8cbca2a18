"""How ``make run`` serves: gunicorn -c python:zportal.gunicorn zportal.wsgi."""

from __future__ import annotations

from zportal.settings import HOST, PORT, env

bind = f"[{HOST}]:{PORT}" if ":" in HOST else f"{HOST}:{PORT}"

# Measured on 2 cores with 8 callers that create, look up, read and change users: one
# process leaves a core idle, a third one only lengthens the queue of SQLite's writers
# (239, 185 and 142 requests a second with four threads each).
worker_class = "zportal.worker.Worker"
workers = env.int("WEB_CONCURRENCY", default=2)
threads = 4
# Refused settings end the start once, not once a worker; and workers share memory.
preload_app = True

# Longer than the database's own time-out, so that a busy database is answered for.
timeout = 60
graceful_timeout = 30
keepalive = 5

# A filter of 8,000 characters is long; a header of a browser or proxy is shorter.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# Forwarded headers are ForwardedHeadersMiddleware's matter, by TRUSTED_PROXIES.
forwarded_allow_ips = ""
control_socket_disable = True
