"""Schema extensions that an organization declares: RFC 7643 sections 2.3, 3.3 and 6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.extensions import TYPES
from scim.models import DirectoryUser, Organization
from tests.scim.db.test_queries import at_most
from tests.scim.extending import CONTOSO, VALUES, extend, extend_with_every_type
from tests.scim.messages import (
    ENTERPRISE,
    GROUP,
    USER,
    Document,
    created,
    filter_query,
    found,
    group,
    listed,
    patch_op,
    patched,
    read,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient


@pytest.fixture
def extended(contoso: Organization) -> Organization:
    extend_with_every_type(contoso)
    return contoso


@pytest.fixture
def ada(scim: ScimClient, extended: Organization) -> Document:
    return created(scim, "/Users", user(**{CONTOSO: VALUES}))


# ---------------------------------------------------------------------- round trips
def test_values_of_every_type_round_trip(scim: ScimClient, ada: Document) -> None:
    """RFC 7643 section 3.3: the values below the URN, which stands in schemas."""
    assert ada["schemas"] == [USER, CONTOSO]
    assert ada[CONTOSO] == VALUES
    assert read(scim, "/Users", ada["id"]) == ada
    assert listed(scim.get("/Users")) == [ada]
    assert DirectoryUser.objects.get().data[CONTOSO] == VALUES


def test_schemas_name_the_extensions_that_are_there(
    scim: ScimClient, extended: Organization
) -> None:
    """K16; Entra leaves the URN of a custom extension out of schemas."""
    body = user(**{CONTOSO: {"string": "x"}, ENTERPRISE: {"department": "Risk"}})
    assert created(scim, "/Users", body)["schemas"] == [USER, ENTERPRISE, CONTOSO]
    bo = user(
        "bo@contoso.example", schemas=[USER, CONTOSO], **{CONTOSO: {"string": ""}}
    )
    answer = created(scim, "/Users", bo)
    assert answer["schemas"] == [USER]
    assert CONTOSO not in answer


def test_names_are_matched_without_letter_case(
    scim: ScimClient, extended: Organization
) -> None:
    body = user(**{CONTOSO.upper(): {"STRING": "x", "DATETIME": VALUES["dateTime"]}})
    answer = created(scim, "/Users", body)
    assert answer[CONTOSO] == {"string": "x", "dateTime": VALUES["dateTime"]}


def test_put_replaces_the_extension(scim: ScimClient, ada: Document) -> None:
    body = user(**{CONTOSO: {"integer": 7}})
    answer = scim.put(f"/Users/{ada['id']}", body).json()
    assert answer[CONTOSO] == {"integer": 7}
    answer = scim.put(f"/Users/{ada['id']}", user()).json()
    assert answer["schemas"] == [USER]
    assert CONTOSO not in DirectoryUser.objects.get().data


@pytest.mark.parametrize("name", ["active", "primary", "manager", "value", "userName"])
def test_a_name_of_a_core_attribute_is_an_attribute_like_others(
    scim: ScimClient, contoso: Organization, name: str
) -> None:
    """Mendings of active, primary and manager do not reach into extensions."""
    extend(contoso, **{name: "string"})
    ada = created(scim, "/Users", user(**{CONTOSO: {name: "True"}}))
    assert ada[CONTOSO] == {name: "True"}
    path = f"{CONTOSO}:{name}"
    for value, operation in (
        ("Anders", {"op": "Replace", "path": path, "value": "Anders"}),
        ("Bea", {"op": "replace", "value": {path: "Bea"}}),
        ("Cai", {"op": "replace", "value": {CONTOSO: {name: "Cai"}}}),
    ):
        answer = patched(scim, "/Users", ada["id"], operation).json()
        assert answer[CONTOSO] == {name: value}
        assert answer["userName"] == "ada@contoso.example"
        assert "active" not in answer
    assert found(scim, "/Users", f'{path} eq "cai"') == {"ada@contoso.example"}


# --------------------------------------------------------------------------- values
@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("boolean", "True", True),
        ("boolean", "false", False),
        ("integer", "42", 42),
        ("integer", "-7", -7),
        ("integer", 0, 0),
        ("integer", 2**63 - 1, 2**63 - 1),
        ("integer", -(2**63), -(2**63)),
        ("decimal", "3.50", 3.5),
        ("decimal", "-0", 0.0),
        ("decimal", 5, 5.0),
        ("decimal", "1e-7", 1e-7),
        ("decimal", 0.1 + 0.2, 0.1 + 0.2),
        ("decimal", 999999999999999.9, 999999999999999.9),
        (
            "dateTime",
            "2026-03-01T12:00:00.123456789Z",
            "2026-03-01T12:00:00.123456789Z",
        ),
        ("dateTime", "2026-03-01T12:00:00", "2026-03-01T12:00:00"),
        ("string", "no rule about text", "no rule about text"),
        ("reference", "not a URI", "not a URI"),
        ("binary", "not base64!", "not base64!"),
    ],
)
def test_values_are_read_by_their_type(
    scim: ScimClient, extended: Organization, name: str, sent: Any, kept: Any
) -> None:
    """Entra sends numbers and booleans as strings; a dateTime stays as sent."""
    ada = created(scim, "/Users", user(**{CONTOSO: {name: sent}}))
    again = patched(
        scim,
        "/Users",
        ada["id"],
        {"op": "Remove", "path": f"{CONTOSO}:{name}"},
        {"op": "Add", "path": f"{CONTOSO}:{name}", "value": sent},
    ).json()
    for value in (ada[CONTOSO][name], again[CONTOSO][name]):
        assert value == kept
        assert type(value) is type(kept)
    assert read(scim, "/Users", ada["id"])[CONTOSO] == {name: kept}


BAD_VALUES: list[tuple[str, str, list[Any]]] = [
    ("boolean", "true or false", [1, "yes", [True], {"a": 1}]),
    (
        "integer",
        "a whole number",
        [1.5, 1e300, "1.5", "x", True, [1], "1" * 20, "\u0661"],
    ),
    ("integer", "64 bits", [2**63, str(2**63), str(-(2**63) - 1)]),
    (
        "decimal",
        "a number, such as 3.5",
        ["NaN", "Infinity", "1,5", ".5", True, [1.5], "9" * 50],
    ),
    ("decimal", "must lie between", [1e15, -1e300, "1e999"]),
    (
        "dateTime",
        "a date and time like",
        [
            *("2026-03-01", "12:00:00", "yesterday", "2026-02-30T12:00:00Z"),
            *("2026-03-01 12:00:00Z", "0001-01-01T00:00:00+14:00"),
            *("2026-W09-7T12:00", "2026-03-01T12:00:00Z\n"),
        ],
    ),
    *[
        (name, "a string", [1, True, ["x"], {"value": "x"}])
        for name in ("string", "dateTime", "reference", "binary")
    ],
]


@pytest.mark.parametrize(("name", "says", "values"), BAD_VALUES)
def test_values_of_another_type_are_refused(
    scim: ScimClient, extended: Organization, name: str, says: str, values: list[Any]
) -> None:
    path = f"{CONTOSO}:{name}"
    ada = created(scim, "/Users", user())
    for bad in values:
        body = user("bo@contoso.example", **{CONTOSO: {name: bad}})
        sentence = refused(scim.post("/Users", body), 400, "invalidValue")
        assert sentence.startswith(f"{path} must")
        assert says in sentence
        for operation in (
            {"op": "Add", "path": path, "value": bad},
            {"op": "replace", "value": {path: bad}},
            {"op": "replace", "value": {CONTOSO: {name: bad}}},
            {"op": "replace", "path": CONTOSO, "value": {name: bad}},
        ):
            answer = scim.patch(f"/Users/{ada['id']}", patch_op(operation))
            assert says in refused(answer, 400, "invalidValue")
    assert listed(scim.get("/Users")) == [ada]


@pytest.mark.parametrize("bad", ["x", 5, ["x"], [{"string": "x"}], True])
def test_an_extension_is_an_object(
    scim: ScimClient, extended: Organization, bad: Any
) -> None:
    refused(scim.post("/Users", user(**{CONTOSO: bad})), 400, "invalidValue")
    assert DirectoryUser.objects.count() == 0


def test_what_the_extension_does_not_declare_is_ignored(
    scim: ScimClient, extended: Organization
) -> None:
    """As everywhere: Entra sends attributes that nobody mapped."""
    ada = created(scim, "/Users", user(**{CONTOSO: {"shoeSize": 41, "string": "x"}}))
    assert ada[CONTOSO] == {"string": "x"}
    path = f"{CONTOSO}:shoeSize"
    patched(scim, "/Users", ada["id"], {"op": "replace", "value": {path: "41"}})
    assert read(scim, "/Users", ada["id"]) == ada


# ---------------------------------------------------------------------- projection
@pytest.mark.parametrize(
    ("query", "part"),
    [
        (f"attributes={CONTOSO}:string", {"string": "Blue"}),
        (f"attributes={CONTOSO.upper()}:STRING,userName", {"string": "Blue"}),
        (f"attributes={CONTOSO}", VALUES),
        ("attributes=userName", None),
        (f"attributes={CONTOSO}:exact", None),
        (f"attributes={ENTERPRISE}", None),
        (f"excludedAttributes={CONTOSO}", None),
        (
            f"excludedAttributes={CONTOSO}:string,{CONTOSO}:dateTime",
            {k: v for k, v in VALUES.items() if k not in {"string", "dateTime"}},
        ),
        ("excludedAttributes=string", VALUES),
    ],
)
def test_projection(scim: ScimClient, ada: Document, query: str, part: Any) -> None:
    """RFC 7644 section 3.9, with the whole names of section 3.10."""
    for answer in (
        read(scim, "/Users", ada["id"], f"?{query}"),
        listed(scim.get(f"/Users?{query}"))[0],
    ):
        assert answer.get(CONTOSO) == part


# ----------------------------------------------------------------------- discovery
def test_schemas_declare_the_extension(
    scim: ScimClient, extended: Organization
) -> None:
    """RFC 7643 section 7; caseExact where the type is of text only."""
    document = scim.get(f"/Schemas/{CONTOSO}").json()
    assert document["id"] == CONTOSO
    assert document["meta"]["location"].endswith(f"/Schemas/{CONTOSO}")
    assert {item["name"]: item["type"] for item in document["attributes"]} == {
        **{name: name for name in TYPES},
        "exact": "string",
    }
    exact = {item["name"]: item.get("caseExact") for item in document["attributes"]}
    assert exact == {
        **dict.fromkeys(TYPES),
        "string": False,
        "exact": True,
        "reference": True,
        "binary": True,
    }
    for attribute in document["attributes"]:
        assert attribute["description"] == f"The {attribute['name']}."
        assert (attribute["required"], attribute["multiValued"]) == (False, False)
    schemas = [item["id"] for item in listed(scim.get("/Schemas"))]
    assert schemas == [USER, ENTERPRISE, CONTOSO, GROUP]


def test_resource_types_bind_the_extension(
    scim: ScimClient, extended: Organization
) -> None:
    document = scim.get("/ResourceTypes/User").json()
    assert document["schemaExtensions"] == [
        {"schema": ENTERPRISE, "required": False},
        {"schema": CONTOSO, "required": False},
    ]
    assert "schemaExtensions" not in scim.get("/ResourceTypes/Group").json()


def test_an_extension_without_attributes_is_not_served(
    scim: ScimClient, contoso: Organization
) -> None:
    """A schema without any says nothing, and scim2-tester finds fault with it."""
    extend(contoso)
    refused(scim.get(f"/Schemas/{CONTOSO}"), 404)
    assert "Contoso:2.0" not in scim.get("/ResourceTypes").content.decode()
    assert created(scim, "/Users", user(**{CONTOSO: {"x": "y"}}))["schemas"] == [USER]


def test_a_change_of_definitions_is_in_force_with_the_next_call(
    scim: ScimClient, contoso: Organization
) -> None:
    body = user(**{CONTOSO: {"badge": "B-1"}})
    ada = created(scim, "/Users", body)
    assert CONTOSO not in ada
    refused(
        scim.get(f"/Users?{filter_query(f'{CONTOSO}:badge pr')}"), 400, "invalidFilter"
    )
    extend(contoso, badge="string")
    assert scim.put(f"/Users/{ada['id']}", body).json()[CONTOSO] == {"badge": "B-1"}
    assert len(listed(scim.get(f"/Users?{filter_query(f'{CONTOSO}:badge pr')}"))) == 1


# ----------------------------------------------------------------------- isolation
def test_another_organizations_extension_is_unknown_here(
    scim: ScimClient, fabrikam_scim: ScimClient, ada: Document
) -> None:
    """No schema, no values, no filter and no path of Contoso's at Fabrikam."""
    body = user("bo@fabrikam.example", **{CONTOSO: VALUES})
    bo = created(fabrikam_scim, "/Users", body)
    assert bo["schemas"] == [USER]
    assert CONTOSO not in bo
    refused(fabrikam_scim.get(f"/Schemas/{CONTOSO}"), 404)
    query = filter_query(f'{CONTOSO}:string eq "Blue"')
    refused(fabrikam_scim.get(f"/Users?{query}"), 400, "invalidFilter")
    patched(
        fabrikam_scim, "/Users", bo["id"], {"op": "replace", "value": {CONTOSO: VALUES}}
    )
    assert CONTOSO not in read(fabrikam_scim, "/Users", bo["id"])
    assert "Contoso" not in fabrikam_scim.get("/Schemas").content.decode()
    assert "Contoso:2.0" not in fabrikam_scim.get("/ResourceTypes").content.decode()


def test_two_organizations_with_one_urn_and_different_types(
    scim: ScimClient,
    fabrikam_scim: ScimClient,
    contoso: Organization,
    fabrikam: Organization,
) -> None:
    extend(contoso, badge="integer")
    extend(fabrikam, badge="string")
    ada = created(scim, "/Users", user(**{CONTOSO: {"badge": "10"}}))
    bo = user("bo@fabrikam.example", **{CONTOSO: {"badge": "10"}})
    assert ada[CONTOSO] == {"badge": 10}
    assert created(fabrikam_scim, "/Users", bo)[CONTOSO] == {"badge": "10"}
    nine = filter_query(f'{CONTOSO}:badge gt "9"')
    assert len(listed(scim.get(f"/Users?{nine}"))) == 1
    assert listed(fabrikam_scim.get(f"/Users?{nine}")) == []
    types = [
        client.get(f"/Schemas/{CONTOSO}").json()["attributes"][0]["type"]
        for client in (scim, fabrikam_scim)
    ]
    assert types == ["integer", "string"]


# --------------------------------------------------------------------------- limits
def test_a_value_that_a_race_left_behind_is_in_nobodys_way(
    scim: ScimClient, contoso: Organization, ada: Document
) -> None:
    """A definition that changed while the value arrived; the next PATCH drops it."""
    contoso.schema_extensions = []
    contoso.save()
    extend(contoso, string="integer", boolean="decimal", binary="binary")
    for op in ("gt", "lt", "ne", "eq"):
        query = filter_query(f"{CONTOSO}:string {op} 5")
        names = [item["id"] for item in listed(scim.get(f"/Users?{query}"))]
        assert names == ([ada["id"]] if op == "ne" else [])
    title = {"op": "Replace", "path": "title", "value": "Head"}
    answer = patched(scim, "/Users", ada["id"], title).json()
    assert answer["title"] == "Head"
    assert answer[CONTOSO] == {"binary": VALUES["binary"]}


# ------------------------------------------------------------------------- queries
def test_extensions_cost_no_query(scim: ScimClient, ada: Document) -> None:
    """The definitions are in the row that authentication has loaded (design, 7)."""
    with at_most(4):
        scim.get(f"/Users/{ada['id']}")
    with at_most(4):
        query = filter_query(f"{CONTOSO}:integer gt 9")
        assert len(listed(scim.get(f"/Users?{query}"))) == 1
    with at_most(6):
        created(scim, "/Users", user("bo@contoso.example", **{CONTOSO: VALUES}))
    with at_most(8):
        operation = {"op": "Replace", "path": f"{CONTOSO}:integer", "value": "43"}
        patched(scim, "/Users", ada["id"], operation)


def test_groups_have_no_extensions(scim: ScimClient, ada: Document) -> None:
    body = group(**{CONTOSO: VALUES})
    assert CONTOSO not in created(scim, "/Groups", body)
    query = filter_query(f'{CONTOSO}:string eq "Blue"')
    refused(scim.get(f"/Groups?{query}"), 400, "invalidFilter")
