"""Every page and dialog of the portal as a browser comes to it, one stop each."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING
from unittest.mock import patch

from django.urls import reverse

from tests.portal.stage import ASKED, PERSON, RIGHT_TO_LEFT, Cast
from tests.scim.trouble import out_of_reach
from zportal.sign_in.passwords import TooManyPasswords

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page


@dataclass(frozen=True)
class Stop:
    """One state of one page.

    *visitor* is a login of the cast, PERSON, ASKED, or empty for nobody; *page* the name of a URL, with
    *key* naming the row that it is about, or a path; *act* what is done there.
    """

    name: str
    visitor: str
    page: str
    act: Callable[[Page], None] | None = None
    key: str = ""
    query: str = ""
    status: int = 200

    def path(self, cast: Cast) -> str:
        if self.page.startswith("/"):
            return self.page
        arguments = [cast.keys[self.key]] if self.key else []
        return reverse(f"admin:{self.page}", args=arguments) + self.query


def arrive(context: BrowserContext, site: str, cast: Cast, stop: Stop) -> Page:
    """Open the page of *stop* in a new tab, as its visitor, and act there."""
    context.clear_cookies()
    for name, value in cast.cookies_of(stop.visitor).items():
        context.add_cookies([{"name": name, "value": value, "url": site}])
    page = context.new_page()
    answer = page.goto(site + stop.path(cast))
    assert answer is not None
    assert answer.status == stop.status, f"{stop.name}: {answer.status}"
    if stop.act:
        stop.act(page)
        # A document shows its first words before its last style sheet has come.
        page.wait_for_load_state("load")
    return page


# ------------------------------------------------------------------ what is done there
def is_refused(page: Page) -> None:
    page.get_by_label("Login ID", exact=True).fill("somebody")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign In").click()
    page.get_by_role("alert").wait_for()


def locks_a_login(page: Page) -> None:
    while page.locator("form").count():
        page.get_by_label("Login ID", exact=True).fill("locked-out")
        page.get_by_label("Password", exact=True).fill("wrong")
        with page.expect_navigation():
            page.get_by_role("button", name="Sign In").click()
    page.get_by_text("Five wrong passwords").wait_for()


def opens_every_form(page: Page) -> None:
    for summary in page.locator(".extension details:not([open]) > summary").all():
        if summary.is_visible():
            summary.click()


def adds_no_extension(page: Page) -> None:
    page.get_by_role("button", name="Add Extension").click()
    page.get_by_role("alert").wait_for()


def opens_the_menu(page: Page) -> None:
    page.locator("summary", has_text="Administration").click()
    page.locator(".panel").get_by_role("link", name="User Management").wait_for()


def opens_the_switcher(page: Page) -> None:
    page.locator(".switcher__summary").click()
    page.get_by_role("link", name="All organizations").wait_for()


def saves_a_mistake(page: Page) -> None:
    page.get_by_label("Authentication Frequency", exact=True).select_option("custom")
    page.get_by_label("Custom Authentication Frequency (days)").fill("9999")
    page.locator(".foot").get_by_role("button", name="Save").click()
    page.locator(".field-error").wait_for()


def saves_what_is_stale(page: Page) -> None:
    page.get_by_label("Password Strength").select_option("strong")
    page.evaluate("document.querySelector('[name=revision]').value = '0'")
    page.locator(".foot").get_by_role("button", name="Save").click()
    page.get_by_role("alert").wait_for()


def opens_configure_saml(page: Page) -> None:
    page.get_by_role("button", name="Configure SAML").click()
    page.locator("dialog:modal").wait_for()


def generates_a_token(page: Page) -> None:
    opens_configure_saml(page)
    page.get_by_role("button", name="Generate Token").click()
    page.locator("#bearer-token").wait_for()


def saves_a_mistake_in_the_window(page: Page) -> None:
    opens_configure_saml(page)
    page.get_by_label("SAML Portal URL").fill("http://plain.example/")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.locator("dialog .field-error").wait_for()


def saves_rules_with_a_mistake(page: Page) -> None:
    page.locator("input[type=number]").first.fill("-1")
    _save(page, "Rules")
    page.locator(".field-error").first.wait_for()


def saves_retention_with_a_mistake(page: Page) -> None:
    page.get_by_label("Events, days").fill("0")
    _save(page, "Retention")
    page.locator(".field-error").first.wait_for()


def _save(page: Page, form: str) -> None:
    page.get_by_role("form", name=form).get_by_role("button", name="Save").click()


def asks_to_discard(page: Page) -> None:
    page.get_by_role("button", name="Discard").click()
    page.locator("dialog:modal").wait_for()


def saves_no_name(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_role("button", name="Save").click()
    page.locator(".field-error").wait_for()


def adds_no_domain(page: Page) -> None:
    page.get_by_label("Add a domain").fill("<b>")
    page.get_by_role("button", name="Add").click()
    page.locator(".field-error").wait_for()


def makes_nothing(page: Page) -> None:
    page.get_by_role("button", name="Make Organization").click()
    page.locator(".field-error").first.wait_for()


def makes_an_organization(page: Page) -> None:
    unique = token_hex(4)
    page.get_by_label("Name", exact=True).fill(f"Northwind {unique}")
    page.get_by_label("Administrator's Login ID").fill(f"trainee-{unique}")
    for box in page.locator("input[type=checkbox]").all():
        box.check()
    page.get_by_label("Domain").fill("northwind.example")
    page.get_by_role("button", name="Make Organization").click()
    page.get_by_text("is made.").wait_for()


def changes_no_password(page: Page) -> None:
    page.get_by_label("Current Password").fill("")
    page.get_by_role("button", name="Change Password").click()
    page.locator(".field-error").first.wait_for()


def sends_an_expired_form(page: Page) -> None:
    page.evaluate("document.querySelector('[name=csrfmiddlewaretoken]').value = 'x'")
    page.get_by_label("Login ID", exact=True).fill("somebody")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign In").click()
    page.get_by_text("The form has expired").wait_for()


def imports_nothing(page: Page) -> None:
    page.get_by_label("or paste it").fill("<a/>")
    page.get_by_role("button", name="Import").click()
    page.locator(".field-error").wait_for()


def looks_for(user_name: str) -> Callable[[Page], None]:
    def look(page: Page) -> None:
        page.get_by_label("User Name").fill(user_name)
        with page.expect_navigation():
            page.get_by_role("button", name="Sign in").click()

    return look


def sends_too_many_fields(page: Page) -> None:
    page.evaluate(
        """() => {
          for (let number = 0; number <= 1000; number += 1) {
            const field = document.createElement("input");
            Object.assign(field, {type: "hidden", name: `field${number}`});
            document.querySelector("form").append(field);
          }
        }"""
    )
    page.get_by_label("Login ID", exact=True).fill("somebody")
    page.get_by_label("Password", exact=True).fill("wrong")
    with page.expect_navigation() as navigation:
        page.get_by_role("button", name="Sign In").click()
    assert navigation.value.status == 400
    page.get_by_role("heading", name="Bad request").wait_for()


def meets_a_fault(page: Page) -> None:
    """The server of these tests lives in this process: the page itself is at fault."""
    with patch("zportal.search.index.search", side_effect=RuntimeError("of the walk")):
        answer = page.reload()
    assert answer is not None
    assert answer.status == 500
    page.get_by_role("heading", name="Something went wrong").wait_for()


def finds_no_database(page: Page) -> None:
    with patch("zportal.search.index.search", side_effect=out_of_reach):
        answer = page.reload()
    assert answer is not None
    assert answer.status == 503
    page.get_by_role("heading", name="Try again in a moment").wait_for()


def finds_the_server_busy(page: Page) -> None:
    with patch("zportal.sign_in.login.begin_try", side_effect=TooManyPasswords):
        page.get_by_label("Login ID", exact=True).fill("somebody")
        page.get_by_label("Password", exact=True).fill("right")
        page.get_by_role("button", name="Sign In").click()
        page.get_by_role("heading", name="Too many at once").wait_for()


SETTINGS = "authentication_settings"
TEST = "zportal_signontest_report"
USERS = "scim_directoryuser_changelist"
USER = "scim_directoryuser_change"
GROUPS = "scim_directorygroup_changelist"
DEPARTMENTS = "scim_department_changelist"

STOPS = [
    Stop("sign-in", "", "login"),
    Stop("sign-in-refused", "", "login", is_refused),
    Stop("sign-in-locked", "", "login", locks_a_login),
    Stop("settings", "admin", SETTINGS),
    Stop("settings-menu", "admin", SETTINGS, opens_the_menu),
    Stop("settings-mistake", "admin", SETTINGS, saves_a_mistake),
    Stop("settings-stale", "admin", SETTINGS, saves_what_is_stale),
    Stop("settings-auditor", "auditor", SETTINGS),
    Stop("saml", "admin", SETTINGS, opens_configure_saml),
    Stop("saml-token", "generator", SETTINGS, generates_a_token),
    Stop("saml-mistake", "admin", SETTINGS, saves_a_mistake_in_the_window),
    Stop("saml-auditor", "auditor", SETTINGS, opens_configure_saml),
    Stop("advanced", "admin", "advanced"),
    Stop("advanced-mistake", "admin", "advanced", saves_rules_with_a_mistake),
    Stop("retention-mistake", "admin", "advanced", saves_retention_with_a_mistake),
    Stop("advanced-auditor", "auditor", "advanced"),
    Stop("sign-on", "admin", "saml_sign_on"),
    Stop("sign-on-mistake", "admin", "saml_sign_on", imports_nothing),
    Stop("sign-on-none", "newcomer", "saml_sign_on"),
    Stop("sign-on-auditor", "auditor", "saml_sign_on"),
    Stop("sign-on-passed", "admin", TEST, key="passed"),
    Stop("sign-on-failed", "admin", TEST, key="zportal_signontest"),
    Stop("person-find", "", "/sign-on/"),
    Stop("person-unknown", "", "/sign-on/", looks_for(f"{RIGHT_TO_LEFT}@x.example")),
    Stop("person-chooses", "", "/sign-on/", looks_for("adele@contoso.example")),
    Stop("person-nobody", "", "/signed-on/"),
    Stop("person-signed-on", PERSON, "/signed-on/"),
    Stop("person-asked", ASKED, "/signed-on/"),
    Stop("error-person", "", "/sfc_sso/99999999", status=404),
    Stop("extensions", "admin", "schema_extensions", opens_every_form),
    Stop("extensions-mistake", "admin", "schema_extensions", adds_no_extension),
    Stop("extensions-none", "newcomer", "schema_extensions"),
    Stop("extensions-auditor", "auditor", "schema_extensions"),
    Stop("activation", "admin", "activation"),
    Stop("activation-discard", "admin", "activation", asks_to_discard),
    Stop("activation-none", "newcomer", "activation"),
    Stop("users", "admin", USERS),
    Stop("users-none-match", "admin", USERS, query="?q=nobody"),
    Stop("users-none", "newcomer", USERS),
    Stop("user", "admin", USER, key="scim_directoryuser"),
    Stop("user-disabled", "admin", USER, key="disabled"),
    Stop("groups", "admin", GROUPS),
    Stop("groups-none", "newcomer", GROUPS),
    Stop("group", "admin", "scim_directorygroup_change", key="scim_directorygroup"),
    Stop("departments", "admin", DEPARTMENTS),
    Stop("departments-none", "newcomer", DEPARTMENTS),
    Stop("department", "admin", "scim_department_change", key="scim_department"),
    Stop("company", "admin", "company_profile"),
    Stop("company-mistake", "admin", "company_profile", saves_no_name),
    Stop("company-domain-mistake", "admin", "company_profile", adds_no_domain),
    Stop("company-auditor", "auditor", "company_profile"),
    Stop("organizations", "root", "organizations"),
    Stop("organizations-switcher", "root", "organizations", opens_the_switcher),
    Stop("organizations-none-match", "root", "organizations", query="?q=nobody"),
    Stop("organization-new", "root", "new_organization"),
    Stop("organization-mistake", "root", "new_organization", makes_nothing),
    Stop("organization-made", "root", "new_organization", makes_an_organization),
    Stop("profile", "root", "profile"),
    Stop("profile-mistake", "admin", "profile", changes_no_password),
    Stop("search", "admin", "search"),
    Stop("search-hits", "admin", "search", query="?q=w"),
    Stop("search-nothing", "admin", "search", query="?q=nobody"),
    Stop("error-400", "", "login", sends_too_many_fields),
    Stop("error-403", "auditor", "organizations", status=403),
    Stop("error-403-form", "", "login", sends_an_expired_form),
    Stop("error-404", "admin", "/administration/nowhere/", status=404),
    Stop("error-429", "", "login", finds_the_server_busy),
    Stop("error-500", "admin", "search", meets_a_fault),
    Stop("error-503", "admin", "search", finds_no_database),
]
