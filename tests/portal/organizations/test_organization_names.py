"""Names of organizations that hide something, mix scripts, or look like another one."""
# ruff: noqa: RUF001, RUF003 - deceptive characters are what this is about

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from scim.models import Organization
from scim.services import organizations
from tests.situations import administrator_of, signed_in_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from zportal.models import Administrator

NONE = "printable characters"
MIXED = "mixes letters of several scripts"
ALIKE = "looks like the name of another organization"

REFUSED = [
    ("Сontoso", MIXED),  # a Cyrillic С
    ("Contοso", MIXED),  # a Greek ο
    ("Газпром Inc", MIXED),
    ("Εllada", MIXED),
    ("ᏟᎾᏁᎢ", MIXED),  # Cherokee, a script of limited use
    ("a\u200bb", NONE),  # zero width space
    ("a\u202eb", NONE),  # right-to-left override
    ("a\u00adb", NONE),  # soft hyphen
    ("a\u3164b", NONE),  # Hangul filler, a letter without ink
    ("a\ufe0fb", NONE),  # variation selector
    ("a\u00a0b", NONE),  # no-break space
    ("a\u2028b", NONE),
    ("a\tb", NONE),
    ("a\x85b", NONE),
    ("a\ue000b", NONE),  # private use
    (" ", NONE),
    ("x" * 255, NONE),
    ("C0CA", ALIKE),
    ("Fabrikarn", ALIKE),  # r and n for the m
    ("Ｆａｂｒｉｋａｍ", ALIKE),
    ("𝐅abrikam", ALIKE),
    ("Fabrikam" + " " * 2, "named"),
    ("СОСА", ALIKE),  # Cyrillic alone, beside the Latin COCA
    ("fabrikam", "named"),
]

TAKEN = [
    "株式会社コントソ Inc",
    "서울 Corp",
    "台北ㄅㄆ Ltd",
    "Газпром",
    "Ελλάδα 2",
    "مؤسسة",
    "Zoë & Söhne GmbH",
    "Contoso™ (3) – R&D",
    "Zoe\u0308",
]


@pytest.fixture
def coca(fabrikam: Organization) -> Organization:
    return organizations.create_organization(name="COCA", domains=["coca.example"])


def by_service(name: str, _: Administrator) -> str:
    try:
        organizations.create_organization(name=name, domains=["new.example"])
    except ValidationError as refusal:
        return " ".join(refusal.messages)
    return ""


def by_command(name: str, _: Administrator) -> str:
    try:
        call_command("create_organization", name, "--domain", "new.example")
    except CommandError as refusal:
        return str(refusal)
    return ""


def by_superuser(name: str, administrator: Administrator) -> str:
    form = {
        "name": name,
        "domains": "new.example",
        "package": "enterprise",
        "profile": "zscaler",
    }
    browser = signed_in_as(administrator)
    page = browser.post("/administration/organizations/new/", form)
    return page.content.decode() if "field-error" in page.content.decode() else ""


def by_renaming(name: str, administrator: Administrator) -> str:
    form = {"name": name, "package": "enterprise"}
    browser = signed_in_as(administrator)
    page = browser.post("/administration/company-profile/", form)
    return page.content.decode() if page.status_code == 200 else ""


every_way = pytest.mark.parametrize(
    "way", [by_service, by_command, by_superuser, by_renaming]
)


@every_way
@pytest.mark.parametrize(("name", "reason"), REFUSED)
@pytest.mark.usefixtures("coca")
def test_a_name_that_deceives_is_refused(
    contoso: Organization, way: Callable[[str, Any], str], name: str, reason: str
) -> None:
    before = set(Organization.objects.values_list("name", flat=True))
    answer = way(name, administrator_of(contoso, "root", is_superuser=True))
    # Of a blank or long name, the form's field says less.
    assert reason in answer or (reason == NONE and "field-error" in answer)
    assert set(Organization.objects.values_list("name", flat=True)) == before


@every_way
@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.usefixtures("coca")
def test_an_honest_name_is_taken(
    contoso: Organization, way: Callable[[str, Any], str], name: str
) -> None:
    assert way(name, administrator_of(contoso, "root", is_superuser=True)) == ""
    assert Organization.objects.filter(name=name).exists()


def test_an_organization_may_come_to_look_like_itself(contoso: Organization) -> None:
    root = administrator_of(contoso, "root", is_superuser=True)
    assert by_renaming("C0ntoso", root) == ""
    contoso.refresh_from_db()
    assert contoso.name == "C0ntoso"
