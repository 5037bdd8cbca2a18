"""The tab Schema Extensions: what an organization declares for its people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from scim.extensions import TYPES
from scim.models import Organization
from tests.portal import factories
from tests.scim.extending import CONTOSO, VALUES, extend, extend_with_every_type
from tests.situations import signed_in_as
from zportal.models import AuditLog
from zportal.services.schema_extensions import fingerprint

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.situations import ScimClient
    from zportal.models import Administrator

PAGE = "/administration/authentication-settings/schema-extensions/"
ADD = f"{PAGE}add-extension/"
DESCRIBE = f"{PAGE}describe-extension/"
REMOVE = f"{PAGE}remove-extension/"
ADD_ATTRIBUTE = f"{PAGE}add-attribute/"
CHANGE_ATTRIBUTE = f"{PAGE}change-attribute/"
REMOVE_ATTRIBUTE = f"{PAGE}remove-attribute/"


def attribute(name: str = "badge", type_: str = "string", **others: str) -> Any:
    """The form that adds an attribute to Contoso, as a browser sends it."""
    return {"extension": "Contoso", "name": name, "type": type_} | others


def seen(organization: Organization, name: str = "badge") -> str:
    """What the form that changes an attribute says it was filled in on."""
    organization.refresh_from_db()
    found = organization.extensions[0].attribute(name)
    assert found is not None
    return fingerprint(found)


def declared(organization: Organization) -> dict[str, dict[str, str]]:
    """Extension to its attributes and their types, as stored."""
    organization.refresh_from_db()
    return {
        extension.name: {item.name: item.type for item in extension.attributes}
        for extension in organization.extensions
    }


def said(page: Any) -> str:
    """What the page says at its top, or beside its fields."""
    html = page.content.decode()
    found = re.findall(r'class="(?:notice notice--|field-error)[^>]*>(.*?)</p>', html)
    return " ".join(found)


# ------------------------------------------------------------------------ the main path
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


# ------------------------------------------------------------------------- refusals
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


# ------------------------------------------------------------------------- in a browser
@pytest.mark.e2e
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_in_a_browser(
    browser: Browser,
    site: str,
    super_admin: Administrator,
    contoso: Organization,
    script: bool,
) -> None:
    """Declare, change, remove: with labels only, and without JavaScript as well."""
    context = browser.new_context(java_script_enabled=script)
    session = signed_in_as(super_admin).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}]
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(site + PAGE)
    page.get_by_label("Name").fill("Contoso")
    page.get_by_role("button", name="Add Extension").click()
    card = page.get_by_role("region", name="Extension Contoso")
    card.get_by_label("Name").fill("badge number")
    card.get_by_role("button", name="Add Attribute").click()
    expect(card.get_by_text("Begin with a letter")).to_be_visible()
    card.get_by_label("Name").fill("badgeNumber")
    card.get_by_label("Type").select_option("integer")
    card.get_by_role("button", name="Add Attribute").click()
    expect(card.get_by_text(f"{CONTOSO}:badgeNumber")).to_be_visible()
    card.get_by_text("Change badgeNumber of Contoso").click()
    card.get_by_label("Type").first.select_option("string")
    card.get_by_label("Case-sensitive, if a string").check()
    card.get_by_role("button", name="Save").locator("visible=true").click()
    expect(card.get_by_text("case-sensitive", exact=True)).to_be_visible()
    assert declared(contoso) == {"Contoso": {"badgeNumber": "string"}}
    card.get_by_role("button", name="Remove badgeNumber of Contoso").click()
    expect(page.get_by_text("The attribute is removed.")).to_be_visible()
    card.get_by_role("button", name="Remove extension Contoso").click()
    expect(page.get_by_text("The extension is removed.")).to_be_visible()
    assert declared(contoso) == {}
    assert complaints == []
    context.close()
