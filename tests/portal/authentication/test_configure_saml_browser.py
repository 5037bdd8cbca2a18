"""What only a browser shows: the modal window, its scripts, and life without them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from playwright.sync_api import expect

from tests.situations import signed_in_as

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from scim.models import Organization
    from zportal.models import Administrator

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PATH = "/administration/authentication-settings/"


def enter(context: BrowserContext, site: str, administrator: Administrator) -> Page:
    """Open the page with the session of *administrator*."""
    session = signed_in_as(administrator).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}]
    )
    page = context.new_page()
    page.goto(site + PATH)
    return page


@pytest.fixture
def page(
    context: BrowserContext, site: str, super_admin: Administrator
) -> Iterator[Page]:
    """Authentication Settings, with a console that has to stay empty."""
    page = enter(context, site, super_admin)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.reload()
    yield page
    assert complaints == []


@pytest.fixture
def page_without_script(
    browser: Browser, site: str, super_admin: Administrator
) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield enter(context, site, super_admin)
    context.close()


def test_configure_saml_shows_only_while_saml_is_chosen(page: Page) -> None:
    configure = page.get_by_role("button", name="Configure SAML")
    expect(configure).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_label("Form-Based", exact=True).check()
    expect(configure).to_be_hidden()
    page.get_by_label("SAML", exact=True).check()
    configure.click()
    expect(page.get_by_role("dialog", name="Configure SAML")).to_be_visible()


def test_generate_token_keeps_what_was_typed_and_cancel_forgets_it(
    page: Page, contoso: Organization
) -> None:
    page.get_by_role("button", name="Configure SAML").click()
    page.get_by_label("SAML Portal URL").fill("https://idp.example/")
    page.get_by_label("Enable SAML Auto-Provisioning").check()
    page.get_by_role("button", name="Generate Token").click()
    expect(page.locator("#bearer-token")).to_have_text(re.compile(r"^[\w-]{43}$"))
    expect(page.get_by_label("SAML Portal URL")).to_have_value("https://idp.example/")
    assert contoso.tokens.pending().count() == 1
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Configure SAML").click()
    expect(page.locator("#bearer-token")).to_have_count(0)
    expect(page.get_by_label("SAML Portal URL")).to_have_value("")
    expect(page.get_by_label("Enable SAML Auto-Provisioning")).not_to_be_checked()
    expect(page.locator("[data-pending]")).to_have_count(0)
    assert contoso.tokens.pending().count() == 0


def test_enter_in_a_field_saves(page: Page, contoso: Organization) -> None:
    page.get_by_role("button", name="Configure SAML").click()
    page.get_by_label("SAML Portal URL").fill("https://idp.example/")
    page.get_by_label("SAML Portal URL").press("Enter")
    expect(page.get_by_text("Authentication Settings are saved.")).to_be_visible()
    assert contoso.tokens.count() == 1


def test_a_mistake_opens_the_window_at_its_place(page: Page) -> None:
    page.get_by_role("button", name="Configure SAML").click()
    page.get_by_label("SAML Portal URL").fill("http://idp.example/")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_label("SAML Portal URL")).to_be_focused()


def test_a_token_made_by_save_is_in_front(page: Page, contoso: Organization) -> None:
    contoso.tokens.all().delete()
    page.locator(".foot").get_by_role("button", name="Save").click()
    expect(page.locator("#bearer-token")).to_be_in_viewport()
    page.get_by_role("button", name="Copy Bearer Token").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("Copied")


def test_the_panel_closes_with_escape_and_gives_the_focus_back(page: Page) -> None:
    menu = page.locator("summary", has_text="Administration")
    menu.focus()
    page.keyboard.press("Enter")
    entry = page.get_by_role("link", name="User Management")
    expect(entry).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(entry).to_be_hidden()
    expect(menu).to_be_focused()


def test_without_a_script_the_window_stands_open(
    page_without_script: Page, contoso: Organization
) -> None:
    page = page_without_script
    page.get_by_label("Login Name Attribute").fill("mail")
    page.get_by_role("button", name="Generate Token").click()
    secret = page.locator("#bearer-token").inner_text()
    expect(page.get_by_label("Login Name Attribute")).to_have_value("mail")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_text("The new Bearer Token is live.")).to_be_visible()
    live = contoso.tokens.live().get()
    assert live.prefix == secret[:6]
    page.get_by_label("Form-Based", exact=True).check()
    expect(page.get_by_label("Login Name Attribute")).to_be_hidden()
    page.locator("summary", has_text="Administration").click()
    page.get_by_role("link", name="User Management").click()
    expect(page.get_by_role("heading", name="User Management")).to_be_visible()
