"""What only a browser shows: the key /, windows opened by an address, the themes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from playwright.sync_api import expect

from tests.situations import administrator_of, signed_in_as

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

    from scim.models import Organization

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(context: BrowserContext, site: str, contoso: Organization) -> Iterator[Page]:
    """The Profile of a superuser, with a console that has to stay empty."""
    root = administrator_of(contoso, "root", is_superuser=True)
    session = signed_in_as(root).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}]
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{site}/profile/")
    yield page
    assert complaints == []


def test_the_slash_key_leads_to_search_and_a_hit_to_its_field(page: Page) -> None:
    page.keyboard.press("/")
    field = page.get_by_role("searchbox", name="Search")
    expect(field).to_be_focused()
    page.keyboard.type("portal url")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="SAML Portal URL").click()
    expect(page.locator("dialog:modal")).to_be_visible()
    expect(page.get_by_label("SAML Portal URL")).to_be_focused()


def test_the_slash_key_is_a_letter_inside_a_field(page: Page) -> None:
    password = page.get_by_label("Current Password")
    password.press("/")
    expect(password).to_have_value("/")
    page.keyboard.press("Tab")
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page).to_have_url(re.compile("/search/$"))
    page.get_by_role("searchbox", name="Search").fill("x")
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()


def test_a_superuser_switches_in_the_corner(page: Page, fabrikam: Organization) -> None:
    page.reload()
    corner = page.locator(".switcher__summary")
    corner.click()
    page.get_by_role("button", name="Fabrikam").click()
    expect(corner).to_contain_text(f"Company ID {fabrikam.pk}")
    corner.click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Contoso")).to_be_hidden()
    expect(corner).to_be_focused()


def test_the_chosen_theme_wins_over_the_systems(page: Page) -> None:
    def colours() -> str:
        return str(page.evaluate("getComputedStyle(document.body).colorScheme"))

    page.emulate_media(color_scheme="light")
    assert colours() == "light"
    page.get_by_role("radio", name="Dark").check(force=True)
    page.get_by_role("button", name="Save Theme").click()
    expect(page.get_by_text("The theme is saved.")).to_be_visible()
    assert colours() == "dark"
    page.get_by_role("radio", name="Light").check(force=True)
    page.get_by_role("button", name="Save Theme").click()
    expect(page.get_by_role("radio", name="Light")).to_be_checked()
    page.emulate_media(color_scheme="dark")
    assert colours() == "light"
