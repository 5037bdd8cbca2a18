"""The tab Schema Extensions: what an organization declares for its people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from scim.extensions import TYPES
from tests.portal import factories
from tests.portal.extension_forms import (
    ADD,
    ADD_ATTRIBUTE,
    CHANGE_ATTRIBUTE,
    DESCRIBE,
    PAGE,
    REMOVE,
    REMOVE_ATTRIBUTE,
    attribute,
    declared,
    seen,
)
from tests.scim.extending import CONTOSO, VALUES, extend, extend_with_every_type
from tests.situations import signed_in_as
from zportal.models import AuditLog

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient
    from zportal.models import Administrator


def test_from_a_name_to_a_value_on_the_persons_page(
    signed_in: Client, scim: ScimClient, contoso: Organization
) -> None:
    """In force with the next call, without activation."""
    signed_in.post(ADD, {"name": "Contoso", "description": "Badges"})
    page = signed_in.post(
        ADD_ATTRIBUTE, attribute("badgeNumber", "integer"), follow=True
    )
    assert page.redirect_chain == [(f"{PAGE}#extension-Contoso", 302)]
    html = page.content.decode()
    assert f">{CONTOSO}</code>" in html
    assert f">{CONTOSO}:badgeNumber</code>" in html
    assert "<strong>Integer</strong> as Type" in html
    document = scim.get(f"/Schemas/{CONTOSO}").json()
    assert (document["name"], document["description"]) == ("Contoso", "Badges")
    body = {"userName": "ada@contoso.example", CONTOSO: {"badgeNumber": "42"}}
    assert scim.post("/Users", body).json()[CONTOSO] == {"badgeNumber": 42}
    person = contoso.users.get()
    html = signed_in.get(
        f"/administration/user-management/users/{person.pk}/"
    ).content.decode()
    card = html[html.index('aria-label="Contoso"') :]
    assert f"<code>{CONTOSO}</code>" in card
    assert "Badge Number <code>badgeNumber</code>" in card
    assert "<bdi>42</bdi>" in card


def test_the_persons_page_keeps_the_declared_order(
    signed_in: Client, contoso: Organization
) -> None:
    extend_with_every_type(contoso)
    values: dict[str, Any] = {CONTOSO: VALUES, "urn:x": {"y": "z"}}
    person = factories.person(contoso, **values)
    html = signed_in.get(
        f"/administration/user-management/users/{person.pk}/"
    ).content.decode()
    assert re.findall(r"<code>(\w+)</code>", html[html.index(f"<code>{CONTOSO}") :])[
        : len(TYPES)
    ] == list(TYPES)
    assert html.index('aria-label="Contoso"') < html.index('aria-label="urn:x"')


def test_each_change_is_recorded(signed_in: Client, contoso: Organization) -> None:
    """Who, when, old and new; nothing when nothing changed."""
    signed_in.post(ADD, {"name": "Contoso"}, REMOTE_ADDR="192.0.2.9")
    signed_in.post(DESCRIBE, {"extension": "Contoso", "description": "Badges"})
    signed_in.post(DESCRIBE, {"extension": "Contoso", "description": "Badges"})
    signed_in.post(ADD_ATTRIBUTE, attribute(case_exact="on"))
    change = attribute(type_="integer", description="No.", seen=seen(contoso))
    signed_in.post(CHANGE_ATTRIBUTE, change)
    signed_in.post(CHANGE_ATTRIBUTE, change | {"seen": seen(contoso)})
    signed_in.post(REMOVE_ATTRIBUTE, {"extension": "Contoso", "name": "badge"})
    signed_in.post(REMOVE, {"extension": "Contoso"})
    entries = AuditLog.objects.order_by("pk")
    assert {(entry.actor, entry.category) for entry in entries} == {
        ("admin", AuditLog.Category.AUTHENTICATION_SETTINGS)
    }
    assert entries[0].client_ip == "192.0.2.9"
    assert [(entry.action, entry.resource, entry.changes) for entry in entries] == [
        (
            "create",
            "Schema Extension Contoso",
            {"URN": ["", CONTOSO], "Description": ["", ""]},
        ),
        ("update", "Schema Extension Contoso", {"Description": ["", "Badges"]}),
        (
            "create",
            "Schema Extension Contoso, badge",
            {"Type": ["", "string"], "Case-sensitive": ["", "yes"]},
        ),
        (
            "update",
            "Schema Extension Contoso, badge",
            {
                "Type": ["string", "integer"],
                "Case-sensitive": ["yes", "no"],
                "Description": ["", "No."],
            },
        ),
        (
            "delete",
            "Schema Extension Contoso, badge",
            {
                "Type": ["integer", ""],
                "Case-sensitive": ["no", ""],
                "Description": ["No.", ""],
            },
        ),
        (
            "delete",
            "Schema Extension Contoso",
            {"URN": [CONTOSO, ""], "Attributes": ["", ""]},
        ),
    ]
    assert declared(contoso) == {}


def test_search_finds_the_tab_extensions_and_attributes(
    auditor_signed_in: Client, contoso: Organization
) -> None:
    extend(contoso, badgeNumber="integer")
    for text in ("schema ext", "contoso", "BADGE"):
        html = auditor_signed_in.get("/search/", {"q": text}).content.decode()
        assert f'href="{PAGE}#' in html


# ------------------------------------------------------------------ who may do what
FORMS = [
    (ADD, {"name": "Fabrikam"}),
    (DESCRIBE, {"extension": "Contoso", "description": "x"}),
    (REMOVE, {"extension": "Contoso"}),
    (ADD_ATTRIBUTE, attribute("locker")),
    (CHANGE_ATTRIBUTE, attribute(type_="integer")),
    (REMOVE_ATTRIBUTE, {"extension": "Contoso", "name": "badge"}),
]


@pytest.mark.parametrize(("url", "data"), FORMS)
def test_nobody_else_changes_contosos_definitions(
    client: Client,
    auditor_signed_in: Client,
    stranger_signed_in: Client,
    super_admin: Administrator,
    contoso: Organization,
    url: str,
    data: dict[str, str],
) -> None:
    """Anonymous, Auditor, another organization's Super Admin, and a forged form."""
    extend(contoso, badge="string")
    data = data | {"seen": seen(contoso)}
    before = contoso.schema_extensions
    assert client.post(url, data).headers["Location"].startswith("/sign-in/")
    assert auditor_signed_in.post(url, data).status_code == 403
    assert stranger_signed_in.post(url, data).status_code == 302
    unprotected = Client(enforce_csrf_checks=True)
    unprotected.force_login(super_admin)
    assert unprotected.post(url, data).status_code == 403
    contoso.refresh_from_db()
    assert contoso.schema_extensions == before
    assert signed_in_as(super_admin).post(url, data).status_code == 302
    contoso.refresh_from_db()
    assert contoso.schema_extensions != before


def test_an_auditor_reads_and_a_stranger_does_not(
    client: Client,
    auditor_signed_in: Client,
    stranger_signed_in: Client,
    contoso: Organization,
) -> None:
    extend(contoso, badge="string")
    assert client.get(PAGE).status_code == 302
    html = auditor_signed_in.get(PAGE).content.decode()
    assert f"{CONTOSO}:badge" in html
    assert "add-extension" not in html
    assert ">Remove" not in html
    assert ">Save" not in html
    for url in (PAGE, "/search/?q=badge"):
        assert CONTOSO.encode() not in stranger_signed_in.get(url).content
        assert b"badge</" not in stranger_signed_in.get(url).content
