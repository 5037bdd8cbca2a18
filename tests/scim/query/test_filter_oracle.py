"""Our SQL against scim2-models' evaluator: the same filters on the same documents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from scim2_models import SCIMException, ScimFilter, SearchRequest

from scim.errors import InvalidFilter, ScimError, translate
from scim.models import DirectoryUser, Organization
from scim.query.filters import resource_filter
from scim.resources.representation import base_url, user_document
from scim.resources.schemas import USER_KIND
from tests.scim.messages import (
    ENTERPRISE,
    SEARCH_REQUEST,
    created,
    group,
    listed,
    members,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

BASE = "http://testserver/10000000/scim"
"""Stands for the Base URL of the test's organization."""

WORDS = [
    "7a736361-6c65-7200-7363-696d00000001",
    "Risk EU",
    "User",
    'W/"1"',
    ENTERPRISE,
    f"{BASE}/Groups/",
    "ada",
    "Ada",
    "ÄDA",
    "100%",
    "a_a",
    'q"uote\\',
    "true",
    "work",
    "home",
    "",
]
MOMENTS = ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00.001+01:00"]
STRINGS = [
    "userName",
    "externalId",
    "displayName",
    "title",
    "name.givenName",
    "profileUrl",
    "emails",
    "emails.value",
    "emails.type",
    "photos.value",
    "addresses.locality",
    "x509Certificates.value",
    f"{ENTERPRISE}:department",
    f"{ENTERPRISE}:manager.value",
]
BOOLEANS = ["active", "emails.primary"]
MULTI_VALUED = ["emails", "photos", "x509Certificates"]
READ_ONLY = [
    "id",
    "groups",
    "groups.value",
    "groups.display",
    "groups.$ref",
    "groups.type",
    "schemas",
    "meta.resourceType",
    "meta.location",
]
STRING_OPS = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]


def quoted(word: str) -> str:
    return str(ScimFilter.quote(word))


words = st.sampled_from(WORDS).map(quoted)
strings = st.builds(
    "{} {} {}".format,
    st.sampled_from(STRINGS + READ_ONLY),
    st.sampled_from(STRING_OPS),
    words,
)
booleans = st.builds(
    "{} {} {}".format,
    st.sampled_from(BOOLEANS),
    st.sampled_from(["eq", "ne"]),
    st.sampled_from(["true", "false", '"True"']),
)
times = st.builds(
    "meta.{} {} {}".format,
    st.sampled_from(["created", "lastModified"]),
    st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
    st.sampled_from(MOMENTS).map(quoted),
)
presence = st.builds(
    "{} pr".format,
    st.sampled_from(
        [*STRINGS, *BOOLEANS, *READ_ONLY, "name", "meta.created", "meta.version"]
    ),
)
# null beside a multi-valued attribute means something else to each implementation.
nulls = st.builds(
    "{} {} null".format,
    st.sampled_from(["title", "name.givenName", "externalId", "active"]),
    st.sampled_from(["eq", "ne"]),
)


def value_paths(attributes: list[str], inside: st.SearchStrategy[str]) -> Any:
    """Filters in brackets, with or without Entra's comparison behind them."""
    return st.builds(
        "{}[{}]{}".format,
        st.sampled_from(attributes),
        inside
        | st.builds("{} and {}".format, inside, inside)
        | st.builds("{} or not ({})".format, inside, inside),
        st.just("")
        | st.builds(".value {} {}".format, st.sampled_from(STRING_OPS), words),
    )


def parts(*names: str) -> st.SearchStrategy[str]:
    return st.builds(
        "{} {} {}".format, st.sampled_from(names), st.sampled_from(STRING_OPS), words
    )


flags = st.sampled_from(["primary eq true", "type pr", "not (primary eq false)"])
in_brackets = value_paths(MULTI_VALUED, parts("value", "type") | flags) | value_paths(
    ["groups"], parts("value", "type", "display", "$ref")
)
filters = st.recursive(
    strings | booleans | times | presence | nulls | in_brackets,
    lambda part: (
        st.builds("{} and {}".format, part, part)
        | st.builds("{} or {}".format, part, part)
        | st.builds("({} or {}) and {}".format, part, part, part)
        | st.builds("not ({})".format, part)
    ),
    max_leaves=5,
)

# How clients look somebody up; each finds somebody, and most are indexed.
equalities = st.sampled_from(
    [
        *['userName eq "ada"', 'userName eq "a_a"', 'userName eq "true"'],
        *['externalId eq "Ada"', 'displayName eq "ada"', 'title eq "100%"'],
        *['emails eq "ada"', "active eq true", "groups pr"],
        f'{ENTERPRISE}:manager.value eq "Ada"',
    ]
)

PEOPLE: list[dict[str, Any]] = [
    user("ada", externalId="Ada", title="100%", active=True),
    user("ÄDA@contoso.example", displayName="ada", name={"givenName": "Ada"}),
    user(
        "a_a",
        active=False,
        externalId="ÄDA",
        emails=[
            {"value": "ada", "type": "work", "primary": True},
            {"value": "ÄDA", "type": "home"},
        ],
        photos=[{"value": "Ada", "type": "photo"}],
        **{ENTERPRISE: {"department": "100%", "manager": {"value": "Ada"}}},
    ),
    user(
        'q"uote\\',
        profileUrl="Ada",
        emails=[{"value": "a%a"}, {"type": "work", "primary": False}],
        x509Certificates=[{"value": "Ada"}, {"value": "true"}],
    ),
    user("true", title="aXa", addresses=[{"locality": "äda"}, {"type": "home"}]),
]


class Directory:
    """What the evaluator looks at; its repr must not fill pages of a failing report."""

    def __init__(
        self, scim: ScimClient, organization: Organization, documents: dict[str, Any]
    ) -> None:
        self.scim = scim
        self.organization = organization
        self.documents = documents


@pytest.fixture
def directory(
    rfc_scim: ScimClient, litware: Organization, monkeypatch: pytest.MonkeyPatch
) -> Directory:
    """userName to the resource, of five people of whom two are in a group."""
    # What a filter may cost is tested elsewhere (test_filter_work.py).
    monkeypatch.setattr("scim.query.filters.MOST_WORK", 10_000)
    ids = [created(rfc_scim, "/Users", body)["id"] for body in PEOPLE]
    created(rfc_scim, "/Groups", group(members=members(*ids[1:3])))
    rows = list(DirectoryUser.objects.order_by("pk"))
    start = datetime(2026, 3, 1, 11, 59, 59, 999_000, tzinfo=UTC)
    for number, row in enumerate(rows):
        row.created = start + timedelta(milliseconds=number)
        row.modified = row.created + timedelta(milliseconds=1)
        row.save()
    return Directory(
        rfc_scim,
        litware,
        {
            row.scim_username: USER_KIND.model.model_validate(
                user_document(row, base=base_url(litware))
            )
            for row in rows
        },
    )


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=filters)
def test_sql_and_evaluator_agree(directory: Directory, text: str) -> None:
    """RFC 7644 3.4.2.2: precedence, value paths, letter case, null and dates alike."""
    text = text.replace(BASE, base_url(directory.organization))
    condition = resource_filter("User", text, directory.organization)
    rows = DirectoryUser.objects.filter(condition)
    names = set(rows.values_list("scim_username", flat=True))
    bound = ScimFilter[USER_KIND.model](text)  # type: ignore[name-defined]
    expected = {name for name, item in directory.documents.items() if bound.match(item)}
    event("all" if len(expected) == 5 else "none" if not expected else "some")
    assert names == expected


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    text=filters | equalities,
    sort_by=st.sampled_from([*STRINGS, *BOOLEANS, "id", "groups.display"]),
    order=st.sampled_from(["ascending", "descending"]),
    start=st.integers(1, 3),
    count=st.integers(1, 5),
)
def test_what_is_found_is_sorted(
    directory: Directory, text: str, sort_by: str, order: str, start: int, count: int
) -> None:
    """Any page of what any filter finds, in any order, as scim2-models finds and sorts."""
    text = text.replace(BASE, base_url(directory.organization))
    sort = {"sortBy": sort_by, "sortOrder": order}
    bound = ScimFilter[USER_KIND.model](text)  # type: ignore[name-defined]
    resources = [item for item in directory.documents.values() if bound.match(item)]
    resources.sort(key=lambda item: item.id, reverse=order == "descending")
    request: Any = SearchRequest.model_validate(sort)
    expected = [resource.id for resource in request.sort(resources)]
    page = {"startIndex": start, "count": count}
    body = {"schemas": [SEARCH_REQUEST], "filter": text, **sort, **page}
    response = directory.scim.post("/Users/.search", body)
    found = [item["id"] for item in listed(response)]
    assert found == expected[start - 1 : start - 1 + count]
    assert response.json()["totalResults"] == len(expected)


@pytest.mark.django_db
@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=40) | filters.map(lambda text: text[:-1]))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    """A filter compiles or is InvalidFilter; nothing else comes of any text."""
    refusal: ScimError = InvalidFilter()
    condition = None
    try:
        condition = resource_filter("User", text, Organization(org_id=10_000_000))
    except (SCIMException, ScimError) as exc:
        refusal = translate(exc)
    if condition is not None:
        assert list(DirectoryUser.objects.filter(condition)) == []
    assert isinstance(refusal, InvalidFilter)
