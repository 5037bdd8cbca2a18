"""Bodies as they come over a socket: chunked, too large, cut off (scim.http.request_body)."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from scim.errors import InvalidSyntax, TooLarge
from scim.http.request_body import read_object
from tests.scim.messages import user

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.live import LiveService

LIMIT = 10 * 1024 * 1024


def send(
    service: LiveService, body: bytes | Iterable[bytes], **headers: str
) -> tuple[int, dict[str, Any]]:
    """POST to /Users as given; return status and body of the answer."""
    url = urlsplit(service.base_url)
    connection = HTTPConnection(url.hostname or "", url.port, timeout=20)
    sent = {
        "Authorization": f"Bearer {service.secret}",
        "Content-Type": "application/scim+json; charset=utf-8",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    try:
        connection.request(
            "POST",
            f"{url.path}/Users",
            body=body,
            headers=sent,
            encode_chunked="Transfer-Encoding" in sent,
        )
        response = connection.getresponse()
        assert response.getheader("Content-Type") == "application/scim+json"
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def chunks(raw: bytes, size: int) -> Iterable[bytes]:
    return (raw[start : start + size] for start in range(0, len(raw), size))


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_chunked(service: LiveService, size: int) -> None:
    """RFC 9112 7.1: .NET's HttpClient, and so possibly Entra, sends no length."""
    name = str(uuid4())
    raw = json.dumps(user(name, title="Ünï")).encode()
    status, answer = send(service, chunks(raw, size), Transfer_Encoding="chunked")
    assert (status, answer["userName"], answer["title"]) == (201, name, "Ünï")


def test_chunked_and_empty(service: LiveService) -> None:
    status, answer = send(service, iter([]), Transfer_Encoding="chunked")
    assert (status, answer["scimType"]) == (400, "invalidSyntax")


@pytest.mark.parametrize("chunked", [True, False])
def test_over_the_limit(service: LiveService, chunked: bool) -> None:
    """RFC 7644 3.12: 413, whether the length was announced or not."""
    raw = b'{"userName": "' + b"x" * (LIMIT + 5_000_000) + b'"}'
    if chunked:
        blocks = chunks(raw, 1024 * 1024)
        status, answer = send(service, blocks, Transfer_Encoding="chunked")
    else:
        status, answer = send(service, raw)
    assert (status, answer["status"]) == (413, "413")


def chunked_request(raw: bytes) -> Any:
    request = RequestFactory().post(
        "/",
        content_type="application/scim+json",
        headers={"Transfer-Encoding": "gzip, Chunked"},
    )
    return WSGIRequest({**request.META, "wsgi.input": BytesIO(raw)})


def open_post(service: LiveService, *lines: str) -> socket.socket:
    """Send the head of a POST to /Users with further header *lines*."""
    url = urlsplit(service.base_url)
    connection = socket.create_connection((url.hostname or "", url.port or 0), 20)
    head = [
        f"POST {url.path}/Users HTTP/1.1",
        f"Host: {url.netloc}",
        f"Authorization: Bearer {service.secret}",
        "Content-Type: application/scim+json",
        *lines,
    ]
    connection.sendall("\r\n".join([*head, "", ""]).encode())
    return connection


def test_a_stalled_upload_holds_nobody_up(service: LiveService) -> None:
    """No lock is taken while a body is still on its way; SQLite has only one."""
    with open_post(service, "Content-Length: 100") as stalled:
        stalled.sendall(b"{")
        status, answer = send(service, json.dumps(user(f"{uuid4()}")).encode())
        assert status == 201, answer


def test_chunks_that_are_none(service: LiveService) -> None:
    with open_post(service, "Transfer-Encoding: chunked") as connection:
        connection.sendall(b"ZZ\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 400 ")


class BrokenStream:
    """What gunicorn's stream does on a chunk size that is no number."""

    def read(self, size: int) -> bytes:
        raise RuntimeError("InvalidChunkSize")


def test_broken_chunks_are_a_syntax_error() -> None:
    request = chunked_request(b"")
    request.META["wsgi.input"] = BrokenStream()
    with pytest.raises(InvalidSyntax, match="could not be read"):
        read_object(request)


def test_the_limit_of_a_chunked_body(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 8
    assert read_object(chunked_request(b'{"a": 1}')) == {"a": 1}
    with pytest.raises(TooLarge):
        read_object(chunked_request(b'{"a": 12}'))
