"""gunicorn's threaded worker, which hands a request to a thread when it has arrived.

gunicorn's own gives a thread to each connection that has begun to send, for as long as
it sends: eight clients that never finish would occupy the eight threads of two workers.
Here the loop of the worker gathers, which costs a stalled client's memory and nothing
else, as a buffering proxy in front would.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from zportal.incoming import Incoming

HEAD_SECONDS = 10
"""From the first byte of a request to the end of its headers."""

STALLED_SECONDS = 10
"""Between two pieces of a body. Whoever takes longer gets 408."""

BODY_SECONDS = 120
"""From the first byte of a request to the last one of its body."""

THREAD_SECONDS = 5
"""For what a thread still reads itself: of a body that is too large, or had no room."""

ROOM = 32 * 1024 * 1024
"""Bytes of requests that a worker holds before threads read what is large themselves."""

SMALL = 64 * 1024
"""Bytes of a request for which there always is room."""

SEND_SECONDS = 10
"""For a client to take SEND_PIECE bytes of an answer."""

SEND_PIECE = 256 * 1024
LINGER_SECONDS = 2
"""How long an answered client may go on sending before it is cut off (RFC 9112, 9.6)."""

_RECEIVE = 64 * 1024
_LOOK_EVERY = 0.5
_NO_DESCRIPTORS = {errno.EMFILE, errno.ENFILE}
_NOBODY_THERE = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED}


class PatientSocket(socket.socket):
    """A socket that does not wait for ever for somebody to take what it sends."""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        view = memoryview(data)
        self.settimeout(SEND_SECONDS)
        try:
            for start in range(0, len(view), SEND_PIECE):
                super().sendall(view[start : start + SEND_PIECE], flags)
        except TimeoutError:
            raise _gone() from None
        finally:
            self.settimeout(None)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        self.settimeout(SEND_SECONDS)
        try:
            return super().sendfile(file, offset, count)
        except TimeoutError:
            raise _gone() from None
        finally:
            self.settimeout(None)


def _gone() -> ConnectionResetError:
    """What gunicorn takes for a client that went away, and makes no noise about."""
    return ConnectionResetError(errno.ECONNRESET, "The client takes no answer")


class Gathered(SocketUnreader):  # type: ignore[misc]
    """What the parser reads: the gathered bytes, then the socket until a deadline."""

    def __init__(self, sock: PatientSocket) -> None:
        super().__init__(sock)
        self._given = memoryview(b"")
        self._deadline = 0.0

    def give(self, data: bytes, seconds: float) -> None:
        self._given = memoryview(data)
        self._deadline = time.monotonic() + seconds

    def take_unread(self) -> bytes:
        """Return what the parser did not want: it belongs to the next request."""
        unread: bytes = self.take_buffered() + bytes(self._given)
        self._given = memoryview(b"")
        return unread

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next piece; raise TimeoutError when it does not come in time."""
        size = max(self.mxchunk, min(size_hint or 0, self.max_body_chunk))
        if self._given:
            piece, self._given = self._given[:size], self._given[size:]
            return bytes(piece)
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        try:
            return bytes(self.sock.recv(size))
        finally:
            self.sock.settimeout(None)


class Connection(TConn):  # type: ignore[misc]
    """A client's connection and the request that is arriving on it."""

    parser: Any

    def __init__(self, *args: Any, linger: Callable[[Connection], None]) -> None:
        super().__init__(*args)
        self._linger = linger
        self.incoming = Incoming()
        self.begun = self.deadline = 0.0
        self.is_whole = True
        self.held = 0
        """Bytes of it that count towards the worker's ROOM."""

    def expect(self, seconds: float) -> None:
        """Begin to gather a request, of which something may be here already."""
        if not self.initialized:
            self.init()
            self.parser.unreader = Gathered(self.sock)
        self.sock.settimeout(0)
        self.incoming = Incoming(self.parser.unreader.take_buffered())
        self.begun = time.monotonic()
        self.deadline = self.begun + seconds

    def receive(self) -> bool:
        """Take what is there; return whether a thread should go on.

        Raises ConnectionError when the client has gone without a request.
        """
        try:
            block = self.sock.recv(_RECEIVE)
        except BlockingIOError:
            return self.incoming.is_ready
        if not block:
            if not self.incoming.body_start:
                raise ConnectionResetError
            return True
        self.incoming.data += block
        ready = self.incoming.is_ready
        if self.incoming.take_expectation():
            self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._extend()
        return ready

    def _extend(self) -> None:
        if self.incoming.body_start:
            stalled = time.monotonic() + STALLED_SECONDS
            self.deadline = min(stalled, self.begun + BODY_SECONDS)
        else:
            self.deadline = self.begun + HEAD_SECONDS

    def hand_over(self, seconds: float) -> None:
        """Let the parser read what was gathered, then the socket for some *seconds*.

        It reads no further than the end of a whole request, whatever it takes for that.
        """
        self.is_whole = self.incoming.is_whole
        request, following = self.incoming.split()
        self.incoming = Incoming(following)
        self.parser.unreader.give(request, 0 if self.is_whole else seconds)

    def close(self, graceful: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's
        if graceful:
            self._linger(self)
        else:
            super().close()


class Worker(ThreadWorker):  # type: ignore[misc]
    """Threads for requests that have arrived; one loop for all that have not."""

    def init_process(self) -> None:
        # In the order in which they began: the first is the oldest.
        self.gathering: dict[Connection, None] = {}
        self.lingering: dict[Connection, float] = {}
        self.held = 0
        self._look_at = 0.0
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
            self.gathering[conn] = None
            self.poller.register(
                conn.sock, selectors.EVENT_READ, partial(self._on_readable, conn)
            )

    def _on_readable(self, conn: Connection, _sock: socket.socket) -> None:
        if self._received(conn):
            self._forget(conn)

    def _received(self, conn: Connection) -> bool:
        """Receive; return whether *conn* is a thread's matter now, or nobody's."""
        try:
            ready = conn.receive()
        except OSError:
            self._drop(conn)
            return True
        size = len(conn.incoming.data)
        self._count(conn, size)
        if ready or (size > SMALL and self.held > ROOM):
            self._hand_over(conn, THREAD_SECONDS)
            return True
        return False

    def _count(self, conn: Connection, size: int) -> None:
        self.held += size - conn.held
        conn.held = size

    def _hand_over(self, conn: Connection, seconds: float) -> None:
        conn.hand_over(seconds)
        super().enqueue_req(conn)

    def handle_request(self, req: Any, conn: Connection) -> object:
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
            while body.read(SEND_PIECE):
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

    def murder_pending(self) -> None:
        """End, at each turn of the loop, what has waited for too long."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY
        for conn in [conn for conn in self.gathering if self._is_late(conn, now)]:
            self._forget(conn)
            if conn.incoming.body_start:
                # The application says 408 in its own words, and records it.
                self._hand_over(conn, 0)
            else:
                self._drop(conn)
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
            gone = not sock.recv(_RECEIVE)
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
