"""How much work a filter may ask for (RFC 7644 section 3.12, tooMany)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.scim.messages import (
    ENTERPRISE,
    SEARCH_REQUEST,
    created,
    filter_query,
    group,
    listed,
    members,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

USER_ID = "7a736361-6c65-7200-7363-696d{:08x}"
GROUP_ID = "7a736361-6c65-7200-7363-6969{:08x}"

LOOKED_UP = [
    'id eq "{user}"',
    'userName eq "n{n}"',
    'externalId eq "n{n}"',
    'displayName eq "n{n}"',
    'emails eq "n{n}"',
    'emails.value eq "n{n}"',
    'manager.value eq "n{n}"',
]
READING = [
    *('title eq "{n}"', 'title co "{n}"', 'title ne "{n}"', "title pr"),
    *('userName co "{n}"', 'userName ne "{n}"', 'id sw "{n}"', 'schemas eq "{n}"'),
    *('name.givenName gt "{n}"', "active eq true", "displayName eq null"),
    *('meta.created gt "2026-01-01T00:00:{n:02}Z"', 'meta.location co "{n}"'),
    *(f'{ENTERPRISE}:department eq "{{n}}"', "groups pr", "not (title pr)"),
    *('groups eq "{group}"', 'groups.value eq "{group}"', 'meta.location eq "{n}"'),
    'emails[value eq "{n}" and type eq "{n}"]',
]
READING_VALUES = [
    *('emails co "{n}"', 'emails.type eq "{n}"', 'roles eq "{n}"', "emails.value pr"),
    *('emails[type eq "{n}"]', 'emails[not (value eq "{n}")]', "photos[value pr]"),
    *('groups co "{n}"', 'groups.display eq "{n}"', 'groups[display sw "{n}"]'),
    *('groups[not (value eq "{group}")]', "groups[value pr]", 'groups.$ref eq "{n}"'),
]
ENDPOINTS = ["/Users", "/.search"]


def joined(term: str, number: int, word: str = "or") -> str:
    """Return a filter of so many terms, none of them like another."""
    if "{" not in term:
        term = f'({term} and userName eq "n{{n}}")'
    return f" {word} ".join(
        term.format(n=n, user=USER_ID.format(n + 100), group=GROUP_ID.format(n + 100))
        for n in range(number)
    )


def spelled(name: str, number: int) -> str:
    """Return *name* with *number* in the letter case of its letters."""
    return "".join(
        char.upper() if number >> n & 1 else char.lower() for n, char in enumerate(name)
    )


def asked(scim: ScimClient, path: str, text: str) -> Any:
    if path.endswith(".search"):
        return scim.post(path, {"schemas": [SEARCH_REQUEST], "filter": text})
    return scim.get(f"{path}?{filter_query(text)}")


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("term", LOOKED_UP)
def test_seventy_look_ups(rfc_scim: ScimClient, term: str, path: str) -> None:
    assert not listed(asked(rfc_scim, path, joined(term, 70)))


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("term", ["title pr", 'title eq "x"', 'emails co "x"'])
def test_what_is_said_twice_counts_once(
    rfc_scim: ScimClient, term: str, path: str
) -> None:
    listed(asked(rfc_scim, path, " or ".join([term] * 150)))


def test_letter_case_of_a_name_says_nothing_new(rfc_scim: ScimClient) -> None:
    """Each spelling would look the same members up once more."""
    names = [spelled("groups", n) for n in range(64)]
    text = " or ".join(f'{name} eq "{GROUP_ID.format(1)}"' for name in names)
    with CaptureQueriesContext(connection) as queries:
        listed(asked(rfc_scim, "/Users", text))
    asked_for = [q["sql"] for q in queries if "scim_groupmembership" in q["sql"]]
    assert max(sql.count("scim_groupmembership") for sql in asked_for) < 10


def test_letter_case_of_a_value_counts(rfc_scim: ScimClient) -> None:
    """externalId is caseExact: the two values are two people."""
    for name in ("x", "X"):
        created(rfc_scim, "/Users", user(f"u{ord(name)}", externalId=name))
    found = asked(rfc_scim, "/Users", 'externalId eq "x" or externalId eq "X"')
    assert len(listed(found)) == 2


def test_one_and_true_are_two_terms(rfc_scim: ScimClient) -> None:
    """Python takes them for equal; the first is refused, wherever it stands."""
    for text in ("active eq true or active eq 1", "active eq 1 or active eq true"):
        alone = asked(rfc_scim, "/Users", "active eq 1")
        assert asked(rfc_scim, "/Users", text).status_code == alone.status_code


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("word", ["or", "and"])
@pytest.mark.parametrize(
    ("term", "few", "many"),
    [(term, 14, 30) for term in READING] + [(term, 5, 8) for term in READING_VALUES],
)
def test_terms_that_read_everything(
    rfc_scim: ScimClient, term: str, few: int, many: int, word: str, path: str
) -> None:
    """Some are answered, many are 400 tooMany before the database is asked."""
    listed(asked(rfc_scim, path, joined(term, few, word)))
    with CaptureQueriesContext(connection) as queries:
        response = asked(rfc_scim, path, joined(term, many, word))
    assert "more work than 150" in refused(response, 400, "tooMany")
    assert not [q for q in queries.captured_queries if "directoryuser" in q["sql"]]
    assert not [q for q in queries.captured_queries if "directorygroup" in q["sql"]]


@pytest.mark.parametrize(
    "text",
    [
        "emails[" + " or ".join(f'value co "{n}"' for n in range(40)) + "]",
        "groups[" + " or ".join(f'display co "{n}"' for n in range(40)) + "]",
        " or ".join(
            f'groups[value eq "{GROUP_ID.format(n)}" or display co "{n}"]'
            for n in range(7)
        ),
        'emails[value eq "x" and ('
        + " or ".join(f'type co "{n}"' for n in range(200))
        + ")]",
        joined("meta.resourceType pr", 60),
        " or ".join(
            f'(id pr and (schemas pr or userName eq "{n}"))' for n in range(40)
        ),
    ],
    ids=["values", "memberships", "beside", "behind a look-up", "constants", "nested"],
)
def test_what_brackets_and_constants_hold_counts(
    rfc_scim: ScimClient, text: str
) -> None:
    refused(asked(rfc_scim, "/Users/.search", text), 400, "tooMany")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/Users", 'userName eq "ada"'),
        ("/Users", 'externalId eq "x" or userName eq "ada"'),
        ("/Users", 'emails[type eq "work"].value eq "a@x" or userName eq "ada"'),
        ("/Users", 'userName eq "ada" and active eq true'),
        ("/Users", 'id eq "{ada}" and groups eq "{risk}"'),
        ("/Users", 'userName sw "a" and (active eq true or title pr)'),
        ("/Groups", 'displayName eq "Risk EU"'),
        ("/Groups", 'id eq "{risk}" and members eq "{ada}"'),
        ("/Groups", 'members[value eq "{ada}"] and id eq "{risk}"'),
    ],
)
def test_filters_of_identity_providers(
    rfc_scim: ScimClient, path: str, text: str
) -> None:
    body = user("ada", externalId="x", active=True)
    ada = created(rfc_scim, "/Users", body)["id"]
    risk = created(rfc_scim, "/Groups", group(members=members(ada)))["id"]
    text = text.replace("{ada}", ada).replace("{risk}", risk)
    assert len(listed(asked(rfc_scim, path, text))) == 1


def test_no_filter_is_compiled(rfc_scim: ScimClient) -> None:
    """PostgreSQL took 20 seconds to compile 60 look-ups, and 0.1 to carry them out."""
    with CaptureQueriesContext(connection) as queries:
        listed(asked(rfc_scim, "/Users", joined('emails eq "{n}"', 70)))
    if connection.vendor == "postgresql":
        [query] = [q["sql"] for q in queries.captured_queries if "search" in q["sql"]]
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL jit_above_cost = 0")
            cursor.execute(f"EXPLAIN (FORMAT JSON, ANALYZE) {query}")
            [plans] = cursor.fetchone()
        assert "JIT" not in plans[0]
