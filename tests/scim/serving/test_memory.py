"""What calls leave in memory, and what the server takes while much arrives at once."""

from __future__ import annotations

import gc
import json
import weakref
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from bench import processes
from tests.live import installed, peak_of, served
from tests.scim.messages import patch_op, user

if TYPE_CHECKING:
    from pathlib import Path

    from scim.models import Organization
    from tests.live import Installation
    from tests.situations import ScimClient

MANY = 16
"""Large bodies at once."""

BODY = 10 * 1024 * 1024


def post(here: Installation, body: bytes) -> int:
    """Send *body* as a user on a connection of its own; return the status."""
    url = urlsplit(here.base_url)
    http = HTTPConnection(url.hostname or "", url.port, timeout=120)
    headers = {
        "Authorization": f"Bearer {here.secret}",
        "Content-Type": "application/scim+json",
    }
    http.request("POST", f"{url.path}/Users", body, headers)
    status = http.getresponse().status
    http.close()
    return status


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "HEAD"])
def test_a_call_leaves_nothing_for_the_collector(
    scim: ScimClient, contoso: Organization, method: str
) -> None:
    """Request and event hold both bodies, and the collector may come late."""
    made = scim.post("/Users", user()).json()
    rename = patch_op({"op": "replace", "path": "title", "value": "Head"})
    path, body = {
        "GET": (f"/Users/{made['id']}", None),
        "HEAD": ("/Users", None),
        "POST": ("/Users", user("bob@contoso.example")),
        "PATCH": (f"/Users/{made['id']}", rename),
    }[method]
    gc.collect()
    gc.disable()
    try:
        request: Any = RequestFactory().generic(
            method,
            f"{contoso.scim_path}{path}",
            json.dumps(body).encode() if body else b"",
            "application/scim+json",
            headers={"Authorization": f"Bearer {scim.secret}"},
        )
        assert WSGIHandler().get_response(request).status_code in (200, 201)
        left = [weakref.ref(request), weakref.ref(request.event)]
        del request
        assert [reference() for reference in left] == [None, None]
    finally:
        gc.enable()


def test_large_bodies_at_once(tmp_path: Path) -> None:
    """Those that wait are held up to an end, and one of them is worked on at a time."""
    start = json.dumps(user("someone", title=""))[:-2].encode()
    large = start + b"x" * (BODY - len(start) - 2) + b'"}'
    with (
        installed(tmp_path) as here,
        served(here.environment, tmp_path / "log", here.address) as master,
    ):
        assert post(here, b"{}") == 400
        before = processes.memory([master.pid])[1]
        with peak_of(master.pid) as peak, ThreadPoolExecutor(MANY) as pool:
            answers = pool.map(lambda _: post(here, large), range(MANY))
            assert list(answers) == [400] * MANY
    # Two processes, each with 32 MiB of bodies and some copies of one that is read.
    assert peak[0] - before < 2 * (32 + 8 * 10)
