"""The vendor's tutorial, followed in a browser by the words on the screen.

From ``make run`` in a clean clone to people provisioned by a client that speaks as
Entra does, in both flavours, and found again in User Management.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.e2e.clone import Served, clone_to, make_run
from tests.entra import Entra, Person

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.e2e

OLD = [
    Person("adele.vance@contoso.example", "Adele", "Vance", "Sales", "adelev"),
    Person("alex.wilber@contoso.example", "Alex", "Wilber", "Marketing", "alexw"),
    Person("diego.siciliani@contoso.example", "Diego", "Siciliani", "Sales", "diegos"),
]
NEW = [
    Person("grady.archie@contoso.example", "Grady", "Archie", "Engineering", "gradya"),
    Person("isaiah.langer@contoso.example", "Isaiah", "Langer", "sales", "isaiahl"),
    Person("lidia.holloway@contoso.example", "Lidia", "Holloway", "Risk", "lidiah"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    clone: Path = tmp_path_factory.mktemp("clone")
    clone_to(clone)
    with make_run(clone) as served:
        yield served


@pytest.fixture
def watched(browser: Browser, served: Served) -> Iterator[tuple[Page, list[str]]]:
    """A page, and all that its console and the policy had to say."""
    said: list[str] = []
    context = browser.new_context(base_url=served.address)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " event => console.error('CSP', event.violatedDirective, event.blockedURI))"
    )
    yield page, said
    context.close()


def sign_in(page: Page, served: Served) -> None:
    page.goto("/")
    page.get_by_label("Login ID", exact=True).fill(served.login)
    page.get_by_label("Password", exact=True).fill(served.password)
    page.get_by_role("button", name="Sign In").click()


def open_from_menu(page: Page, entry: str) -> None:
    page.get_by_text("Administration", exact=True).first.click()
    page.locator(".panel").get_by_role("link", name=entry, exact=True).click()


def copied(page: Page, label: str) -> str:
    """What the copy button beside *label* puts into the clipboard."""
    page.get_by_role("button", name=f"Copy {label}").click()
    page.get_by_text("Copied", exact=True).first.wait_for()
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_the_tutorial_ends_with_provisioned_people(
    watched: tuple[Page, list[str]],
    served: Served,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page, said = watched
    sign_in(page, served)

    open_from_menu(page, "Authentication Settings")
    page.get_by_role("radio", name="SAML").check()
    page.get_by_role("button", name="Configure SAML").click()
    window = page.get_by_role("dialog", name="Configure SAML")
    window.get_by_role("switch", name="Enable SCIM-Based Provisioning").check()
    window.get_by_role("button", name="Generate Token").click()
    assert window.get_by_text("Tenant URL").is_visible()
    window.get_by_text("Secret Token").wait_for()
    base_url, token = copied(page, "Base URL"), copied(page, "Bearer Token")
    assert len(token) == 43
    window.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("last call").or_(page.get_by_text("no call yet")).first.wait_for()
    assert token not in page.content()

    with Entra(base_url, token) as entra:
        entra.test_connection()
        assert entra.provision(OLD[0]).status_code == 201
        seconds = served.seconds
        with capsys.disabled():
            print(f"\nmake run to the first 201: {seconds:.0f} s (bar: 120)")  # noqa: T201
        for person in OLD[1:]:
            entra.provision(person)
        cycle(entra, OLD, "Sales EMEA", "Sales Europe")

    with Entra(base_url, token, new_flavour=True) as entra:
        entra.test_connection()
        for person in NEW:
            entra.provision(person)
        cycle(entra, NEW, "Engineering", "Engineering EU")

    open_from_menu(page, "User Management")
    people_are_as_the_cycles_left_them(page)
    assert said == []


def cycle(entra: Entra, people: list[Person], group: str, renamed: str) -> None:
    """Memberships, a manager, a rename, disable and restore, disable, delete.

    It leaves the first person renamed and enabled, the second disabled, the third
    deleted, and the first two in the renamed group.
    """
    first, second, third = people
    entra.provision_group(group)
    entra.add_members(group, people)
    entra.set_manager(second, first)
    entra.rename(first, "Parker")
    entra.disable(first)
    assert entra.read(first)["active"] is False
    entra.restore(first)
    assert entra.read(first)["active"] is True
    # Entra does not send memberships again after a restore.
    assert [item["display"] for item in entra.read(first)["groups"]] == [group]
    entra.rename_group(group, renamed)
    entra.remove_member(renamed, second)
    entra.add_members(renamed, [second, first])
    entra.disable(second)
    entra.delete(third)


def people_are_as_the_cycles_left_them(page: Page) -> None:
    rows = page.locator("tbody tr")
    assert rows.count() == 4
    for first, second, group, department in (
        (OLD[0], OLD[1], "Sales Europe", "Sales"),
        (NEW[0], NEW[1], "Engineering EU", "Engineering"),
    ):
        row = rows.filter(has_text=first.user_name)
        for text in (f"{first.given_name} Parker", group, department, "Enabled"):
            assert row.get_by_text(text).first.is_visible(), text
        assert (
            rows.filter(has_text=second.user_name).get_by_text("Disabled").is_visible()
        )
    assert page.get_by_text(OLD[2].user_name).count() == 0

    page.get_by_role("link", name=OLD[1].user_name).click()
    main = page.get_by_role("main")
    for text in (OLD[1].user_name, "Alex Wilber", "Marketing", "Sales Europe", "alexw"):
        assert main.get_by_text(text).first.is_visible(), text
    assert main.get_by_role("link", name="Adele Parker").first.is_visible()
