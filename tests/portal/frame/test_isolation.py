"""Nobody sees, finds or changes anything of another organization, by any address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, reverse

from scim.models import DirectoryGroup, DirectoryUser, Domain
from tests.portal import factories
from zportal.sites import portal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scim.models import Organization
    from zportal.models import Administrator

ROOT = "/administration/user-management/"
LISTS = [f"{ROOT}users/", f"{ROOT}groups/", f"{ROOT}departments/"]

SECRETS = ("adele", "Skunkworks", "Black Ops", "tailspin", "q7Fh2m")
"""Words that only Contoso's directory and events contain."""


@pytest.fixture
def directory(contoso: Organization) -> list[str]:
    """Contoso's directory; the addresses of its pages."""
    team = factories.group(contoso, "Skunkworks", externalId="x-adele")
    user = factories.person(
        contoso,
        displayName="Adele adele",
        externalId="adele-ext",
        groups=[team],
        dept="Black Ops",
    )
    factories.refusal(contoso)
    for kind, key in (("User", user.pk), ("Group", team.pk)):
        factories.event(contoso, resource_type=kind, resource_key=key, target="adele")
    return [
        f"{ROOT}users/{user.pk}/",
        f"{ROOT}groups/{team.pk}/",
        f"{ROOT}departments/{user.department_id}/",
    ]


def addresses_of_the_site() -> Iterator[str]:
    """Yield the name of each address of the portal."""

    def walk(patterns: list[Any], names: str = "admin:") -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, names)
            elif isinstance(pattern, URLPattern) and pattern.name:
                yield names + pattern.name

    yield from walk(portal.get_urls())


def address(name: str, key: int) -> str:
    """Return the address *name*, about the row *key* when it is about a row."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return reverse(name, args=[key])


def test_every_address_of_the_site_keeps_contoso_from_the_stranger(
    stranger_signed_in: Client, directory: list[str], contoso: Organization
) -> None:
    keys = {
        "user": DirectoryUser.objects.get().pk,
        "group": DirectoryGroup.objects.get().pk,
        "dept": contoso.departments.get().pk,
    }
    walked = 0
    for name in addresses_of_the_site():
        for key in keys.values():
            response = stranger_signed_in.get(address(name, key))
            page = response.content.decode()
            assert response.status_code in {200, 302, 403, 404, 405}, name
            for word in (*SECRETS, str(contoso.pk), "contoso.example"):
                assert word not in page, (name, word)
            walked += 1
    assert walked > 20
    # All the while nobody signed the stranger out.
    assert stranger_signed_in.get(LISTS[0]).status_code == 200


def test_the_stranger_finds_no_page_of_contoso(
    stranger_signed_in: Client, directory: list[str]
) -> None:
    for page in directory:
        assert stranger_signed_in.get(page).status_code == 404


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize("term", ["adele", "skunk", "black", "x-adele", "adele-ext"])
def test_the_stranger_finds_nothing_by_searching(
    stranger_signed_in: Client, fabrikam: Organization, term: str
) -> None:
    factories.person(fabrikam, "own@fabrikam.example")
    for page in LISTS:
        text = stranger_signed_in.get(f"{page}?q={term}").content.decode()
        assert "Nothing matches" in text


def test_the_stranger_finds_nothing_by_scim_id(
    stranger_signed_in: Client, directory: list[str]
) -> None:
    user, team = DirectoryUser.objects.get(), DirectoryGroup.objects.get()
    for page, scim_id in ((LISTS[0], user.scim_id), (LISTS[1], team.scim_id)):
        text = stranger_signed_in.get(f"{page}?q={scim_id}").content.decode()
        assert "Nothing matches" in text


@pytest.mark.usefixtures("directory")
def test_filters_offer_and_take_only_own_rows(
    stranger_signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    own = factories.group(fabrikam, "Own Group")
    factories.person(fabrikam, "own@fabrikam.example", groups=[own], dept="Own Dept")
    page = stranger_signed_in.get(LISTS[0]).content.decode()
    assert "Own Group</option>" in page
    assert "Own Dept</option>" in page
    group, dept = contoso.groups.get(), contoso.departments.get()
    for query in (f"group={group.pk}", f"department={dept.pk}"):
        page = stranger_signed_in.get(f"{LISTS[0]}?{query}").content.decode()
        assert "Nothing matches" in page
        assert ": unknown</option>" in page


def test_a_group_of_the_same_name_has_its_own_members(
    stranger_signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    factories.person(contoso, groups=[factories.group(contoso, "All Staff")])
    twin = factories.group(fabrikam, "All Staff")
    factories.person(fabrikam, "own@fabrikam.example", groups=[twin])
    page = stranger_signed_in.get(f"{LISTS[1]}{twin.pk}/").content.decode()
    assert "own@fabrikam.example" in page
    assert "1 person" in page
    assert "adele" not in page


# ------------------------------------------------------ the four permission tests
def test_nobody_signed_in_is_led_to_sign_in(
    client: Client, directory: list[str]
) -> None:
    for page in (*LISTS, *directory):
        response = client.get(page)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/sign-in/")


def test_an_auditor_reads_everything(
    auditor_signed_in: Client, directory: list[str]
) -> None:
    for page in (*LISTS, *directory):
        assert auditor_signed_in.get(page).status_code == 200


def test_a_super_admin_reads_everything(
    signed_in: Client, directory: list[str]
) -> None:
    for page in (*LISTS, *directory):
        response = signed_in.get(page)
        assert response.status_code == 200
        assert "no-store" in response.headers["Cache-Control"]
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert " style=" not in response.content.decode()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_changes_anything_here(
    signed_in: Client,
    auditor_signed_in: Client,
    directory: list[str],
    contoso: Organization,
    method: str,
) -> None:
    before = list(DirectoryUser.objects.values()), list(DirectoryGroup.objects.values())
    body = {"action": "delete_selected", "_selected_action": "1", "_save": "Save"}
    for client in (signed_in, auditor_signed_in):
        for page in (*LISTS, *directory):
            assert getattr(client, method)(page, body).status_code == 405
    after = list(DirectoryUser.objects.values()), list(DirectoryGroup.objects.values())
    assert after == before
    assert Domain.objects.for_organization(contoso).count() == 1


def test_a_post_without_a_csrf_token_is_refused_before_it_is_read(
    super_admin: Administrator, directory: list[str]
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(super_admin)
    for page in (*LISTS, *directory):
        assert browser.post(page).status_code in {403, 405}


def test_a_deactivated_administrator_is_led_to_sign_in(
    signed_in: Client, super_admin: Administrator, directory: list[str]
) -> None:
    super_admin.is_active = False
    super_admin.save()
    for page in (*LISTS, *directory):
        assert signed_in.get(page).status_code == 302
