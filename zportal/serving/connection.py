"""A client's connection to the worker: what has arrived on it, and what it takes."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn

from zportal.serving.incoming import Incoming

HEAD_SECONDS = 10
"""From the first byte of a request to the end of its headers."""

STALLED_SECONDS = 10
"""Between two pieces of a body. Whoever takes longer gets 408."""

BODY_SECONDS = 120
"""From the first byte of a request to the last one of its body."""

SEND_SECONDS = 10
"""For a client to take SEND_PIECE bytes of an answer."""

SEND_PIECE = 256 * 1024
RECEIVE = 64 * 1024


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
            block = self.sock.recv(RECEIVE)
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
        self.extend()
        return ready

    def extend(self) -> None:
        """Give the client time for its next piece."""
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
