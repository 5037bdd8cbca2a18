"""attributes and excludedAttributes (RFC 7644 section 3.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.query import projection
from scim.query.projection import MAX_NAMES
from tests.scim.messages import (
    ENTERPRISE,
    SEARCH_REQUEST,
    USER,
    Document,
    created,
    filter_query,
    group,
    listed,
    members,
    patch_op,
    read,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

BODY = user(
    title="Analyst",
    name={"givenName": "Ada", "familyName": "Park"},
    emails=[{"type": "work", "value": "a@x.example", "primary": True}],
    **{ENTERPRISE: {"department": "Risk", "manager": {"value": "m", "$ref": "r"}}},
)


@pytest.fixture
def ada(scim: ScimClient) -> Document:
    """A user with parts and an extension, in a group."""
    scim_id = created(scim, "/Users", BODY)["id"]
    created(scim, "/Groups", group(members=members(scim_id)))
    return read(scim, "/Users", scim_id)


ATTRIBUTES: list[tuple[str, Document]] = [
    ("userName", {"userName": BODY["userName"]}),
    ("USERNAME,Title", {"userName": BODY["userName"], "title": "Analyst"}),
    (" title , userName ", {"userName": BODY["userName"], "title": "Analyst"}),
    ("name.givenName", {"name": {"givenName": "Ada"}}),
    ("name.givenName,name", {"name": BODY["name"]}),
    ("emails.value", {"emails": [{"value": "a@x.example"}]}),
    ('emails[type eq "work"]', {"emails": BODY["emails"]}),
    (f"{USER}:title", {"title": "Analyst"}),
    (f"{USER}:name.givenName", {"name": {"givenName": "Ada"}}),
    (f"{ENTERPRISE}:department", {ENTERPRISE: {"department": "Risk"}}),
    (f"{ENTERPRISE.upper()}:Department", {ENTERPRISE: {"department": "Risk"}}),
    (f"{ENTERPRISE}:manager.value", {ENTERPRISE: {"manager": {"value": "m"}}}),
    (ENTERPRISE, {ENTERPRISE: BODY[ENTERPRISE]}),
    (f"{ENTERPRISE},{ENTERPRISE}:department", {ENTERPRISE: BODY[ENTERPRISE]}),
    (f"{ENTERPRISE}:manager.value.x", {}),
    ("name.givenName.x,title.x,name.", {"name": BODY["name"]}),
    ("nobodyDeclaresThis", {}),
    ("displayName", {}),
]


@pytest.mark.parametrize(("names", "shown"), ATTRIBUTES, ids=[n for n, _ in ATTRIBUTES])
def test_attributes(
    scim: ScimClient, ada: Document, names: str, shown: Document
) -> None:
    """RFC 7644 3.9: the named ones and those that are always returned, by id or list."""
    expected = {"schemas": ada["schemas"], "id": ada["id"], **shown}
    query = filter_query("userName pr", attributes=names)
    assert listed(scim.get(f"/Users?{query}")) == [expected]
    assert scim.get(f"/Users/{ada['id']}?{query}").json() == expected


EXCLUDED = [
    ("title", {"title"}),
    ("TITLE,emails", {"title", "emails"}),
    ("groups,meta", {"groups", "meta"}),
    (ENTERPRISE, {ENTERPRISE}),
    (f"{USER}:title", {"title"}),
    ("id,schemas", set()),
    ("nobodyDeclaresThis", set()),
]


@pytest.mark.parametrize(("names", "hidden"), EXCLUDED, ids=[n for n, _ in EXCLUDED])
def test_excluded_attributes(
    scim: ScimClient, ada: Document, names: str, hidden: set[str]
) -> None:
    """RFC 7644 3.9: all but the named; ``returned: always`` stays whatever is asked."""
    expected = {key: item for key, item in ada.items() if key not in hidden}
    query = filter_query("userName pr", excludedAttributes=names)
    assert listed(scim.get(f"/Users?{query}")) == [expected]
    assert scim.get(f"/Users/{ada['id']}?{query}").json() == expected


def test_excluded_parts(scim: ScimClient, ada: Document) -> None:
    """RFC 7644 3.10: sub-attributes are named with a point, extensions by URN."""
    names = f"emails.value,name.familyName,{ENTERPRISE}:manager.$ref"
    answer = scim.get(f"/Users/{ada['id']}?excludedAttributes={names}").json()
    assert answer["emails"] == [{"type": "work", "primary": True}]
    assert answer["name"] == {"givenName": "Ada"}
    assert answer[ENTERPRISE] == {"department": "Risk", "manager": {"value": "m"}}


def test_writes_take_them_too(scim: ScimClient, ada: Document) -> None:
    """RFC 7644 3.9: POST, PUT and PATCH answer with what was asked for."""
    path = f"/Users/{ada['id']}?attributes=title"
    expected = {"schemas": ada["schemas"], "id": ada["id"], "title": "Head"}
    assert scim.put(path, BODY | {"title": "Head"}).json() == expected
    operation = {"op": "replace", "path": "title", "value": "Chief"}
    answer = scim.patch(path, patch_op(operation)).json()
    assert answer == expected | {"title": "Chief"}
    response = scim.post("/Users?attributes=userName", user("bo@contoso.example"))
    answer = response.json()
    assert response.headers["Location"].endswith(answer["id"])
    assert answer == user("bo@contoso.example") | {"id": answer["id"]}


@pytest.mark.parametrize("name", ["meta", "meta.version", f"{USER}:meta.version"])
def test_a_version_is_whole(scim: ScimClient, ada: Document, name: str) -> None:
    """A user's holds a digest of the groups, which nobody else asked for here."""
    answer = listed(scim.get(f"/Users?attributes={name}"))[0]
    assert answer["meta"]["version"] == ada["meta"]["version"]


@pytest.mark.parametrize("parameter", ["attributes", "excludedAttributes"])
def test_so_many_names_and_no_more(
    scim: ScimClient, ada: Document, parameter: str
) -> None:
    """400 invalidValue that names the limit, on every way; nothing is changed by it."""
    path = f"/Users/{ada['id']}"
    most = ["title", "name.x", *(f"name{n}" for n in range(MAX_NAMES - 2))]
    body = {"schemas": [SEARCH_REQUEST], parameter: most}
    assert len(listed(scim.post("/Users/.search", body))) == 1
    operation = patch_op({"op": "replace", "path": "title", "value": "Head"})
    query = f"?{parameter}={','.join([*most, 'x'])}"
    body[parameter] = [*most, "x"]
    for response in (
        *(scim.post(f"{search}/.search", body) for search in ("/Users", "/Groups", "")),
        scim.post("/Users/.search", body | {parameter: "," * MAX_NAMES}),
        *(scim.get(f"{place}{query}") for place in (path, "/Users", "/Groups")),
        scim.put(f"{path}{query}", BODY | {"title": "x"}),
        scim.patch(f"{path}{query}", operation),
        scim.post(f"/Users{query}", user("bo@contoso.example")),
    ):
        detail = refused(response, 400, "invalidValue")
        assert detail.startswith(f"{parameter} takes at most 1,000 names.")
    assert listed(scim.get("/Users")) == [ada]


def test_names_are_read_once(scim: ScimClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a request and not once a resource: 50,000 names took half a minute."""
    calls: list[str] = []
    include = projection._include

    def counted(names: Any, name: str, below: Any) -> None:
        calls.append(name)
        include(names, name, below)

    monkeypatch.setattr(projection, "_include", counted)
    counts = []
    for number in range(3):
        created(scim, "/Users", user(f"u{number}@contoso.example"))
        calls.clear()
        assert len(listed(scim.get("/Users?attributes=title,name.x"))) == number + 1
        counts.append(len(calls))
    assert counts == [counts[0]] * 3
