"""The vendor's tutorial by keyboard alone: no test here moves or presses a mouse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.situations import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

    from scim.models import Organization
    from zportal.models import Administrator

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

MOST_STOPS = 60
"""More than any page of the tutorial has."""

FOCUSED = """() => {
  const element = document.activeElement;
  const shown = element.matches(".segmented input") ? element.nextElementSibling : element;
  const style = (of) => [of.outlineStyle, of.outlineWidth, of.outlineColor, of.boxShadow];
  const look = getComputedStyle(shown);
  const focused = style(look).join(" ");
  const ring = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0;
  element.blur();
  const before = style(getComputedStyle(shown)).join(" ");
  element.focus({ focusVisible: true });
  const name = element.getAttribute("aria-label") ?? element.labels?.[0]?.innerText
    ?? element.innerText;
  const box = shown.getBoundingClientRect();
  return {
    name: name.trim().split("\\n")[0],
    isVisible: (ring || look.boxShadow !== "none") && focused !== before,
    isInView: box.bottom > 0 && box.top < innerHeight && box.width > 0,
    isInDialog: Boolean(element.closest("dialog")),
  };
}"""


def stop_at(page: Page) -> dict[str, object]:
    """What has the focus, which has to be seen."""
    stop: dict[str, object] = page.evaluate(FOCUSED)
    assert stop["isVisible"], f"nobody sees the focus on {stop['name']}"
    assert stop["isInView"], f"the focus is out of sight on {stop['name']}"
    return stop


def tab_to(page: Page, target: Locator, key: str = "Tab") -> list[str]:
    """Press *key* until *target* has the focus; return the names of the stops before."""
    passed: list[str] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press(key)
        stop = stop_at(page)
        if target.evaluate("element => element === document.activeElement"):
            return passed
        passed.append(str(stop["name"]))
    raise AssertionError(f"the focus never came to {target}: {passed}")


def sign_in(page: Page, site: str, administrator: Administrator) -> None:
    page.goto(site)
    expect(page.get_by_label("Login ID", exact=True)).to_be_focused()
    page.keyboard.type(administrator.login)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Authentication Settings")).to_be_visible()


def open_from_menu(page: Page, entry: str) -> list[str]:
    passed = tab_to(page, page.locator("summary", has_text="Administration"))
    page.keyboard.press("Enter")
    link = page.locator(".panel").get_by_role("link", name=entry)
    expect(link).to_be_visible()
    passed += tab_to(page, link)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=entry, exact=True).first).to_be_visible()
    return passed


def copied(page: Page, label: str) -> str:
    """Reach the button that copies *label*, press it, hear it, return the clipboard."""
    button = page.get_by_role("button", name=f"Copy {label}")
    if not button.evaluate("element => element === document.activeElement"):
        tab_to(page, button)
    page.keyboard.press("Enter")
    live = page.get_by_role("dialog").get_by_role("status")
    expect(live).to_have_text("Copied")
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_the_tutorial_needs_no_mouse(
    context: BrowserContext,
    site: str,
    contoso: Organization,
    super_admin: Administrator,
) -> None:
    contoso.tokens.all().delete()
    contoso.connection.delete()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    sign_in(page, site, super_admin)

    # Administration > Authentication Settings: skip link, brand, menu, entries in order.
    passed = open_from_menu(page, "Authentication Settings")
    assert passed == ["Skip to main content", "zportal", "Company Profile"]

    # Authentication Type is one stop, in which the arrows choose.
    saml = page.get_by_role("radio", name="SAML")
    passed = tab_to(page, saml)
    assert passed[-2:] == ["User Repository Type", "Authentication Frequency"]
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="Configure SAML")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(saml).to_be_checked()
    opener = page.get_by_role("button", name="Configure SAML")
    assert tab_to(page, opener) == []

    the_window_takes_keeps_and_returns_the_focus(page, opener)

    page.keyboard.press("Enter")
    switch = page.get_by_role("switch", name="Enable SCIM-Based Provisioning")
    tab_to(page, switch)
    page.keyboard.press("Space")
    expect(switch).to_be_checked()
    base_url = copied(page, "Base URL")
    assert base_url == f"{site}{contoso.scim_path}"
    generate = page.get_by_role("button", name="Generate Token")
    tab_to(page, generate)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copy Bearer Token")).to_be_focused()
    secret = copied(page, "Bearer Token")
    assert re.fullmatch(r"[\w-]{43}", secret)
    save = page.get_by_role("dialog").get_by_role("button", name="Save")
    assert tab_to(page, save) == ["Generate Token"]
    page.keyboard.press("Enter")
    said = page.locator("[role=status]").filter(has_text="saved")
    expect(said.first).to_be_visible()
    assert contoso.tokens.live().get().prefix == secret[:6]

    tab_to(page, page.get_by_role("link", name="Activation"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Activation", exact=True)).to_be_visible()
    open_from_menu(page, "User Management")
    expect(page.get_by_role("heading", name="Nobody has been")).to_be_visible()


def the_window_takes_keeps_and_returns_the_focus(page: Page, opener: Locator) -> None:
    page.keyboard.press("Enter")
    window = page.get_by_role("dialog", name="Configure SAML")
    expect(window).to_be_visible()
    assert stop_at(page)["isInDialog"]
    stops = []
    for key in ("Tab", "Shift+Tab"):
        for _ in range(20):
            page.keyboard.press(key)
            # Between its last stop and its first, the browser itself has the focus.
            if page.evaluate("document.activeElement === document.body"):
                continue
            stop = stop_at(page)
            assert stop["isInDialog"], f"{key} leads out of the window: {stop['name']}"
            stops.append(stop["name"])
    assert {"Close", "SAML Portal URL", "Save", "Cancel"} <= set(stops)
    page.keyboard.press("Escape")
    expect(window).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_menu_opens_and_closes_by_key_and_the_skip_link_skips(
    page: Page, site: str, super_admin: Administrator
) -> None:
    sign_in(page, site, super_admin)
    skip = page.get_by_role("link", name="Skip to main content")
    tab_to(page, skip)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("Boolean(document.activeElement.closest('main'))")
    tab_to(page, page.locator("summary", has_text="Administration"), "Shift+Tab")
    page.keyboard.press("Space")
    entry = page.locator(".panel").get_by_role("link", name="User Management")
    expect(entry).to_be_visible()
    page.keyboard.press("Escape")
    expect(entry).to_be_hidden()
    expect(page.locator("summary", has_text="Administration")).to_be_focused()
