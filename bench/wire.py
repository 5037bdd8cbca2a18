"""A light HTTP/1.1 client: one kept connection, no more work than is measured."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from bench.calls import Call

TIMEOUT = 300
"""Seconds that an answer may take; then it counts as none."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class Wire:
    """A connection to a server on this machine, opened again when the server ends it."""

    def __init__(self, port: int, base: str, token: str) -> None:
        self.port = port
        self.base = base
        self.opened = 0
        self._head = (
            f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Accept: application/scim+json\r\n"
        )
        self._socket: socket.socket | None = None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(self, call: Call) -> Answer:
        """Send *call* and return the answer; raise OSError when there is none."""
        head = f"{call.method} {self.base}{call.path}{self._head}"
        if call.body:
            head += (
                "Content-Type: application/scim+json\r\n"
                f"Content-Length: {len(call.body)}\r\n"
            )
        message = f"{head}\r\n".encode() + call.body
        kept = self._socket is not None
        try:
            return self._exchange(message)
        except OSError:
            self.close()
            if not kept:
                raise
        # A server may end a kept connection at any time between two requests.
        return self._exchange(message)

    def _exchange(self, message: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.opened += 1
        self._socket.sendall(message)
        head, rest = self._head_of_answer(self._socket)
        status = int(head[9:12])
        if status in (204, 304):
            body = b""
        elif length := _LENGTH.search(head):
            body = self._exactly(self._socket, rest, int(length[1]))
        elif b"chunked" in head.lower():
            body = self._chunks(self._socket, rest)
        else:
            body = self._to_the_end(self._socket, rest)
            self.close()
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return Answer(status, body)

    @staticmethod
    def _head_of_answer(link: socket.socket) -> tuple[bytes, bytes]:
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += Wire._some(link)
        return received[:end], received[end + 4 :]

    @staticmethod
    def _some(link: socket.socket) -> bytes:
        block = link.recv(262_144)
        if not block:
            raise ConnectionResetError("The server closed the connection.")
        return block

    @staticmethod
    def _exactly(link: socket.socket, rest: bytes, length: int) -> bytes:
        blocks, missing = [rest], length - len(rest)
        while missing > 0:
            block = Wire._some(link)
            blocks.append(block)
            missing -= len(block)
        return b"".join(blocks)

    @staticmethod
    def _chunks(link: socket.socket, rest: bytes) -> bytes:
        body = b""
        while True:
            while (end := rest.find(b"\r\n")) < 0:
                rest += Wire._some(link)
            size = int(rest[:end], 16)
            rest = rest[end + 2 :]
            while len(rest) < size + 2:
                rest += Wire._some(link)
            if size == 0:
                return body
            body += rest[:size]
            rest = rest[size + 2 :]

    @staticmethod
    def _to_the_end(link: socket.socket, rest: bytes) -> bytes:
        blocks = [rest]
        while block := link.recv(262_144):
            blocks.append(block)
        return b"".join(blocks)
