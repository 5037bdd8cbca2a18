"""The lists and pages of User Management, as a browser reads them."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client

USERS = "/administration/user-management/users/"
GROUPS = "/administration/user-management/groups/"
DEPARTMENTS = "/administration/user-management/departments/"


def names(client: Client, address: str) -> list[str]:
    """Return the first column of a list, without markup."""
    page = client.get(address).content.decode()
    heads = re.findall(r'<th scope="row".*?</th>', page, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", head).strip() for head in heads]


def count(client: Client, address: str) -> str:
    """Return the sentence that says how many rows there are."""
    page = client.get(address).content.decode()
    found = re.search(r'filters__count"[^>]*>([^<]+)<', page)
    assert found is not None
    return found[1].strip()


def facts(page: str) -> dict[str, str]:
    """Return SCIM name -> shown text of the rows of a page."""
    rows = re.findall(r"<dt[^>]*>.*?<code>(.*?)</code></dt>\s*<dd.*?</dd>", page, re.S)
    bodies = re.findall(r"<dt[^>]*>.*?</dt>\s*<dd[^>]*>(.*?)</dd>", page, re.S)
    assert len(rows) == len(bodies)
    return {
        name: " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
        for name, body in zip(rows, bodies, strict=True)
    }


def page_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()
