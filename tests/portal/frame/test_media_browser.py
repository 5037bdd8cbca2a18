"""Paper, and people whom movement makes ill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.portal import factories
from tests.portal.authentication.test_configure_saml_browser import enter

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from scim.models import Organization
    from zportal.models import Administrator

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

USERS = "/administration/user-management/users/"

MOVING = """() => [...document.querySelectorAll("*")].filter((element) => {
  const style = getComputedStyle(element);
  const lasts = (times) => times.split(",").some((time) => parseFloat(time) > 0);
  return lasts(style.transitionDuration)
    || (style.animationName !== "none" && lasts(style.animationDuration));
}).length"""


@pytest.fixture
def page(context: BrowserContext, site: str, super_admin: Administrator) -> Page:
    return enter(context, site, super_admin)


def test_who_wants_no_motion_gets_none(page: Page) -> None:
    page.get_by_role("button", name="Configure SAML").click()
    page.locator("summary", has_text="Administration").evaluate("e => e.click()")
    assert page.evaluate(MOVING) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVING) == 0


def test_settings_print_without_what_only_a_screen_can_do(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.get_by_role("heading", name="Authentication Settings")).to_be_visible()
    expect(page.get_by_label("Password Strength")).to_be_visible()
    for gone in (page.locator(".rail"), page.locator(".foot"), page.locator(".tabs")):
        expect(gone).to_be_hidden()
    assert page.get_by_role("button").count() == 0
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "light"


def test_a_list_prints_whole(page: Page, site: str, contoso: Organization) -> None:
    long_name = f"{'w' * 180}@contoso.example"
    factories.person(contoso, long_name, displayName="Adele Vance", dept="Sales")
    page.goto(site + USERS)
    page.set_viewport_size({"width": 794, "height": 1123})
    page.emulate_media(media="print")
    row = page.get_by_role("row").filter(has_text="Adele Vance")
    expect(row).to_be_visible()
    expect(page.get_by_text("1 person")).to_be_visible()
    assert page.get_by_role("button").count() == 0
    assert page.get_by_role("combobox").count() == 0
    assert page.get_by_role("searchbox").count() == 0
    # A4 is 794 pixels wide: nothing is cut off at its edge.
    assert page.evaluate("document.documentElement.scrollWidth <= 794")
    assert page.evaluate(
        "document.querySelector('.table-scroll').scrollWidth"
        " <= document.querySelector('.table-scroll').clientWidth"
    )
