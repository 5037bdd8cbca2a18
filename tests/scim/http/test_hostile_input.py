"""Bad input: always a SCIM error, never a 500, nothing stored of what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scim.models import DirectoryGroup, DirectoryUser, GroupMembership
from scim.resources.schemas import schema_documents
from scim.resources.validation import MAX_ATTRIBUTE_OPERATIONS, MAX_VALUES
from tests.scim.messages import (
    ENTERPRISE,
    USER,
    created,
    group,
    members,
    patch_op,
    read,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

SENT = [
    ("POST", "/Users"),
    ("POST", "/Groups"),
    ("PUT", "/Users/{user}"),
    ("PUT", "/Groups/{group}"),
    ("PATCH", "/Users/{user}"),
    ("PATCH", "/Groups/{group}"),
    ("POST", "/Users/.search"),
    ("POST", "/.search"),
]


@pytest.fixture
def ids(rfc_scim: ScimClient) -> dict[str, str]:
    """The ids of a user and of the group the user is in."""
    ada = created(rfc_scim, "/Users", user("ada", displayName="Ada"))["id"]
    risk = created(rfc_scim, "/Groups", group(members=members(ada)))["id"]
    return {"user": ada, "group": risk}


def stored() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (DirectoryUser, DirectoryGroup, GroupMembership)
    ]


NOT_JSON: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n",
    "broken": b'{"userName": ',
    "two objects": b"{}{}",
    "array": b"[]",
    "string": b'"x"',
    "number": b"5",
    "null": b"null",
    "single quotes": b"{'userName': 'x'}",
    "NaN": b'{"userName": NaN}',
    "huge integer": b'{"userName": ' + b"9" * 5_000 + b"}",
    "infinity": b'{"userName": 1e999}',
    "invalid UTF-8": '{"userName": "é"}'.encode("latin-1"),
    "UTF-16": '{"userName": "x"}'.encode("utf-16"),
    "lone surrogate": b'{"userName": "\\ud800"}',
    "surrogate bytes": b'{"userName": "\xed\xa0\x80"}',
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep arrays": b"[" * 100_000,
    "17 levels": b'{"a":' * 17 + b"1" + b"}" * 17,
}


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON.keys())
@pytest.mark.parametrize(("method", "path"), SENT)
def test_what_is_no_json_object(
    rfc_scim: ScimClient, ids: dict[str, str], method: str, path: str, raw: bytes
) -> None:
    """RFC 7644 3.12: 400 invalidSyntax."""
    before = stored()
    response = rfc_scim.request(method, path.format(**ids), raw)
    refused(response, 400, "invalidSyntax")
    assert stored() == before


NUL: list[dict[str, Any]] = [
    {"userName": "a\0b"},
    {"user\0Name": "x"},
    {"emails": [{"value": "a\0"}]},
    {ENTERPRISE: {"department": "\0"}},
    {"Operations": [{"op": "replace", "path": "ti\0tle", "value": "x"}]},
    {"Operations": [{"op": "replace", "path": "title", "value": "x\0"}]},
    {"members": [{"value": "\0"}]},
]


@pytest.mark.parametrize("body", NUL, ids=[str(body)[-30:] for body in NUL])
@pytest.mark.parametrize(("method", "path"), SENT)
def test_nul_characters(
    rfc_scim: ScimClient,
    ids: dict[str, str],
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    """PostgreSQL cannot store them; the answer is the same on both databases."""
    before = stored()
    response = rfc_scim.request(method, path.format(**ids), body)
    assert "NUL" in refused(response, 400, "invalidValue")
    assert stored() == before


WRONG: dict[str, list[Any]] = {
    "string": [5, 1.5, True, ["x"], {"a": 1}],
    "reference": [5, ["x"], {"a": 1}],
    "binary": [5, ["x"], {"a": 1}],
    "boolean": [5, 1, 0, "yes", [True], {"a": 1}],
    "complex": [5, "x", ["x"]],
    "several": [5, "x", ["x"], [5], [["x"]], [{"value": 5}], [{"primary": "x"}]],
}


def wrong_values() -> list[Any]:
    """Every attribute of a user with every kind of value that it does not take."""
    cases = []
    for document in schema_documents()[:2]:
        for item in document["attributes"]:
            kind = "several" if item["multiValued"] else item["type"]
            values = WRONG[kind]
            if item["name"] == "manager":
                # The string is the id (P7), and so is one in an array (P8).
                values = [5, True, [5]]
            if item["name"] == "addresses":
                values = [v for v in values if v != [{"value": 5}]]
            cases.append(pytest.param(document["id"], item["name"], values))
    return cases


@pytest.mark.parametrize(("schema", "name", "values"), wrong_values())
def test_wrong_types(
    rfc_scim: ScimClient, ids: dict[str, str], schema: str, name: str, values: list[Any]
) -> None:
    """RFC 7643 2.3: 400 invalidValue by POST, PUT and PATCH, by path and without."""
    before = stored()
    path = f"/Users/{ids['user']}"
    long = name if schema == USER else f"{schema}:{name}"
    for value in values:
        part = {name: value} if schema == USER else {schema: {name: value}}
        for response in (
            rfc_scim.post("/Users", user("bo") | part),
            rfc_scim.put(path, user("ada") | part),
            rfc_scim.patch(path, patch_op({"op": "add", "path": long, "value": value})),
            rfc_scim.patch(path, patch_op({"op": "replace", "value": {long: value}})),
        ):
            scim_type = response.json().get("scimType")
            expected = "mutability" if name == "groups" else "invalidValue"
            refused(
                response, 400, expected if scim_type == expected else "invalidValue"
            )
    assert stored() == before


BAD_PATCHES: list[Any] = [
    {},
    {"Operations": []},
    {"Operations": {}},
    {"Operations": "x"},
    {"Operations": ["x"]},
    {"Operations": [[]]},
    {"Operations": [{}]},
    {"Operations": [{"op": 5}]},
    {"Operations": [{"op": "move", "path": "title", "value": "x"}]},
    {"Operations": [{"op": "add", "path": 5, "value": "x"}]},
    {"Operations": [{"op": "add", "path": "title"}]},
    {"Operations": [{"op": "add"}]},
    {"Operations": [{"op": "remove"}]},
    {"Operations": [{"op": "replace", "value": "x"}]},
    {"Operations": [{"op": "replace", "path": "title[", "value": "x"}]},
    {"Operations": [{"op": "replace", "path": "emails[type eq", "value": "x"}]},
    {"Operations": [{"op": "replace", "path": "title.x.y", "value": "x"}]},
    {"Operations": [{"op": "replace", "path": "(" * 9_000, "value": "x"}]},
    {"Operations": [{"op": "replace", "path": "userName", "value": None}]},
    {"Operations": [{"op": "remove", "path": "userName"}]},
    {"Operations": [{"op": "replace", "path": "id", "value": "x"}]},
    {"Operations": [{"op": "add", "path": "title", "value": "x"}] * 10_000},
]


@pytest.mark.parametrize("body", BAD_PATCHES, ids=[str(b)[:70] for b in BAD_PATCHES])
def test_bad_patches(rfc_scim: ScimClient, ids: dict[str, str], body: Any) -> None:
    """RFC 7644 3.5.2: 400 with a scimType, for a user and a group alike."""
    before = stored()
    for path in (f"/Users/{ids['user']}", f"/Groups/{ids['group']}"):
        response = rfc_scim.patch(path, body)
        if path.startswith("/Groups") and "userName" in str(body):
            assert response.status_code < 500
            continue
        scim_type = response.json()["scimType"]
        assert scim_type in {
            "invalidSyntax",
            "invalidValue",
            "invalidPath",
            "noTarget",
            "mutability",
        }
        refused(response, 400, scim_type)
    assert stored() == before


def test_a_body_over_the_limit(
    rfc_scim: ScimClient, ids: dict[str, str], settings: Any
) -> None:
    """RFC 7644 3.12: 413, whatever the call."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000
    before = stored()
    body = user("bo", title="x" * 2_000)
    for method, path in SENT:
        refused(rfc_scim.request(method, path.format(**ids), body), 413)
    assert stored() == before


def test_many_values(rfc_scim: ScimClient) -> None:
    """As many e-mail addresses as are taken come back; one more, or 10,000, are refused."""
    emails = [{"value": f"ada{number}@x.example"} for number in range(10_000)]
    answer = created(rfc_scim, "/Users", user("ada", emails=emails[:MAX_VALUES]))
    assert read(rfc_scim, "/Users", answer["id"])["emails"] == emails[:MAX_VALUES]
    for number in (MAX_VALUES + 1, 10_000):
        refused = rfc_scim.post("/Users", user("bob", emails=emails[:number]))
        assert refused.status_code == 400
        assert refused.json()["detail"] == "emails has more than 100 values."
    assert DirectoryUser.objects.count() == 1


def test_operations_that_cost_most_are_bounded(rfc_scim: ScimClient) -> None:
    """Each of them may walk all values; 100 of them take half a second, 400 took 13."""
    ada = created(rfc_scim, "/Users", user("ada"))
    operations = [
        {"op": "add", "path": f'emails[type eq "t{number}"].value', "value": "x"}
        for number in range(MAX_ATTRIBUTE_OPERATIONS + 1)
    ]
    path = f"/Users/{ada['id']}"
    refused = rfc_scim.patch(path, patch_op(*operations))
    assert refused.status_code == 400
    assert "at most 100 Operations" in refused.json()["detail"]
    refused = rfc_scim.patch(path, patch_op(*operations[:51]))
    assert refused.status_code == 400
    assert "51 Operations that select values" in refused.json()["detail"]
    assert read(rfc_scim, "/Users", ada["id"]) == ada
    taken = rfc_scim.patch(path, patch_op(*operations[:50]))
    assert len(taken.json()["emails"]) == 50


def test_values_that_are_added_are_selected_among_too(rfc_scim: ScimClient) -> None:
    """What Operations add in the same PATCH counts as what was there."""
    ada = created(rfc_scim, "/Users", user("ada"))
    terms = " or ".join(f'value sw "{number}"' for number in range(50))
    values = [{"value": f"{number}@x.example"} for number in range(98)]
    adding = {"op": "add", "path": "emails", "value": values}
    selecting = {"op": "replace", "path": f"emails[{terms}].display", "value": "x"}
    path = f"/Users/{ada['id']}"
    for more in (adding, {"op": "add", "value": {"emails": values}}):
        answer = rfc_scim.patch(path, patch_op(*[more] * 20, *[selecting] * 40))
        assert "40 Operations that select" in refused(answer, 400, "invalidValue")
    assert read(rfc_scim, "/Users", ada["id"]) == ada
    answer = rfc_scim.patch(path, patch_op(adding, *[selecting] * 10))
    assert {entry["display"] for entry in answer.json()["emails"]} == {"x"}


def test_a_path_has_an_end(rfc_scim: ScimClient) -> None:
    ada = created(rfc_scim, "/Users", user("ada"))
    terms = " or ".join(f'value eq "{number}"' for number in range(60_000))
    operation = {"op": "remove", "path": f"emails[{terms}]"}
    refused = rfc_scim.patch(f"/Users/{ada['id']}", patch_op(operation))
    assert refused.status_code == 400
    assert refused.json()["scimType"] == "invalidPath"


def test_keys_twice(rfc_scim: ScimClient) -> None:
    """RFC 8259 4 leaves it open; the last one counts, and only that is stored."""
    raw = b'{"userName": "first", "userName": "second"}'
    assert rfc_scim.post("/Users", raw).json()["userName"] == "second"
    assert DirectoryUser.objects.get().data == {"userName": "second"}


def test_unknown_extensions_are_left_out(rfc_scim: ScimClient) -> None:
    """K21: neither an error nor stored, deep as they may be."""
    body = user("ada", **{"urn:example:2.0:User": {"a": [{"b": [1, None, {"c": {}}]}]}})
    answer = created(rfc_scim, "/Users", body)
    assert set(answer) == {"schemas", "id", "userName", "meta"}
    assert DirectoryUser.objects.get().data == {"userName": "ada"}


names = st.sampled_from(
    ["userName", "displayName", "name", "active", "emails", "members", "manager",
     "schemas", "externalId", "password", "Operations", "op", "path", "value",
     "groups", "id", "meta", "title", "primary", "$ref", "type", ENTERPRISE,
     f"{ENTERPRISE}:department", "name.givenName", 'emails[type eq "work"].value',
     'members[value eq "x"]', "givenName", "x"],
)  # fmt: skip
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.text(max_size=5)
    | names
    | st.sampled_from(["add", "Replace", "remove", "True", ""])
)
documents = st.recursive(
    leaves,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(names, part, max_size=4),
    max_leaves=12,
)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Replace", "remove"])},
    optional={"path": names, "value": documents},
)
bodies = (
    st.dictionaries(names, documents, max_size=5)
    | st.builds(user, st.text(max_size=6)).flatmap(
        lambda base: st.dictionaries(names, documents, max_size=3).map(
            lambda extra: {**base, **extra}
        )
    )
    | st.lists(operations, max_size=4).map(lambda items: patch_op(*items))
)


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=bodies)
def test_random_json(rfc_scim: ScimClient, ids: dict[str, str], body: Any) -> None:
    """Whatever is sent: 2xx, or a refusal after which everything is as before."""
    raw = json.dumps(body)
    for method, path in SENT[:6]:
        before = stored()
        response = rfc_scim.request(method, path.format(**ids), raw)
        assert response.status_code in {200, 201, 204, 400, 409}, response.content
        if response.status_code >= 400:
            scim_type = response.json()["scimType"]
            refused(response, response.status_code, scim_type)
            assert stored() == before
        elif response.content:
            document = response.json()
            endpoint = path.split("/")[1]
            assert read(rfc_scim, f"/{endpoint}", document["id"]) == document
