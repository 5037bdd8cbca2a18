"""How the pages of User Management show what is stored, whatever it is."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pytest

from tests.portal import factories
from tests.portal.directory import USERS, facts, page_of
from zportal.user_management.attributes import (
    Attribute,
    Section,
    Value,
    label_of,
    sections,
)

if TYPE_CHECKING:
    from django.test import Client

    from scim.models import DirectoryUser, Organization

CUSTOM = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User"

EVERYTHING: dict[str, Any] = {
    "externalId": "b9a1-ext",
    "displayName": "Adele Vance",
    "name": {
        "formatted": "Ms. Adele J Vance III",
        "familyName": "Vance",
        "givenName": "Adele",
        "middleName": "Jane",
        "honorificPrefix": "Ms.",
        "honorificSuffix": "III",
    },
    "nickName": "Addie",
    "profileUrl": "https://people.contoso.example/adele",
    "title": "Retail Manager",
    "userType": "Employee",
    "preferredLanguage": "en-US",
    "locale": "de-CH",
    "timezone": "Europe/Zurich",
    "emails": [
        {"type": "work", "value": "adele@contoso.example", "primary": True},
        {"type": "home", "value": "adele@private.example", "display": "At home"},
    ],
    "phoneNumbers": [{"type": "mobile", "value": "+41 44 555 01 09"}],
    "ims": [{"type": "xmpp", "value": "adele@chat.example"}],
    "photos": [{"type": "photo", "value": "https://img.contoso.example/a.png"}],
    "addresses": [
        {
            "type": "work",
            "formatted": "Weg 1\n8000 Zürich",
            "streetAddress": "Weg 1",
            "locality": "Zürich",
            "region": "ZH",
            "postalCode": "8000",
            "country": "CH",
        },
        {"type": "other", "locality": "Bern"},
    ],
    "entitlements": [{"value": "vpn"}],
    "roles": [{"value": "Approver", "primary": True}],
    "x509Certificates": [{"value": "MIIDQzCC"}],
    factories.ENTERPRISE: {
        "employeeNumber": "701984",
        "costCenter": "4130",
        "organization": "Contoso Retail",
        "division": "EMEA",
        "manager": {"value": "somebody-elsewhere", "displayName": "Lidia"},
    },
    CUSTOM: {"badge": 17, "onSite": False, "tags": ["red", "blue"]},
}


def leaves(value: Any) -> list[str]:
    """Return every scalar of a JSON value as text."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [] if isinstance(value, bool) else [str(value)]


@pytest.fixture
def adele(contoso: Organization) -> DirectoryUser:
    return factories.person(contoso, dept="Sales", **EVERYTHING)


def test_every_stored_attribute_is_shown_outside_the_raw_resource(
    signed_in: Client, adele: DirectoryUser
) -> None:
    page = page_of(signed_in, f"{USERS}{adele.pk}/").split('id="raw-json"')[0]
    text = " ".join(html.unescape(page).split())
    shown_as_link = {"Lidia"}
    for leaf in leaves(adele.data):
        if leaf not in shown_as_link:
            assert " ".join(leaf.split()) in text, leaf


def test_readable_labels_and_values(signed_in: Client, adele: DirectoryUser) -> None:
    shown = facts(page_of(signed_in, f"{USERS}{adele.pk}/"))
    assert shown["userName"] == "adele.vance@contoso.example"
    assert shown["active"] == "Enabled"
    assert shown["groups"] == "–"
    assert shown["department"] == "Sales"
    assert shown["name.givenName"] == "Adele"
    assert shown["emails"] == (
        "adele@contoso.example work primary adele@private.example home Display: At home"
    )
    assert shown["addresses"].startswith("Weg 1 8000 Zürich work Street Address: Weg 1")
    assert shown["onSite"] == "No"
    assert shown["tags"] == "red blue"
    assert shown["id"].startswith(adele.scim_id)
    assert shown["externalId"].startswith("b9a1-ext")
    assert shown["meta.version"] == 'W/"1"'
    assert "UTC" in shown["meta.created"]
    assert "just now" in shown["meta.lastModified"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("givenName", "Given Name"),
        ("name.formatted", "Full Name"),
        ("x509Certificates", "X.509 Certificates"),
        ("SSOName", "SSO Name"),
        ("$ref", "Reference"),
        ("title", "Title"),
        ("", ""),
    ],
)
def test_labels_are_words(name: str, label: str) -> None:
    assert label_of(name) == label


def test_sections_take_any_document() -> None:
    document = {
        "schemas": ["urn:x"],
        "userName": "hidden",
        "zeta": None,
        "title": "first",
        "flags": [True, 1.5, "two", ["a", "b"], {"odd": {"deep": 1}}],
        "manager": {"value": "7", "more": {"x": "y"}},
        "urn:one": {"hide": 1, "show": 2},
        "urn:empty": {},
    }
    without = frozenset({"userName", "urn:one:hide"})
    assert sections(document, without=without) == [
        Section(
            "Attributes",
            [
                Attribute("Title", "title", [Value("first")]),
                Attribute(
                    "Flags",
                    "flags",
                    [
                        Value("Yes"),
                        Value("1.5"),
                        Value("two"),
                        Value("a; b"),
                        Value("Odd: Deep: 1"),
                    ],
                ),
                Attribute("Manager: More: X", "manager.more.x", [Value("y")]),
                Attribute("Manager: Value", "manager.value", [Value("7")]),
                Attribute("Zeta", "zeta", [Value("")]),
            ],
        ),
        Section("urn:one", [Attribute("Show", "show", [Value("2")])]),
    ]
