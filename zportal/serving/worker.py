"""gunicorn's threaded worker, which hands a request to a thread when it has arrived.

gunicorn's own gives a thread to each connection that has begun to send, for as long as
it sends: eight clients that never finish would occupy the eight threads of two workers.
Here the loop of the worker gathers, which costs a stalled client's memory and nothing
else, as a buffering proxy in front would. Large requests are worked on one at a time, so
that memory has an end as well.
"""

from __future__ import annotations

import errno
import gc
import selectors
import socket
import time
from collections import deque
from functools import partial
from typing import Any

from gunicorn.http.errors import InvalidHeader, ParseException
from gunicorn.workers.gthread import ThreadWorker

from zportal.serving.connection import BODY_SECONDS, RECEIVE, Connection, PatientSocket
from zportal.serving.memory import give_back, use_few_heaps

THREAD_SECONDS = 5
"""For what a thread reads itself: the rest of a body that is too large to be gathered."""

ROOM = 32 * 1024 * 1024
"""Bytes of requests that a worker holds. Beyond, one large request arrives at a time."""

SMALL = 128 * 1024
"""Bytes of a request for which there always is room."""

LARGE = 1024 * 1024
"""Bytes of a request that is worked on when no other such is: it takes five times as
much memory until it is answered."""

LINGER_SECONDS = 2
"""How long an answered client may go on sending before it is cut off (RFC 9112, 9.6)."""

TRIM_SECONDS = 3
"""Between two times at which a worker that had something to do returns free memory."""

_PIECE = 256 * 1024
_LOOK_EVERY = 0.5
_NO_DESCRIPTORS = {errno.EMFILE, errno.ENFILE}
_NOBODY_THERE = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED}


class Worker(ThreadWorker):  # type: ignore[misc]
    """Threads for requests that have arrived; one loop for all that have not."""

    def init_process(self) -> None:
        # In the order in which they began: the first is the oldest.
        self.gathering: dict[Connection, None] = {}
        self.lingering: dict[Connection, float] = {}
        self.paused: dict[Connection, None] = {}
        self.favoured: Connection | None = None
        """Whose large request arrives although there is no room: somebody must end."""
        self.large: Connection | None = None
        self.large_waiting: deque[tuple[Connection, float]] = deque()
        self.held = 0
        self._look_at = self._trim_at = 0.0
        self._trimmed_at = 0
        use_few_heaps()
        super().init_process()

    def accept(self, listener: socket.socket) -> bool:
        """Accept one connection; return whether there was one."""
        try:
            sock, address = listener.accept()
        except OSError as exc:
            if exc.errno in _NO_DESCRIPTORS:
                self._make_room()
            elif exc.errno not in _NOBODY_THERE:
                raise
            return False
        self.nr_conns += 1
        conn = Connection(
            self.cfg,
            PatientSocket(fileno=sock.detach()),
            address,
            listener.getsockname(),
            linger=self._linger,
        )
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        self.enqueue_req(conn)
        return True

    def enqueue_req(self, conn: Connection) -> None:
        """Gather the next request of *conn*; gunicorn would give it a thread now."""
        conn.expect(self.cfg.keepalive)
        if not self._received(conn):
            self._gather(conn)

    def _gather(self, conn: Connection) -> None:
        self.gathering[conn] = None
        self.poller.register(
            conn.sock, selectors.EVENT_READ, partial(self._on_readable, conn)
        )

    def _on_readable(self, conn: Connection, _sock: socket.socket) -> None:
        if self._received(conn):
            self._forget(conn)

    def _received(self, conn: Connection) -> bool:
        """Receive; return whether *conn* need not be listened to any more, or for now."""
        try:
            ready = conn.receive()
        except OSError:
            self._drop(conn)
            return True
        size = len(conn.incoming.data)
        self._count(conn, size)
        if ready:
            self._hand_over(conn, THREAD_SECONDS)
            return True
        if size <= SMALL or self.held <= ROOM:
            return False
        if self.favoured is None:
            self.favoured = conn
        if self.favoured is not conn:
            self.paused[conn] = None
        return self.favoured is not conn

    def _resume(self) -> None:
        """Listen again to who was paused: to all when there is room, else to one."""
        while self.paused and (self.held <= ROOM or self.favoured is None):
            conn = next(iter(self.paused))
            del self.paused[conn]
            if self.held > ROOM:
                self.favoured = conn
            conn.extend()
            self._gather(conn)
            if self.held <= ROOM:
                break

    def _count(self, conn: Connection, size: int) -> None:
        self.held += size - conn.held
        conn.held = size

    def _hand_over(self, conn: Connection, seconds: float) -> None:
        """Give *conn* a thread; when its request is large, after the others like it."""
        if self.favoured is conn:
            self.favoured = None
        if conn.held > LARGE:
            if self.large is not None:
                self.large_waiting.append((conn, seconds))
                return
            self.large = conn
        conn.hand_over(seconds)
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: Connection) -> object:
        hosts = [value for name, value in req.headers if name == "HOST"]
        if len(hosts) > 1 or (not hosts and req.version >= (1, 1)):
            # RFC 9112, 3.2. Django would take the address that the socket is bound to.
            raise InvalidHeader("Host must be sent once")
        if not conn.is_whole:
            # Says Connection: close. Where the next request begins nobody knows.
            req.force_close()
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Connection, keepalive: object) -> bool:
        """Whether *conn* can be reused: only when nothing of its request is to come.

        What nobody has read is here, and the parser tells where it ends.
        """
        if not keepalive or not conn.is_whole:
            return False
        body = conn.parser.mesg.body
        try:
            while body.read(_PIECE):
                pass
        except (OSError, ParseException):
            return False
        return not body.failed

    def finish_request(self, conn: Connection, fs: Any) -> None:
        self._count(conn, 0)
        unreader = conn.parser.unreader
        # From there gunicorn takes a request that followed at once.
        unreader.unread(unreader.take_unread() + bytes(conn.incoming.data))
        super().finish_request(conn, fs)
        if self.large is conn:
            self.large = None
            # What refers to itself, as an error to its frames, waits for the collector.
            gc.collect()
            give_back()
            if self.large_waiting:
                self._hand_over(*self.large_waiting.popleft())

    def murder_pending(self) -> None:
        """End, at each turn of the loop, what has waited for too long."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY
        if self._trim_at < now and self.nr != self._trimmed_at:
            self._trim_at, self._trimmed_at = now + TRIM_SECONDS, self.nr
            give_back()
        for conn in [conn for conn in self.gathering if self._is_late(conn, now)]:
            self._forget(conn)
            if conn.incoming.body_start:
                # The application says 408 in its own words, and records it.
                self._hand_over(conn, 0)
            else:
                self._drop(conn)
        for conn in [c for c in self.paused if c.begun + BODY_SECONDS < now]:
            del self.paused[conn]
            self._hand_over(conn, 0)
        self._resume()
        for conn in [conn for conn, end in self.lingering.items() if end < now]:
            self._end_linger(conn)

    def _is_late(self, conn: Connection, now: float) -> bool:
        """Whether *conn* had its time; less of it, while stopping, if it was silent."""
        silent = not (self.alive or conn.incoming.data)
        return conn.deadline < now or (silent and conn.begun + LINGER_SECONDS < now)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's
        """Accept or not; a stopping worker first takes in who is at the door already.

        Then it closes the door, so that others are refused and not left to wait for a
        reset. A new worker has a door of its own.
        """
        stopping = not (enabled or self.alive)
        if stopping and self._accepting:
            for listener in self.sockets:
                while self.accept(listener):
                    pass
        super().set_accept_enabled(enabled)
        if stopping:
            for listener in self.sockets:
                listener.close()

    def _make_room(self) -> None:
        """Close who has been idle for longest, so that somebody new finds a place."""
        if self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
            self._drop(conn)
        elif self.gathering:
            conn = next(iter(self.gathering))
            self._forget(conn)
            self._drop(conn)

    def _forget(self, conn: Connection) -> None:
        del self.gathering[conn]
        self.poller.unregister(conn.sock)

    def _drop(self, conn: Connection) -> None:
        if self.favoured is conn:
            self.favoured = None
        self._count(conn, 0)
        self.nr_conns -= 1
        conn.close()

    def _linger(self, conn: Connection) -> None:
        """Read on for a while: a client that still sends would not see its answer.

        gunicorn waits for that in the loop, and so makes everybody wait.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.settimeout(0)
            self.poller.register(
                conn.sock, selectors.EVENT_READ, partial(self._on_lingering, conn)
            )
        except OSError:
            conn.close()
            return
        self.nr_conns += 1
        self.lingering[conn] = time.monotonic() + LINGER_SECONDS

    def _on_lingering(self, conn: Connection, sock: socket.socket) -> None:
        try:
            gone = not sock.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError:
            gone = True
        if gone:
            self._end_linger(conn)

    def _end_linger(self, conn: Connection) -> None:
        del self.lingering[conn]
        self.poller.unregister(conn.sock)
        self._drop(conn)
