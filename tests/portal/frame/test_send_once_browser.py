"""A form is sent once, on every page, however often its button is pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from scim.models import Domain, Organization
from tests.portal.authentication.test_configure_saml_browser import enter
from zportal.models import Administrator

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page, Route

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(context: BrowserContext, site: str, super_admin: Administrator) -> Page:
    Administrator.objects.update(is_superuser=True)
    return enter(context, site, super_admin)


def press_twice(page: Page, button: Locator) -> None:
    """Press *button* again before the server, which takes its time, has answered."""
    sent: list[Route] = []
    page.route("**/*", lambda route: sent.append(route))
    at = button.bounding_box()
    assert at
    # Chromium itself leaves out a second one that comes sooner.
    for pause in (2_500, 300):
        page.mouse.click(at["x"] + 5, at["y"] + 5)
        page.wait_for_timeout(pause)
    page.unroute_all()
    assert [each.request.method for each in sent].count("POST") == 1


def test_the_password_of_a_new_organization_is_not_lost(page: Page, site: str) -> None:
    """It is shown in the first answer only; the second would say that the name is taken."""
    page.goto(site + reverse("admin:new_organization"))
    page.get_by_label("Name", exact=True).fill("Litware")
    page.get_by_label("Registered Domains").fill("litware.example")
    page.get_by_label("Administrator's Login ID").fill("lit-admin")
    press_twice(page, page.get_by_role("button", name="Make Organization"))
    expect(page.get_by_text("is made.").first).to_be_visible()
    expect(page.locator("#login-id")).to_have_text("lit-admin")
    password = page.locator("#password").text_content() or ""
    assert Administrator.objects.get(login="lit-admin").check_password(password.strip())
    assert Organization.objects.filter(name="Litware").count() == 1


def test_a_domain_is_added_once(page: Page, site: str, contoso: Organization) -> None:
    page.goto(site + reverse("admin:company_profile"))
    page.get_by_label("Add a domain").fill("litware.example")
    press_twice(page, page.get_by_role("button", name="Add"))
    expect(page.get_by_role("button", name="Remove litware.example")).to_be_visible()
    expect(page.locator(".field-error")).to_have_count(0)
    domains = Domain.objects.for_organization(contoso)
    assert domains.filter(name="litware.example").count() == 1
