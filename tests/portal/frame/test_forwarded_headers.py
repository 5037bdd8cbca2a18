"""Forwarded headers are believed from TRUSTED_PROXIES and from nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from zportal.frame.middleware import ForwardedHeadersMiddleware, client_ip

PROXIES = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]


@pytest.fixture(autouse=True)
def proxies(settings: Any) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    settings.ALLOWED_HOSTS = ["portal.contoso.example", "testserver"]


def arriving(peer: str, **meta: Any) -> HttpRequest:
    """The request as Django sees it behind the middleware."""
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    request = RequestFactory().get("/", REMOTE_ADDR=peer, **meta)
    ForwardedHeadersMiddleware(view)(request)
    return seen[0]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        # Nobody in between, and a stranger who claims that there is.
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        # One proxy, two proxies, and what the client made up before them.
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, 10.2.3.4", "198.51.100.1"),
        ("127.0.0.1", "10.9.9.9, 198.51.100.1, 10.2.3.4", "198.51.100.1"),
        ("127.0.0.1", "192.0.2.77, 198.51.100.1", "198.51.100.1"),
        # Everyone is a proxy of ours: the farthest that is known.
        ("127.0.0.1", "10.1.1.1, 10.2.3.4", "10.1.1.1"),
        # What is no address ends the chain.
        ("127.0.0.1", "198.51.100.1, unknown", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, rubbish, 10.2.3.4", "10.2.3.4"),
        ("127.0.0.1", "", "127.0.0.1"),
        # As written by other proxies.
        ("127.0.0.1", "198.51.100.1:51234", "198.51.100.1"),
        ("2001:db8::1", "[2001:db9::7]:443", "2001:db9::7"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        # A UNIX socket has no address, so it is not in the list.
        ("", "198.51.100.1", None),
    ],
)
def test_the_client_is_the_right_most_address_that_is_no_proxy(
    peer: str, forwarded_for: str | None, client: str | None
) -> None:
    sent = {} if forwarded_for is None else {"HTTP_X_FORWARDED_FOR": forwarded_for}

    assert client_ip(arriving(peer, **sent)) == client


def test_a_trusted_proxy_is_believed() -> None:
    request = arriving(
        "127.0.0.1",
        HTTP_HOST="127.0.0.1:8000",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_HOST="portal.contoso.example",
    )

    assert request.build_absolute_uri("/") == "https://portal.contoso.example/"


def test_of_a_list_the_nearest_proxy_is_believed() -> None:
    request = arriving(
        "127.0.0.1",
        HTTP_X_FORWARDED_PROTO="https, http",
        HTTP_X_FORWARDED_HOST="evil.example, portal.contoso.example",
    )

    assert request.build_absolute_uri("/") == "http://portal.contoso.example/"


def test_a_stranger_is_not_believed() -> None:
    request = arriving(
        "203.0.113.9",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_HOST="portal.contoso.example",
        HTTP_X_FORWARDED_FOR="198.51.100.1",
    )

    assert request.build_absolute_uri("/") == "http://testserver/"
    assert not [name for name in request.META if "FORWARDED" in name]


@pytest.mark.parametrize(
    "header", ["X_FORWARDED_PROTO", "X_FORWARDED_PROTOCOL", "X_FORWARDED_SSL"]
)
def test_a_server_that_believed_a_stranger_is_corrected(header: str) -> None:
    # gunicorn sets wsgi.url_scheme for a loopback peer: that of a tunnel, which
    # passes its clients' headers on.
    spoofed = {f"HTTP_{header}": "https", "wsgi.url_scheme": "https"}

    assert not arriving("203.0.113.9", **spoofed).is_secure()


def test_a_server_that_speaks_tls_itself_stays_secure() -> None:
    assert arriving("203.0.113.9", **{"wsgi.url_scheme": "https"}).is_secure()


def test_headers_that_no_setting_names_are_removed_even_from_a_proxy() -> None:
    request = arriving("127.0.0.1", HTTP_FORWARDED="for=1.2.3.4;proto=https")

    assert "forwarded" not in request.headers
    assert not request.is_secure()
