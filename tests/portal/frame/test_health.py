from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from tests.scim.trouble import out_of_reach
from zportal.frame.middleware import HealthMiddleware


@contextmanager
def database_down() -> Iterator[None]:
    with connection.execute_wrapper(out_of_reach):
        yield


def test_healthz_answers_whatever_the_host_header_says() -> None:
    answer = Client().get("/healthz", headers={"host": "10.1.2.3:8080"})

    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert answer["Cache-Control"] == "no-store"


def test_healthz_answers_while_the_database_is_down(signed_in: Client) -> None:
    with database_down():
        assert signed_in.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_readyz_asks_the_database() -> None:
    answer = Client().get("/readyz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_readyz_says_plainly_that_the_database_is_down(signed_in: Client) -> None:
    with database_down():
        answer = signed_in.get("/readyz")

    assert answer.status_code == 503
    assert answer.content == b"The database does not answer.\n"
    assert answer["Content-Type"] == "text/plain"


def test_readyz_says_so_when_no_connection_can_be_made(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", out_of_reach)
        answer = Client().get("/readyz")

    assert answer.status_code == 503


def test_a_head_request_gets_no_body() -> None:
    """RFC 9110 section 9.3.2. Asked directly: the test client drops bodies itself."""
    answer = HealthMiddleware(not_found)(RequestFactory().head("/healthz"))
    assert answer.status_code == 200
    assert answer.content == b""


def not_found(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404)
