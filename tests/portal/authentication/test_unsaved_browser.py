"""What only a browser shows: the warning before typed changes are lost, and windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.portal.authentication.test_configure_saml_browser import enter
from zportal.models import AuditLog, AuthenticationSettings, SamlConfiguration, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Route

    from scim.models import Organization
    from zportal.models import Administrator

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(context: BrowserContext, site: str, super_admin: Administrator) -> Page:
    return enter(context, site, super_admin)


@pytest.fixture
def warnings(page: Page) -> list[str]:
    """The warnings that came up; each was answered with Stay."""
    seen: list[str] = []

    def stay(dialog: Dialog) -> None:
        seen.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    return seen


def test_leaving_with_changes_asks_first(page: Page, warnings: list[str]) -> None:
    page.get_by_label("Password Strength").select_option("strong")
    page.get_by_role("link", name="Activation").click()
    expect(page.get_by_role("heading", name="Authentication Settings")).to_be_visible()
    assert warnings == ["beforeunload"]
    expect(page.get_by_label("Password Strength")).to_have_value("strong")


def test_leaving_without_changes_does_not(page: Page, warnings: list[str]) -> None:
    page.get_by_label("Password Strength").select_option("strong")
    page.get_by_label("Password Strength").select_option("medium")
    page.get_by_role("link", name="Activation").click()
    expect(page.get_by_role("heading", name="Activation", exact=True)).to_be_visible()
    assert warnings == []


@pytest.mark.parametrize(
    ("button", "strength"), [("Save", "strong"), ("Cancel", "medium")]
)
def test_save_and_cancel_are_no_accident(
    page: Page, warnings: list[str], button: str, strength: str
) -> None:
    page.get_by_label("Password Strength").select_option("strong")
    with page.expect_navigation():
        page.locator(".foot").get_by_role("button", name=button).click()
    expect(page.get_by_label("Password Strength")).to_have_value(strength)
    assert warnings == []


def test_after_save_the_back_button_shows_what_is_stored(
    page: Page, contoso: Organization, warnings: list[str]
) -> None:
    page.get_by_label("Password Strength").select_option("strong")
    with page.expect_navigation():
        page.locator(".foot").get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Search").click()
    page.go_back()
    expect(page.get_by_label("Password Strength")).to_have_value("strong")
    page.go_back()
    expect(page.get_by_label("Password Strength")).to_have_value("strong")
    page.get_by_label("Password Expiration").select_option("one-month")
    with page.expect_navigation():
        page.locator(".foot").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Authentication Settings are saved.")).to_be_visible()
    row = AuthenticationSettings.objects.get(organization=contoso, stage=Stage.STAGED)
    assert (row.password_strength, row.password_expiration) == ("strong", "one-month")
    assert warnings == []


def test_two_clicks_on_save_are_one_save(
    page: Page, contoso: Organization, warnings: list[str]
) -> None:
    # The server takes its time, so that the second click comes before its answer.
    sent: list[Route] = []
    page.route("**/*", lambda route: sent.append(route))
    page.get_by_label("Password Strength").select_option("strong")
    at = page.locator(".foot").get_by_role("button", name="Save").bounding_box()
    assert at
    # Chromium itself leaves out a second one that comes sooner.
    for pause in (2_500, 300):
        page.mouse.click(at["x"] + 5, at["y"] + 5)
        page.wait_for_timeout(pause)
    page.unroute_all()
    # The icon of the page may be asked for as well.
    assert [each.request.method for each in sent].count("POST") == 1
    expect(page.get_by_text("Authentication Settings are saved.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert AuditLog.objects.for_organization(contoso).count() == 1
    assert warnings == []


def test_the_days_are_shown_with_custom_only(page: Page) -> None:
    days = page.get_by_label("Custom Authentication Frequency (days)")
    expect(days).to_be_hidden()
    page.get_by_label("Authentication Frequency", exact=True).select_option("custom")
    expect(days).to_be_visible()


def test_discard_asks_before_it_is_done(page: Page, contoso: Organization) -> None:
    page.get_by_role("button", name="Configure SAML").click()
    page.get_by_label("SAML Portal URL").fill("https://idp.example/")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Review and activate").click()
    page.get_by_role("button", name="Discard").click()
    dialog = page.get_by_role("dialog", name="Discard 1 change?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Discard").click()
    dialog.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Discarded. 1 change is back")).to_be_visible()
    row = SamlConfiguration.objects.get(organization=contoso, stage=Stage.STAGED)
    assert row.portal_url == ""


def test_the_link_to_what_is_missing_opens_the_window(page: Page) -> None:
    page.get_by_label("Password Strength").select_option("strong")
    with page.expect_navigation():
        page.locator(".foot").get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Review and activate").click()
    page.get_by_role("button", name="Activate").click()
    page.get_by_role("link", name="Open Configure SAML").click()
    expect(page.get_by_role("dialog", name="Configure SAML")).to_be_visible()


def test_a_warning_opens_the_window_that_it_is_about(
    page: Page, contoso: Organization
) -> None:
    SamlConfiguration.objects.create(
        organization=contoso, stage=Stage.STAGED, auto_provisioning=True
    )
    page.reload()
    for _ in range(2):
        page.get_by_role("link", name="Configure SAML").click()
        expect(page.get_by_role("dialog", name="Configure SAML")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.fixture
def page_without_script(
    browser: Browser, site: str, super_admin: Administrator
) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield enter(context, site, super_admin)
    context.close()


def test_without_a_script_discard_stands_open(page_without_script: Page) -> None:
    page = page_without_script
    page.get_by_label("Password Strength").select_option("strong")
    page.locator(".foot").get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Review and activate").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Discarded. 1 change is back")).to_be_visible()
