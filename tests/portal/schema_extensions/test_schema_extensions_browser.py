"""The tab Schema Extensions in a browser, with and without JavaScript."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from playwright.sync_api import expect

from tests.portal.extension_forms import PAGE, declared
from tests.scim.extending import CONTOSO
from tests.situations import signed_in_as

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from scim.models import Organization
    from zportal.models import Administrator

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


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
