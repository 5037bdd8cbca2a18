"""What a search of User Management finds: names and words that begin with the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from scim.models import DirectoryGroup, DirectoryUser
from tests.portal import factories
from tests.portal.directory import DEPARTMENTS, GROUPS, USERS, names, page_of

if TYPE_CHECKING:
    from django.test import Client

    from scim.models import Organization

ADELE = ["adele.vance@contoso.example"]
ALEX = ["Alex.Wilber@contoso.example"]
DIEGO = ["diego@contoso.example"]


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize(
    ("term", "found"),
    [
        # User ID, User Name, the last word of it, external ID.
        ("adele", ADELE),
        ("ADELE.V", ADELE),
        ("Alex W", ALEX),
        ("wilber", ALEX),
        ("zöe öz", DIEGO),
        ("ÖZTÜRK", DIEGO),
        ("AAAA-11", ADELE),
        ("  adele  ", ADELE),
        ("a", [*ADELE, *ALEX]),
        # The beginning, not the inside; external IDs are told apart by letter case.
        ("ilber", []),
        ("contoso", []),
        ("aaaa-11", []),
        ("nobody at all", []),
        ("%", []),
        ("_", []),
        ("\U0010ffff", []),
        ("x" * 762, []),
        ("x" * 3000, []),
    ],
)
def test_search(signed_in: Client, term: str, found: list[str]) -> None:
    assert names(signed_in, f"{USERS}?q={quote(term)}") == found


@pytest.mark.parametrize(
    ("attributes", "term"),
    [
        ({"name": {"familyName": "Müller-Lüdenscheidt"}}, "MÜLLER"),
        ({"name": {"familyName": "van den Berg"}, "displayName": "Jo Berg"}, "van d"),
        ({"displayName": "Ωmega Παπαδόπουλος"}, "παπαδόπ"),
        ({"displayName": "Иван Иванович Петров"}, "ПЕТР"),
        ({"displayName": "山田 太郎"}, "太"),
        ({"displayName": "  Adele\u00a0 Vance\t"}, "vance"),
        ({"name": {"familyName": "Y" * 300}}, "y" * 254),
    ],
)
def test_a_family_name_is_found_in_any_script(
    signed_in: Client, contoso: Organization, attributes: dict[str, Any], term: str
) -> None:
    factories.person(contoso, "x1@contoso.example", **attributes)
    factories.person(contoso, "x2@contoso.example", displayName="Somebody Else")
    assert names(signed_in, f"{USERS}?q={quote(term)}") == ["x1@contoso.example"]


def test_the_family_name_takes_the_place_of_the_last_word(
    signed_in: Client, contoso: Organization
) -> None:
    """It follows the document, whichever way that changes."""
    user = factories.person(contoso, displayName="Adele Vance")
    user.assign({**user.data, "name": {"familyName": "Bowen"}})
    user.save()
    assert names(signed_in, f"{USERS}?q=bowen") == ADELE
    assert names(signed_in, f"{USERS}?q=vance") == []
    user.assign({**user.data, "name": {"givenName": "Adele"}})
    user.save()
    assert names(signed_in, f"{USERS}?q=vance") == ADELE


def test_search_by_scim_id(signed_in: Client, staff: dict[str, DirectoryUser]) -> None:
    assert names(signed_in, f"{USERS}?q={staff['alex'].scim_id}") == ALEX


@pytest.mark.usefixtures("staff")
def test_search_of_groups_and_departments(signed_in: Client) -> None:
    team = DirectoryGroup.objects.get(scim_display_name="Sales EMEA")
    for term in ("sales e", "emea", "G-77", team.scim_id):
        assert names(signed_in, f"{GROUPS}?q={term}") == ["Sales EMEA"]
    assert names(signed_in, f"{GROUPS}?q=mea") == []
    assert names(signed_in, f"{DEPARTMENTS}?q=mark") == ["Marketing"]
    assert names(signed_in, f"{DEPARTMENTS}?q={team.scim_id}") == []


@pytest.mark.usefixtures("staff")
def test_a_search_combines_with_filters_and_orders(signed_in: Client) -> None:
    assert names(signed_in, f"{USERS}?q=a&o=-0") == [*ALEX, *ADELE]
    assert names(signed_in, f"{USERS}?q=a&o=3") == [*ALEX, *ADELE]
    assert names(signed_in, f"{USERS}?q=d&status=enabled") == []
    assert names(signed_in, f"{USERS}?q=d&status=disabled") == DIEGO


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        (USERS, "User ID, name or external ID begins with"),
        (GROUPS, "Name or external ID begins with"),
        (DEPARTMENTS, "Name begins with"),
    ],
)
@pytest.mark.usefixtures("staff")
def test_the_box_says_what_is_searched(
    signed_in: Client, address: str, hint: str
) -> None:
    page = page_of(signed_in, address)
    assert f'placeholder="{hint}" aria-label="{hint}"' in page


def test_the_longest_names_are_stored_and_found(
    signed_in: Client, contoso: Organization
) -> None:
    """An index of PostgreSQL takes 2.7 kB a row, and cannot shrink random letters."""
    letters = "".join(chr(0x20000 + number * 37) for number in range(254 * 4))
    user = factories.person(
        contoso,
        letters[:254],
        displayName=letters[254:508],
        externalId=letters[508:762],
        dept=letters[762:],
        name={"familyName": letters[508:]},
    )
    for term in (letters[:254], letters[254:508], letters[508:762]):
        found = names(signed_in, f"{USERS}?q={quote(term)}")
        assert found == [user.scim_username]
