"""Filters on attributes of extensions: each type as RFC 7644 section 3.4.2.2 has it.

The last test holds our SQL to scim2-models' evaluator, as test_filter_oracle.py does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from scim2_models import Extension, ResourceType, Schema, ScimFilter, ScimProvider

from scim.models import DirectoryUser
from scim.query.filters import resource_filter
from scim.resources.representation import user_document
from scim.resources.schemas import (
    POLICY,
    PROVIDER,
    extension_document,
    resource_type_documents,
)
from tests.scim.extending import CONTOSO, VALUES, extend, extend_with_every_type
from tests.scim.messages import (
    ENTERPRISE,
    SEARCH_REQUEST,
    USER,
    created,
    filter_query,
    found,
    group,
    listed,
    refused,
    user,
)

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient

PEOPLE: dict[str, dict[str, Any]] = {
    "ada": VALUES,
    "bo": {
        "string": "ÄDA 100%",
        "exact": "Blue",
        "boolean": False,
        "decimal": -0.125,
        "integer": 9,
        "dateTime": "2026-03-01T12:00:00.001Z",
        "reference": "https://contoso.example/badges/1",
        "binary": "qmfKz2u=",
    },
    "cai": {
        "string": "äda",
        "exact": "blue",
        "decimal": 10,
        "integer": -(2**63),
        "dateTime": "2026-02-28T23:59:59.999999-05:00",
        "binary": "",
    },
    "dee": {"integer": 2**63 - 1, "decimal": 1e-7, "dateTime": "9999-12-31T23:59:59Z"},
    "eve": {},
}


@pytest.fixture
def people(contoso: Organization, scim: ScimClient) -> None:
    extend_with_every_type(contoso)
    for name, values in PEOPLE.items():
        created(scim, "/Users", user(f"{name}@contoso.example", **{CONTOSO: values}))


EXAMPLES = [
    ('string eq "blue"', "ada"),
    ('string ne "blue"', "bo cai dee eve"),
    ('string co "äDa"', "bo cai"),
    ('string sw "ädA 1"', "bo"),
    ('string ew "%"', "bo"),
    ('string gt "blue"', "bo cai"),
    ("string pr", "ada bo cai"),
    ("string eq null", "dee eve"),
    ("string pr and not (ENTRY:boolean pr)", "cai"),
    ('exact eq "Blue"', "bo"),
    ('exact co "lue"', "bo cai"),
    ("boolean eq true", "ada"),
    ('boolean eq "False"', "bo"),
    ("boolean ne true", "bo cai dee eve"),
    ("boolean pr", "ada bo"),
    ("integer gt 9", "ada dee"),
    ('integer gt "9"', "ada dee"),
    ("integer ge 9", "ada bo dee"),
    ("integer lt 10", "bo cai"),
    ("integer le -9223372036854775808", "cai"),
    ("integer eq 9223372036854775807", "dee"),
    ("integer ne 42", "bo cai dee eve"),
    ("decimal eq 3.5", "ada"),
    ('decimal eq "3.50"', "ada"),
    ("decimal eq 10", "cai"),
    ("decimal gt 9", "cai"),
    ("decimal lt 0", "bo"),
    ("decimal gt 0.00000005 and ENTRY:decimal lt 0.0000002", "dee"),
    ('dateTime eq "2026-03-01T12:00:00Z"', "ada"),
    ('dateTime ge "2026-03-01T12:00:00Z"', "ada bo dee"),
    ('dateTime lt "2026-03-01T14:00:00.001+02:00"', "ada cai"),
    ('dateTime ne "2026-03-01T11:00:00-01:00"', "bo cai dee eve"),
    ('reference eq "https://contoso.example/Badges/1"', "ada"),
    ('reference sw "https://contoso.example/b"', "bo"),
    ('binary eq "QmFkZ2U="', "ada"),
    ("binary pr", "ada bo"),
    ('STRING eq "BLUE"', "ada"),
]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("text", "names"), EXAMPLES)
def test_filters_by_type(scim: ScimClient, text: str, names: str) -> None:
    """Text, numbers as numbers (9 < 10), booleans, and moments whatever the offset."""
    text = f"{CONTOSO}:{text}".replace("ENTRY", CONTOSO)
    assert found(scim, "/Users", text) == {
        f"{name}@contoso.example" for name in names.split()
    }


@pytest.mark.usefixtures("people")
def test_filters_over_several_schemas(scim: ScimClient) -> None:
    ada, eve = "ada@contoso.example", "eve@contoso.example"
    text = f'userName sw "ada" and {CONTOSO}:integer ge 42'
    assert found(scim, "/Users", text) == {ada}
    assert found(scim, "/Users", f'schemas ne "{CONTOSO}"') == {eve}
    assert len(found(scim, "/Users", f'schemas eq "{CONTOSO}"')) == 4
    assert len(found(scim, "/Users", 'schemas co "contoso"')) == 4
    assert found(scim, "/Users", f'schemas eq "{ENTERPRISE}"') == set()
    assert len(found(scim, "/Users", f'schemas eq "{USER}"')) == 5


@pytest.mark.usefixtures("people")
def test_search_at_the_root_matches_no_group(scim: ScimClient) -> None:
    """RFC 7644 section 3.4.2.1: an attribute of other resources is false here."""
    created(scim, "/Groups", group("Blue"))
    text = f'{CONTOSO}:string eq "blue" or displayName eq "blue"'
    for endpoint, number in (("", 2), ("/Users", 1)):
        body = {"schemas": [SEARCH_REQUEST], "filter": text}
        assert len(listed(scim.post(f"{endpoint}/.search", body))) == number


REFUSED = [
    "string gt 5",
    "boolean gt true",
    'boolean co "tr"',
    "integer eq 1.5",
    "integer eq true",
    'integer eq "x"',
    'integer eq ""',
    "integer eq 9223372036854775808",
    f"integer gt {'9' * 400}",
    "integer co 4",
    'integer sw "4"',
    "decimal eq true",
    'decimal eq "NaN"',
    "decimal gt 1e300",
    'decimal ew "5"',
    'dateTime co "2026"',
    'dateTime eq "yesterday"',
    "dateTime gt 5",
    'dateTime gt "0001-01-01T00:00:00+14:00"',
    "dateTime gt null",
    'string[value eq "x"]',
    'string.value eq "x"',
    'shoeSize eq "41"',
    'string eq "\\u0000"',
]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("text", REFUSED)
def test_comparisons_that_a_type_does_not_take(scim: ScimClient, text: str) -> None:
    """A clear 400 invalidFilter; no term is dropped, and no number is too large."""
    query = filter_query(f"{CONTOSO}:{text}")
    refused(scim.get(f"/Users?{query}"), 400, "invalidFilter")
    inside = filter_query(f'userName eq "ada@contoso.example" or {CONTOSO}:{text}')
    refused(scim.get(f"/Users?{inside}"), 400, "invalidFilter")


def test_a_short_name_means_no_extension(
    scim: ScimClient, contoso: Organization
) -> None:
    """RFC 7644 section 3.10: attributes of extensions are named with their URN."""
    extend(contoso, badge="string")
    refused(scim.get(f"/Users?{filter_query('badge pr')}"), 400, "invalidFilter")


# ------------------------------------------------------------------------ the oracle
def compared(attributes: list[str], ops: list[str], operands: list[str]) -> Any:
    return st.builds(
        f"{CONTOSO}:{{}} {{}} {{}}".format,
        st.sampled_from(attributes),
        st.sampled_from(ops),
        st.sampled_from(operands),
    )


EQUALITY = ["eq", "ne"]
ORDER = [*EQUALITY, "gt", "ge", "lt", "le"]
TEXT = [*ORDER, "co", "sw", "ew"]
NUMBERS = ["9", "10", "-0.125", "42", "3.5", "0", "1e-7"]
WHOLE = ["9", "10", "42", "0", str(2**63 - 1), str(-(2**63))]
MOMENTS = ['"2026-03-01T12:00:00Z"', '"2026-03-01T13:00:00.001+01:00"']
WORDS = [
    '"blue"',
    '"Blue"',
    '"äda"',
    '"%"',
    '""',
    '"QmFkZ2U="',
    f'"{VALUES["reference"]}"',
]

terms = (
    compared(["string", "exact", "reference", "binary"], TEXT, WORDS)
    | compared(["boolean"], EQUALITY, ["true", "false"])
    | compared(["decimal"], ORDER, NUMBERS)
    | compared(["integer"], ORDER, WHOLE)
    | compared(["dateTime"], ORDER, MOMENTS)
    | st.sampled_from([*VALUES, "exact"]).map(lambda name: f"{CONTOSO}:{name} pr")
    | st.sampled_from(["string", "integer"]).map(
        lambda name: f"{CONTOSO}:{name} eq null"
    )
)
filters = st.recursive(
    terms,
    lambda part: (
        st.builds("{} and {}".format, part, part)
        | st.builds("({} or {}) and {}".format, part, part, part)
        | st.builds("not ({})".format, part)
    ),
    max_leaves=4,
)


@pytest.fixture
def evaluated(people: None, contoso: Organization) -> dict[str, Any]:
    """userName to the resource, in types of scim2-models that know what a dateTime is."""
    [own] = contoso.extensions
    document = extension_document(own)
    for attribute in document["attributes"]:
        if attribute["type"] in {"reference", "binary"}:
            attribute["type"] = "string"
    provider = ScimProvider(
        [*PROVIDER.models, Extension.from_schema(Schema.model_validate(document))],
        [
            ResourceType.model_validate(item)
            for item in resource_type_documents(contoso.extensions)
        ],
        policy=POLICY,
    )
    model: Any = provider.model_for("User")
    return {
        row.scim_username: model.model_validate(user_document(row))
        for row in DirectoryUser.objects.all()
    }


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=filters)
def test_sql_and_evaluator_agree(
    evaluated: dict[str, Any], contoso: Organization, text: str
) -> None:
    rows = DirectoryUser.objects.filter(resource_filter("User", text, contoso))
    names = set(rows.values_list("scim_username", flat=True))
    bound: Any = ScimFilter.__class_getitem__(type(next(iter(evaluated.values()))))
    expected = {name for name, item in evaluated.items() if bound(text).match(item)}
    event("all" if len(expected) == 5 else "none" if not expected else "some")
    assert names == expected
