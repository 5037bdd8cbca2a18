"""Filters (RFC 7644 section 3.4.2.2): who is found, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryUser
from scim.resources.schemas import schema_documents
from scim.text import is_case_exact
from tests.scim.messages import (
    ENTERPRISE,
    USER,
    created,
    filter_query,
    found,
    group,
    members,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

ADA = user(
    "ada",
    externalId="Key-1",
    displayName="Ada Park",
    title="100% Ünï",
    active=True,
    profileUrl="https://x.example/Ada",
    name={"familyName": "Park", "givenName": "Ada"},
    emails=[
        {"type": "work", "value": "Ada@x.example", "primary": True},
        {"type": "home", "value": "park@home.example"},
    ],
    **{ENTERPRISE: {"department": "Risk", "manager": {"value": "M-1"}}},
)
BO = user(
    "bo",
    externalId="key-1",
    displayName='Bo "B" \\ Öz',
    title="100x uni",
    active=False,
    emails=[{"type": "home", "value": "ada@x.example"}],
)
CY = user("cy_z", title="cyaz")


@pytest.fixture
def people(rfc_scim: ScimClient) -> dict[str, str]:
    """userName to id of three users, of whom Ada is in the group Risk EU."""
    ids = {
        body["userName"]: created(rfc_scim, "/Users", body)["id"]
        for body in (ADA, BO, CY)
    }
    created(rfc_scim, "/Groups", group(members=members(ids["ada"])))
    created(rfc_scim, "/Groups", group("Empty"))
    return ids


TABLE: list[tuple[str, str]] = [
    # operators
    ('userName eq "ADA"', "ada"),
    ('userName ne "ada"', "bo cy_z"),
    ('userName co "D"', "ada"),
    ('userName sw "c"', "cy_z"),
    ('userName ew "O"', "bo"),
    ('userName gt "ada"', "bo cy_z"),
    ('userName ge "ada" and userName lt "cy"', "ada bo"),
    ('userName le "bo"', "ada bo"),
    ("title pr", "ada bo cy_z"),
    ("active pr", "ada bo"),
    ("emails pr", "ada bo"),
    ('UserName EQ "ada"', "ada"),
    # and before or; not before both
    ('userName eq "cy_z" or userName eq "ada" and active eq false', "cy_z"),
    ('(userName eq "cy_z" or userName eq "ada") and active eq true', "ada"),
    ('active eq true and userName eq "ada" or userName eq "bo"', "ada bo"),
    ('not (userName eq "ada") and active pr', "bo"),
    ('not (userName eq "ada" or userName eq "bo")', "cy_z"),
    ('not (not (userName eq "ada"))', "ada"),
    # an absent value does not equal anything, and differs from everything
    ('displayName ne "Ada Park"', "bo cy_z"),
    ('not (displayName eq "Ada Park")', "bo cy_z"),
    ("active eq false", "bo"),
    ("active ne true", "bo cy_z"),
    ('active eq "True"', "ada"),
    ("displayName eq null", "cy_z"),
    ("displayName ne null", "ada bo"),
    # caseExact as the schema says
    ('externalId eq "Key-1"', "ada"),
    ('externalId eq "KEY-1"', ""),
    ('externalId sw "key"', "bo"),
    ('profileUrl eq "https://x.example/ada"', ""),
    ('profileUrl co "Ada"', "ada"),
    ('title co "ÜNÏ"', "ada"),
    # every character is itself
    ('title co "%"', "ada"),
    ('title sw "100_"', ""),
    ('userName co "_"', "cy_z"),
    (r'displayName eq "bo \"b\" \\ ÖZ"', "bo"),
    (r'title ew "\u00fcn\u00ef"', "ada"),
    ('userName eq "ada\' or 1=1 --"', ""),
    # parts, value paths, Entra's comparison behind brackets
    ('name.familyName eq "park"', "ada"),
    ('emails.value eq "ada@X.example"', "ada bo"),
    ('emails eq "ada@x.example"', "ada bo"),
    ('emails[type eq "work"]', "ada"),
    ('emails[type eq "work" and value co "ada"]', "ada"),
    ('emails[type eq "work" and value co "park"]', ""),
    ('emails[type eq "home" and not (value co "park")]', "bo"),
    ('emails[type eq "home"].value eq "ada@x.example"', "bo"),
    ('emails[type eq "WORK" or primary eq true]', "ada"),
    ("emails[primary eq true]", "ada"),
    ('emails.type ne "work"', "bo cy_z"),
    # schemas and extensions
    (f'{USER}:userName eq "ada"', "ada"),
    (f'{USER.upper()}:username eq "ada"', "ada"),
    (f'{USER}:name.givenName eq "ada"', "ada"),
    (f'{ENTERPRISE}:department eq "RISK"', "ada"),
    (f"{ENTERPRISE}:manager pr", "ada"),
    (f'{ENTERPRISE}:manager.value eq "M-1"', "ada"),
    ('manager eq "M-1"', "ada"),
    ('manager eq "m-1"', ""),
    (f'schemas eq "{ENTERPRISE}"', "ada"),
    (f'schemas eq "{USER}"', "ada bo cy_z"),
    # what the server assigns
    ("id pr", "ada bo cy_z"),
    ('id eq "nobody"', ""),
    ('id ne "nobody"', "ada bo cy_z"),
    ('meta.resourceType eq "User"', "ada bo cy_z"),
    ("groups pr", "ada"),
    ('groups.display eq "risk EU"', "ada"),
    ("not (groups pr)", "bo cy_z"),
    # white space and parentheses that mean nothing
    ('((userName eq "ada"))', "ada"),
    ('userName   eq "ada"', "ada"),
]


@pytest.mark.parametrize(("text", "names"), TABLE, ids=[text for text, _ in TABLE])
def test_who_is_found(
    rfc_scim: ScimClient, people: dict[str, str], text: str, names: str
) -> None:
    """RFC 7644 3.4.2.2: operators, precedence and letter case; each term counts."""
    assert found(rfc_scim, "/Users", text) == set(names.split())


def test_ids_of_users_and_groups(rfc_scim: ScimClient, people: dict[str, str]) -> None:
    """RFC 7643 3.1: id is caseExact; another kind's id finds nobody."""
    ada = people["ada"]
    assert found(rfc_scim, "/Users", f'id eq "{ada}"') == {"ada"}
    assert found(rfc_scim, "/Users", f'id eq "{ada.upper()}"') == set()
    assert found(rfc_scim, "/Groups", f'members.value eq "{ada}"') == {"Risk EU"}
    assert found(rfc_scim, "/Groups", f'members[value eq "{ada}"]') == {"Risk EU"}
    assert found(rfc_scim, "/Groups", f'members ne "{ada}"') == {"Empty"}
    assert found(rfc_scim, "/Groups", f'id eq "{ada}"') == set()


MOMENTS = [
    ('created eq "2026-03-01T12:00:00.500Z"', True),
    ('created eq "2026-03-01T14:00:00.5+02:00"', True),
    ('created eq "2026-03-01T12:00:00Z"', False),
    ('created gt "2026-03-01T12:00:00.499Z"', True),
    ('created gt "2026-03-01T12:00:00.500Z"', False),
    ('created ge "2026-03-01T12:00:00.500Z"', True),
    ('created lt "2026-03-01T10:00:01-02:00"', True),
    ('created le "2026-03-01T12:00:00.500Z"', True),
    ('created lt "2026-03-01T12:00:00.500Z"', False),
    ('lastModified ge "2026-03-02T00:00:00Z"', True),
]


@pytest.mark.parametrize(("text", "hit"), MOMENTS, ids=[text for text, _ in MOMENTS])
def test_times(rfc_scim: ScimClient, text: str, hit: bool) -> None:
    """RFC 7643 2.3.5: dateTime with offset and fraction; what meta shows is found."""
    created(rfc_scim, "/Users", user("ada"))
    DirectoryUser.objects.update(
        created="2026-03-01T12:00:00.500Z", modified="2026-03-02T00:00:00Z"
    )
    assert found(rfc_scim, "/Users", f"meta.{text}") == ({"ada"} if hit else set())


def test_times_as_shown_are_found(rfc_scim: ScimClient) -> None:
    """A client that polls by lastModified sends back what it was shown."""
    meta = created(rfc_scim, "/Users", user("ada"))["meta"]
    shown = meta["lastModified"]
    for op, names in {"eq": {"ada"}, "ge": {"ada"}, "le": {"ada"}, "gt": set()}.items():
        assert found(rfc_scim, "/Users", f'meta.lastModified {op} "{shown}"') == names


REFUSED = [
    "userName eq ada",
    "userName eq 'ada'",
    'userName eq "ada',
    "userName eq",
    "userName",
    'userName is "ada"',
    'userName eq "ada" and',
    'not userName eq "ada"',
    '(userName eq "ada"',
    "userName eq 5",
    "userName eq true",
    'active eq "perhaps"',
    "active gt true",
    'meta.created gt "yesterday"',
    'meta.created co "2026"',
    'meta.created gt "0001-01-01T00:00:00+14:00"',
    'meta.created gt "9999-12-31T23:59:59-14:00"',
    # an attribute nobody declares: never dropped, wherever it stands
    'shoeSize eq "41"',
    'userName eq "ada" and shoeSize eq "41"',
    'userName eq "ada" or shoeSize eq "41"',
    'not (shoeSize eq "41")',
    "emails.shoeSize pr",
    'emails[shoeSize eq "41"]',
    f'{ENTERPRISE}:shoeSize eq "41"',
    'urn:example:other:userName eq "ada"',
    'members.value eq "x"',
    # part of it is a digest of the groups, which is stored nowhere
    'meta.version eq "W/\\"1\\""',
    'password eq "secret"',
    "password pr",
    'name eq "Ada"',
    'name[givenName eq "Ada"]',
    'emails[emails[type eq "work"]]',
    'emails[type eq "work"',
    r'userName eq "\u0000"',
    r'title eq "a\u0000"',
    r'groups.display eq "a\u0000"',
    r'userName eq "\ud800"',
    r'emails[value eq "\ud800"]',
    r'groups.display co "\ud800"',
    'userName eq "\0"',
    "not (" * 60 + "title pr" + ")" * 60,
    'userName eq "' + "a" * 5_000 + '"',
    "(" * 5_000 + "title pr" + ")" * 5_000,
    " ",
]


@pytest.mark.parametrize("text", REFUSED, ids=[text[:40] for text in REFUSED])
def test_what_is_refused(
    rfc_scim: ScimClient, people: dict[str, str], text: str
) -> None:
    """RFC 7644 3.4.2.2: 400 invalidFilter; a filter is never read as something else."""
    response = rfc_scim.get(f"/Users?{filter_query(text)}")
    refused(response, 400, "invalidFilter")


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(f'title eq "cyaz{n or ""}"' for n in range(24)),
        " or ".join(['title eq "cyaz"'] * 200),
        " or ".join(f'userName eq "cy_z{n or ""}"' for n in range(148)),
        "(" * 1_900 + 'title eq "cyaz"' + ")" * 1_900,
        " and ".join([f'not ({"not (" * 10}title ne "cyaz"{")" * 10})'] * 20),
        " or ".join(['emails[type eq "x"]', 'title eq "cyaz"'] * 60),
    ],
    ids=["terms", "same term", "look-ups", "parentheses", "nested", "value paths"],
)
def test_long_filters_are_answered(
    rfc_scim: ScimClient, people: dict[str, str], text: str
) -> None:
    """No limit of a database shows below the service's own."""
    assert found(rfc_scim, "/Users", text) == {"cy_z"}


def walk(attributes: list[dict[str, Any]], parent: str = "") -> Any:
    for attribute in attributes:
        yield attribute, parent
        yield from walk(attribute.get("subAttributes", []), attribute["name"])


def test_letter_case_is_that_of_the_schemas() -> None:
    """RFC 7643 2.2: scim.text compares as the documents of /Schemas declare."""
    server = {"groups", "members", "password"}
    for document in schema_documents():
        for attribute, parent in walk(document["attributes"]):
            name = attribute["name"]
            if "caseExact" in attribute and not server & {name, parent}:
                declared = attribute["caseExact"]
                assert is_case_exact(name, parent) is declared, (parent, name)
    assert is_case_exact("externalId", "")


def test_an_exact_value_is_found_however_its_letters_are_composed(
    rfc_scim: ScimClient,
) -> None:
    """RFC 8265 section 3.4 compares normalized; the document keeps what was sent."""
    sent = "Zo\u0065\u0308"
    body = user("zoe", externalId=sent, **{ENTERPRISE: {"manager": {"value": sent}}})
    zoe = created(rfc_scim, "/Users", body)
    assert zoe["externalId"] == sent
    for spelling in (sent, "Zo\u00eb"):
        for attribute in ("externalId", f"{ENTERPRISE}:manager.value"):
            assert found(rfc_scim, "/Users", f'{attribute} eq "{spelling}"') == {"zoe"}
