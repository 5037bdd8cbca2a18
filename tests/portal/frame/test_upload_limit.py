"""Uploads are measured before they are read, and before anybody has signed in."""

from __future__ import annotations

import io

import pytest
from django.test import Client

from tests.situations import ScimClient

pytestmark = pytest.mark.django_db


def test_the_portal_refuses_a_large_upload(client: Client) -> None:
    answer = client.post("/sign-in/", {"file": io.BytesIO(b"x" * 2 * 1024 * 1024)})
    assert answer.status_code == 413
    assert "larger than 1024 KiB" in answer.content.decode()


def test_the_portal_refuses_a_body_of_unknown_length(client: Client) -> None:
    answer = client.post("/sign-in/", headers={"transfer-encoding": "chunked"})
    assert answer.status_code == 413


def test_a_form_passes(client: Client) -> None:
    answer = client.post("/sign-in/", {"username": "admin", "password": "wrong"})
    assert answer.status_code == 200


def test_scim_keeps_its_own_limit(scim: ScimClient) -> None:
    """A group of 40,000 members is larger than any form."""
    body = {"userName": "ada@contoso.example", "ignored": "x" * 2 * 1024 * 1024}
    assert scim.post("/Users", body).status_code == 201
