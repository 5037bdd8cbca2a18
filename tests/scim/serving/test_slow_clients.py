"""Clients that stall, dawdle or send a lot: the others do not notice (zportal.serving.worker)."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.scim.messages import ERROR, user

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.live import LiveService

MANY = 40
"""More than the server has threads."""

SOON = 2.0
"""Seconds; the machines of tests are busy. Without protection it is for ever."""


def connect(service: LiveService) -> socket.socket:
    url = urlsplit(service.address)
    return socket.create_connection((url.hostname or "", url.port or 0), 30)


def head(service: LiveService, method: str, endpoint: str, *lines: str) -> bytes:
    """Return the head of an authenticated call, the blank line included."""
    url = urlsplit(service.base_url)
    parts = [
        f"{method} {url.path}{endpoint} HTTP/1.1",
        f"Host: {url.netloc}",
        f"Authorization: Bearer {service.secret}",
        "Content-Type: application/scim+json",
        *lines,
    ]
    return "\r\n".join([*parts, "", ""]).encode()


def answer_of(connection: socket.socket) -> tuple[HTTPResponse, bytes]:
    response = HTTPResponse(connection)
    response.begin()
    return response, response.read()


def create_someone(service: LiveService) -> float:
    """Create and read a user on a new connection; return the seconds it took."""
    url = urlsplit(service.base_url)
    started = time.monotonic()
    http = HTTPConnection(url.hostname or "", url.port, timeout=30)
    headers = {
        "Authorization": f"Bearer {service.secret}",
        "Content-Type": "application/scim+json",
    }
    body = json.dumps(user(str(uuid4())))
    http.request("POST", f"{url.path}/Users", body, headers)
    response = http.getresponse()
    scim_id = json.loads(response.read())["id"]
    assert response.status == 201
    http.request("GET", f"{url.path}/Users/{scim_id}", headers=headers)
    assert http.getresponse().status == 200
    http.close()
    return time.monotonic() - started


def unfinished_body(service: LiveService) -> bytes:
    return head(service, "POST", "/Users", "Content-Length: 500") + b'{"userName":'


def unfinished_chunks(service: LiveService) -> bytes:
    return head(service, "POST", "/Users", "Transfer-Encoding: chunked") + b"5\r\n{"


def unfinished_head(service: LiveService) -> bytes:
    return head(service, "GET", "/Users")[:-2] + b"X-Slow: "


def expectation(service: LiveService) -> bytes:
    lines = ("Content-Length: 500", "Expect: 100-continue")
    return head(service, "POST", "/Users", *lines)


def too_large_for_a_stranger(service: LiveService) -> bytes:
    sent = head(service, "POST", "/Users", "Content-Length: 99000000") + b"{"
    return sent.replace(service.secret.encode(), b"wrong")


def closing(service: LiveService) -> bytes:
    """A whole call, after which the client neither closes nor sends."""
    return head(service, "GET", "/Users?count=1", "Connection: close")


def silence(service: LiveService) -> bytes:
    return b""


@pytest.mark.parametrize(
    "sent",
    [
        unfinished_body,
        unfinished_chunks,
        unfinished_head,
        expectation,
        too_large_for_a_stranger,
        closing,
        silence,
    ],
)
def test_others_are_served(
    service: LiveService, sent: Callable[[LiveService], bytes]
) -> None:
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(connect(service)).sendall(sent(service))
        assert max(create_someone(service) for _ in range(5)) < SOON


def test_more_connections_than_there_are_places(service: LiveService) -> None:
    """Idle ones are closed, the oldest first, before anybody is turned away."""
    call = head(service, "GET", "/ServiceProviderConfig")
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(service)) for _ in range(1200)]
        for connection in idle[::4]:
            connection.sendall(call)
        for connection in idle[::4]:
            connection.settimeout(SOON)
            with suppress(ConnectionResetError):
                assert connection.recv(15) in (b"HTTP/1.1 200 OK", b"")
        assert create_someone(service) < SOON


def test_a_stalled_body_is_answered(service: LiveService) -> None:
    """RFC 9110 15.5.9: 408 in the service's own words, and the end of the connection."""
    with connect(service) as stalled, connect(service) as chunked:
        stalled.sendall(unfinished_body(service))
        chunked.sendall(unfinished_chunks(service))
        for connection in (stalled, chunked):
            response, raw = answer_of(connection)
            body = json.loads(raw)
            assert (response.status, body["status"]) == (408, "408")
            assert body["schemas"] == [ERROR]
            assert response.getheader("Connection") == "close"
            assert connection.recv(1) == b""


def test_a_trickling_head_ends(service: LiveService) -> None:
    with connect(service) as connection:
        connection.sendall(unfinished_head(service))
        connection.settimeout(0.2)
        for _ in range(100):
            connection.sendall(b"x")
            with suppress(TimeoutError):
                assert connection.recv(1) == b""
                return
        raise AssertionError("After 20 seconds it still goes on.")


def test_a_half_closed_client_is_answered(service: LiveService) -> None:
    with connect(service) as whole, connect(service) as cut:
        whole.sendall(head(service, "GET", "/Users?count=1"))
        whole.shutdown(socket.SHUT_WR)
        assert answer_of(whole)[0].status == 200
        cut.sendall(unfinished_body(service))
        cut.shutdown(socket.SHUT_WR)
        response, raw = answer_of(cut)
        assert (response.status, json.loads(raw)["scimType"]) == (400, "invalidSyntax")


def test_large_bodies_at_once(service: LiveService) -> None:
    """Each of 10 MiB is read to its end, and nobody waits for them."""
    size = 10 * 1024 * 1024
    start = json.dumps(user("someone", title=""))[:-2].encode()
    large = start + b"x" * (size - len(start) - 2) + b'"}'

    def post(_: int) -> dict[str, Any]:
        with connect(service) as connection:
            connection.sendall(
                head(service, "POST", "/Users", f"Content-Length: {size}")
            )
            connection.sendall(large)
            body: dict[str, Any] = json.loads(answer_of(connection)[1])
            return body

    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(post, range(8))
        assert create_someone(service) < 5 * SOON
        details = {answer["detail"] for answer in answers}
    assert details == {"title is longer than 10240 characters."}


def test_an_expectation_is_met_once(service: LiveService) -> None:
    """RFC 9110 10.1.1, as curl and .NET send it: 100, the body, the answer."""
    body = json.dumps(user(str(uuid4()))).encode()
    with connect(service) as connection:
        lines = (f"Content-Length: {len(body)}", "Expect: 100-continue")
        connection.sendall(head(service, "POST", "/Users", *lines))
        assert connection.recv(64) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(12) == b"HTTP/1.1 201"


def test_a_client_that_takes_no_answer(service: LiveService) -> None:
    """It is given up in time; nobody else waits for it."""
    call = head(service, "GET", "/Schemas")
    with ExitStack() as stack:
        for _ in range(MANY):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            url = urlsplit(service.address)
            connection.connect((url.hostname, url.port))
            stack.enter_context(connection).sendall(call * 200)
        time.sleep(1)
        # Their answers are made one after the other, and fill the buffers first.
        started = time.monotonic()
        while create_someone(service) > SOON:
            assert time.monotonic() - started < 60
