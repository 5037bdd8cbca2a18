"""Connections are used again, and a stop or reload breaks none that is in use."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.live import installed, served
from tests.scim.messages import user
from zportal.serving.incoming import LARGEST_BODY, LARGEST_HEAD, Incoming

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live import LiveService


class Caller:
    """A client with one connection, and the local address that it came from."""

    def __init__(self, base_url: str, secret: str) -> None:
        url = urlsplit(base_url)
        self.path = url.path
        self.secret = secret
        self.http = HTTPConnection(url.hostname or "", url.port, timeout=30)

    def call(
        self, method: str, endpoint: str, body: Any = None, secret: str = ""
    ) -> tuple[int, Any]:
        headers = {
            "Authorization": f"Bearer {secret or self.secret}",
            "Content-Type": "application/scim+json",
        }
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.http.request(method, f"{self.path}{endpoint}", body, headers)
        response = self.http.getresponse()
        raw = response.read()
        return response.status, json.loads(raw) if raw else None

    @property
    def port(self) -> int | None:
        """The port of the connection, None when the server has closed it."""
        return self.http.sock.getsockname()[1] if self.http.sock else None


@pytest.fixture
def caller(service: LiveService) -> Iterator[Caller]:
    caller = Caller(service.base_url, service.secret)
    yield caller
    caller.http.close()


def test_one_connection_for_many_calls(caller: Caller) -> None:
    """Errors with a body that nobody read included (RFC 9112 9.3)."""
    large = b"{" + b" " * 1_000_000
    expected: list[tuple[int, tuple[Any, ...]]] = [
        (201, ("POST", "/Users", user(str(uuid4())))),
        (200, ("GET", "/Users?count=1")),
        (401, ("POST", "/Users", large, "wrong")),
        (404, ("GET", "/Users/nobody")),
        (405, ("DELETE", "/Users", large)),
        (400, ("POST", "/Users", b"{")),
        (400, ("POST", "/Users", large)),
        (404, ("PATCH", "/Groups/nobody", {"Operations": [{"op": "remove"}]})),
        (501, ("POST", "/Me", large)),
        (200, ("GET", "/Schemas")),
    ]
    ports = set()
    for status, call in expected:
        answered, _ = caller.call(*call)
        assert answered == status, call
        ports.add(caller.port)
    assert len(ports) == 1
    assert None not in ports


def test_calls_sent_at_once(service: LiveService) -> None:
    """Pipelined calls are answered in their order, cut wherever (RFC 9112 9.3.2)."""
    url = urlsplit(service.base_url)
    body = json.dumps(user(str(uuid4()))).encode()
    common = (
        f"Host: {url.netloc}\r\nAuthorization: Bearer {service.secret}\r\n"
        "Content-Type: application/scim+json\r\n"
    )
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    calls = (
        f"GET {url.path}/Users/nobody HTTP/1.1\r\n{common}\r\n".encode()
        + f"POST {url.path}/Users HTTP/1.1\r\n{common}"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
        + f"POST {url.path}/Users HTTP/1.1\r\n{common}"
        "Transfer-Encoding: chunked\r\n\r\n".encode()
        + chunk
        + f"GET {url.path}/Groups?count=0 HTTP/1.1\r\n{common}"
        "Connection: close\r\n\r\n".encode()
    )
    with socket.create_connection((url.hostname or "", url.port or 0), 30) as sock:
        for start in range(0, len(calls), 97):
            sock.sendall(calls[start : start + 97])
        answer = b""
        while block := sock.recv(65536):
            answer += block
    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"404", b"201", b"409", b"200"]


# ------------------------------------------------------------ when has it arrived?
HEAD = b"POST /x HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"content-length: 5\r\n\r\n12345",
        HEAD + b"Content-Length: 4\r\n\r\n\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip, Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\nA: b\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_a_request_is_whole_with_its_last_byte(request_: bytes) -> None:
    incoming = Incoming()
    for byte in request_[:-1]:
        incoming.data.append(byte)
        assert not incoming.is_ready
    incoming.data += request_[-1:] + b"GET /next"
    assert incoming.is_ready
    assert incoming.is_whole
    assert incoming.split() == (request_, b"GET /next")


@pytest.mark.parametrize(
    "begun",
    [
        b"x" * (LARGEST_HEAD + 1),
        HEAD + b"Content-Length: %d\r\n\r\n" % (LARGEST_BODY + 1),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-3\r\n" + b"x" * LARGEST_HEAD,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 9000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n" * 5
        + b"1\r\na\r\n" * (2 * LARGEST_BODY // 6 + 1),
    ],
)  # fmt: skip
def test_nobody_waits_for_what_will_be_refused(begun: bytes) -> None:
    incoming = Incoming(begun)
    assert incoming.is_ready
    assert not incoming.is_whole
    assert incoming.split() == (begun, b"")


# --------------------------------------------------------------- stop and reload
class Load(threading.Thread):
    """Creates and reads users over one connection after the other until refused."""

    def __init__(self, base_url: str, secret: str) -> None:
        super().__init__()
        self.args = (base_url, secret)
        self.answered = 0
        self.broken: list[str] = []
        self.refused = False
        self.enough = threading.Event()

    def run(self) -> None:
        caller = Caller(*self.args)
        while not (self.enough.is_set() or self.refused):
            try:
                status, _ = caller.call("POST", "/Users", user(str(uuid4())))
                assert status == 201
                self.answered += 1
            except ConnectionRefusedError:
                self.refused = True
            except (OSError, AssertionError) as exc:
                self.broken.append(repr(exc))
                caller.http.close()
        caller.http.close()


def under_load(tmp_path: Path, signals: list[int]) -> list[Load]:
    """Send *signals* to a master whose service four clients call all the time."""
    with installed(tmp_path) as here:
        clients = [Load(here.base_url, here.secret) for _ in range(4)]
        with served(here.environment, tmp_path / "log", here.address) as master:
            for client in clients:
                client.start()
            for number in signals:
                time.sleep(2)
                os.kill(master.pid, number)
            if signal.SIGTERM in signals:
                assert master.wait(30) == 0
            time.sleep(2)
            for client in clients:
                client.enough.set()
            for client in clients:
                client.join()
    return clients


def test_a_reload_breaks_no_call(tmp_path: Path) -> None:
    clients = under_load(tmp_path, [signal.SIGHUP, signal.SIGHUP])
    assert [client.broken for client in clients] == [[]] * 4
    assert not any(client.refused for client in clients)
    assert min(client.answered for client in clients) > 0


def test_a_stop_breaks_no_call(tmp_path: Path) -> None:
    """What was accepted is answered; who comes later is refused, not reset."""
    clients = under_load(tmp_path, [signal.SIGTERM])
    assert [client.broken for client in clients] == [[]] * 4
    assert all(client.refused for client in clients)
    assert min(client.answered for client in clients) > 0
