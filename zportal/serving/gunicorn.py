"""How ``make run`` serves: gunicorn -c python:zportal.serving.gunicorn zportal.wsgi."""

from __future__ import annotations

from typing import Any

from zportal.serving.memory import share_with_children
from zportal.settings import HOST, PORT, WEB_CONCURRENCY

bind = f"[{HOST}]:{PORT}" if ":" in HOST else f"{HOST}:{PORT}"

# Measured on 2 busy cores with 6 clients that create, look up, read and change users, in
# turns of 4 or 5 seconds; requests a second, on SQLite and PostgreSQL, means of 4 turns
# (the last row of 3 on PostgreSQL):
#   gunicorn's own gthread, 2 x 4 threads   182   192
#   this worker, 2 x 4 threads              200   182
#   this worker, 2 x 8 threads              200   181
#   this worker, 2 x 16 threads             138   182
#   this worker, 1 x 8 threads              165   225
# More threads only lengthen the queue of SQLite's writers; one process is quick, but a
# second one serves on while the first is replaced. All of them use 89 to 136 MiB. A turn
# differs from the next by half, so what is near is equal.
worker_class = "zportal.serving.worker.Worker"
workers = WEB_CONCURRENCY
threads = 8
# Refused settings end the start once, not once a worker; and workers share memory.
preload_app = True

# Of the loop's heartbeat, not of a request.
timeout = 60
# Longer than a write waits for another one (LOCK_SECONDS), so that it is answered.
graceful_timeout = 30
# Entra and browsers pause between calls; a connection that waits occupies no thread.
keepalive = 15
# Of each process. Beyond, the one that has been idle for longest makes place; with the
# files of the database it stays below the 1,024 descriptors that many systems allow.
worker_connections = 500

# A filter of 8,000 characters is long; a header of a browser or proxy is shorter.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# Forwarded headers are ForwardedHeadersMiddleware's matter, by TRUSTED_PROXIES.
forwarded_allow_ips = ""
control_socket_disable = True
# What clients send must not look like a line of the log.
logger_class = "zportal.serving.gunicorn_log.LineLogger"


def pre_fork(server: Any, worker: Any) -> None:
    """Called by gunicorn before each worker is made."""
    share_with_children()


def post_worker_init(worker: Any) -> None:
    """Called by gunicorn in each worker, when the application is loaded."""
    from zportal.retention import housekeeping

    housekeeping.start()
