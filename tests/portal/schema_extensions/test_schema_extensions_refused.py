"""The tab Schema Extensions: what is refused changes nothing, and the page says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
    said,
    seen,
)
from tests.scim.extending import CONTOSO, extend
from zportal.models import AuditLog

if TYPE_CHECKING:
    from django.test import Client

    from scim.models import Organization


def test_what_people_hold_stays(signed_in: Client, contoso: Organization) -> None:
    """The page says how many people hold it and names them; nothing is recorded."""
    extend(contoso, badge="string")
    for name in ("dee", "cai", "bo", "ada"):
        address = f"{name}@contoso.example"
        values: Any = {CONTOSO: {"badge": name}}
        factories.person(contoso, address, **values)
    for url, data in (
        (REMOVE, {"extension": "Contoso"}),
        (REMOVE_ATTRIBUTE, {"extension": "Contoso", "name": "badge"}),
        (CHANGE_ATTRIBUTE, attribute(type_="integer", seen=seen(contoso))),
    ):
        words = said(signed_in.post(url, data, follow=True))
        assert "Nothing was changed." in words
        assert "4 people: ada@contoso.example, bo@contoso.example, " in words
        assert "cai@contoso.example and 1 more" in words
    assert declared(contoso) == {"Contoso": {"badge": "string"}}
    assert AuditLog.objects.count() == 0


def test_sent_twice_is_there_once(signed_in: Client, contoso: Organization) -> None:
    """A double click, or the page sent again."""
    signed_in.post(ADD, {"name": "Contoso"})
    page = signed_in.post(ADD, {"name": "Contoso"})
    assert "There is an extension Contoso already." in said(page)
    signed_in.post(ADD_ATTRIBUTE, attribute())
    page = signed_in.post(ADD_ATTRIBUTE, attribute())
    assert "Contoso has an attribute badge already." in said(page)
    assert b'value="badge"' in page.content
    assert declared(contoso) == {"Contoso": {"badge": "string"}}
    for url, data in (
        (REMOVE_ATTRIBUTE, {"extension": "Contoso", "name": "badge"}),
        (REMOVE, {"extension": "Contoso"}),
    ):
        assert "is removed" in said(signed_in.post(url, data, follow=True))
        assert "no such" in said(signed_in.post(url, data, follow=True))
    assert AuditLog.objects.count() == 4


def test_a_change_on_what_is_no_longer_so_is_refused(
    signed_in: Client, contoso: Organization
) -> None:
    extend(contoso, badge="string")
    stale = seen(contoso)
    change = attribute(type_="integer", description="First", seen=stale)
    assert "Saved" in said(signed_in.post(CHANGE_ATTRIBUTE, change, follow=True))
    for late in (
        attribute(type_="boolean", seen=stale),
        attribute(type_="boolean", seen="x"),
        attribute("gone", "boolean", seen=stale),
    ):
        page = signed_in.post(CHANGE_ATTRIBUTE, late, follow=True)
        assert "meanwhile" in said(page)
    assert declared(contoso) == {"Contoso": {"badge": "integer"}}


def test_a_form_of_an_extension_that_is_gone_changes_nothing(
    signed_in: Client, contoso: Organization
) -> None:
    for url, data in (
        (ADD_ATTRIBUTE, attribute()),
        (CHANGE_ATTRIBUTE, attribute(seen="0" * 16)),
        (DESCRIBE, {"extension": "Contoso", "description": "x"}),
    ):
        page = signed_in.post(url, data, follow=True)
        assert page.redirect_chain == [(PAGE, 302)]
        assert "Nothing was changed." in said(page)
    assert declared(contoso) == {}


HOSTILE = [
    *[
        "",
        " ",
        "1x",
        "a b",
        "a.b",
        "a:b",
        "a\0b",
        "<b>",
        "x" * 61,
        "ä",
        "'--",
        "é\ud83d",
    ],
    *['a"b', "../x", "schemas", "x" * 100_000],
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names(signed_in: Client, contoso: Organization, name: str) -> None:
    """Nothing is stored, nothing unescaped is shown, and what to change is said."""
    extend(contoso)
    name = name.encode(errors="replace").decode()
    page = signed_in.post(ADD_ATTRIBUTE, attribute(name))
    assert page.status_code == 200
    assert "Nothing was added." in said(page)
    assert len(said(page)) > 60
    assert b"<b>" not in page.content
    if name != "schemas":
        page = signed_in.post(ADD, {"name": name})
        assert "Nothing was added." in said(page)
    for url in (ADD_ATTRIBUTE, CHANGE_ATTRIBUTE, REMOVE_ATTRIBUTE, REMOVE, DESCRIBE):
        data = attribute("badge", seen=name) | {"extension": name}
        page = signed_in.post(url, data, follow=True)
        assert "Nothing was changed." in said(page)
    assert declared(contoso) == {"Contoso": {}}


@pytest.mark.parametrize(
    "changes",
    [
        {"type": ""},
        {"type": "complex"},
        {"type": "String"},
        {"type": "x" * 10_000},
        {"description": "x" * 255},
        {"description": "two\nlines"},
        {"description": "a\0b"},
    ],
    ids=str,
)
def test_hostile_definitions(
    signed_in: Client, contoso: Organization, changes: dict[str, str]
) -> None:
    extend(contoso, badge="string")
    page = signed_in.post(ADD_ATTRIBUTE, attribute("new") | changes)
    assert "Nothing was added." in said(page)
    change = attribute(seen=seen(contoso)) | changes
    page = signed_in.post(CHANGE_ATTRIBUTE, change, follow=True)
    assert "Nothing was changed. " in said(page)
    assert declared(contoso) == {"Contoso": {"badge": "string"}}


def test_a_description_is_text(signed_in: Client, contoso: Organization) -> None:
    extend(contoso)
    text = "<script>alert(1)</script> & “Söhne”"
    signed_in.post(DESCRIBE, {"extension": "contoso", "description": text})
    signed_in.post(ADD_ATTRIBUTE, attribute(description=text))
    html = signed_in.get(PAGE).content.decode()
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt; &amp; “Söhne”") == 4
    contoso.refresh_from_db()
    assert contoso.extensions[0].description == text
    assert contoso.extensions[0].attributes[0].description == text


def test_limits_are_said_where_the_forms_were(
    signed_in: Client, contoso: Organization
) -> None:
    for number in range(10):
        extend(contoso, f"X{number}")
    extend_to_the_limit = {f"a{number}": "string" for number in range(50)}
    contoso.refresh_from_db()
    signed_in.post(REMOVE, {"extension": "X9"})
    contoso.refresh_from_db()
    extend(contoso, **extend_to_the_limit)
    html = signed_in.get(PAGE).content.decode()
    assert "An organization has at most 10 extensions." in html
    assert "An extension has at most 50 attributes." in html
    before = declared(contoso)
    for url, data in ((ADD_ATTRIBUTE, attribute("more")), (ADD, {"name": "X10"})):
        assert "Nothing was added." in said(signed_in.post(url, data))
    assert declared(contoso) == before
