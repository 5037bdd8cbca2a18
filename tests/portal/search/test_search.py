"""Search: pages, settings, people and groups, of one's own organization only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from scim.models import DirectoryUser
from tests.portal import factories
from zportal.search import index

if TYPE_CHECKING:
    from scim.models import Organization
    from zportal.models import Administrator

PAGE = "/search/"


def hits(client: Client, text: str) -> list[str]:
    page = client.get(PAGE, {"q": text})
    assert page.status_code == 200
    return re.findall(
        r'class="hits__hit" href="[^"]+"><bdi>(.*?)</bdi>', page.content.decode()
    )


def test_without_a_text_it_asks_for_one(signed_in: Client) -> None:
    html = signed_in.get(PAGE).content.decode()
    assert "autofocus" in html
    assert "Nothing matches" not in html
    assert hits(signed_in, "   ") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("company pro", "Company Profile"),
        ("USER MAN", "User Management"),
        ("portal url", "SAML Portal URL"),
        ("bearer", "Bearer Token"),
        ("registered domains only", "Registered domains only"),
        ("theme", "Theme"),
        ("activ", "Activation"),
    ],
)
def test_pages_and_settings_are_found_by_words(
    auditor_signed_in: Client, text: str, found: str
) -> None:
    assert found in hits(auditor_signed_in, text)


def test_every_page_and_setting_leads_to_its_element(
    signed_in: Client, super_admin: Administrator
) -> None:
    addresses = [*index._settings(super_admin), *index._pages(super_admin)]
    assert len(addresses) > 25
    for hit in addresses:
        url, _, anchor = hit.url.partition("#")
        html = signed_in.get(url).content.decode()
        assert not anchor or f'id="{anchor}"' in html, hit


def test_people_and_groups_are_found_by_their_beginning(
    signed_in: Client, contoso: Organization
) -> None:
    factories.person(contoso, "zoe@contoso.example", displayName="Ägir Nøkk")
    factories.group(contoso, "Zoologists")
    assert hits(signed_in, "ZO") == ["Ägir Nøkk", "Zoologists"]
    assert hits(signed_in, "ÄGIR n") == ["Ägir Nøkk"]
    assert hits(signed_in, "nøkk") == ["Ägir Nøkk"]
    assert hits(signed_in, "contoso.example") == []


def test_at_most_eight_of_a_kind_and_two_queries_for_them(
    super_admin: Administrator, contoso: Organization, django_assert_num_queries: Any
) -> None:
    for number in range(20):
        factories.person(contoso, f"zz{number:02}@contoso.example")
        factories.group(contoso, f"zz{number:02}")
    with django_assert_num_queries(2):
        found = index.search(super_admin, "zz")
    assert [hit.text for hit in found.people][:2] == [
        "zz00@contoso.example",
        "zz01@contoso.example",
    ]
    assert (len(found.people), len(found.groups)) == (8, 8)


def test_the_indexes_serve_a_search(contoso: Organization) -> None:
    now = timezone.now()
    rows = [
        DirectoryUser(organization=contoso, created=now, modified=now)
        for _ in range(500)
    ]
    for number, row in enumerate(rows):
        name = f"u{number:03}"
        row.assign(
            {
                "userName": f"{name}@contoso.example",
                "displayName": name,
                "externalId": name,
                "name": {"familyName": name},
            }
        )
    DirectoryUser.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The table is too small for PostgreSQL to want an index by itself, and what
            # other tests left of its statistics is not to decide which.
            cursor.execute("ANALYZE scim_directoryuser")
            cursor.execute("SET LOCAL enable_seqscan = off")
        people = DirectoryUser.objects.for_organization(contoso)
        plan = people.first_found_by("ad", 8).explain().upper()
    for column in ("DISPLAY", "FAMILY", "EXTERNAL"):
        assert re.search(f"SCIM_USER_(BY_)?{column}", plan)
    assert "SEQ SCAN" not in plan
    assert "SCAN SCIM_" not in plan


def test_the_stranger_finds_nothing_of_contoso(
    stranger_signed_in: Client, contoso: Organization
) -> None:
    factories.person(contoso, "zoe@contoso.example")
    factories.group(contoso, "Zoologists")
    assert hits(stranger_signed_in, "zo") == []


@pytest.mark.parametrize(
    "text",
    [
        "a\0b",
        "%",
        "_",
        "'",
        "\\",
        "<script>alert(1)</script>",
        "x" * 5000,
        "\U0010ffff",
    ],
)
def test_hostile_texts_find_nothing_and_stay_text(
    signed_in: Client, contoso: Organization, text: str
) -> None:
    factories.person(contoso)
    page = signed_in.get(PAGE, {"q": text})
    assert page.status_code == 200
    assert b"Nothing matches" in page.content
    assert b"<script>alert" not in page.content


def test_nobody_signed_in_is_led_to_sign_in(client: Client, db: None) -> None:
    assert client.get(PAGE).headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_is_read_only(signed_in: Client, method: str) -> None:
    assert getattr(signed_in, method)(PAGE).status_code == 405
