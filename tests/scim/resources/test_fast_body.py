"""Plain bodies are read as scim2-models reads them, and are those that clients send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scim.resources.fast_body import read_plainly
from scim.resources.schemas import USER, USER_KIND, schema_documents
from scim.resources.validation import (
    MAX_VALUES,
    TEXT_LIMIT,
    read_resource,
    read_resource_fully,
)
from tests.scim import strategies
from tests.scim.messages import ENTERPRISE, user
from tests.scim.resources.test_fast_patch import outcome

Document = dict[str, Any]

TEXT: strategies.Strategy = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=9
)


def of_schema(attributes: list[Document], *, wrong: bool) -> strategies.Strategy:
    """Values of a complex attribute, each part of its type, or now and then not."""
    parts: dict[str, strategies.Strategy] = {}
    for item in attributes:
        if item["mutability"] != "readWrite" and not wrong:
            continue
        value = TEXT
        if item["type"] == "boolean":
            value = st.booleans()
        elif item["type"] == "complex":
            value = of_schema(item["subAttributes"], wrong=wrong)
        if item["multiValued"]:
            value = st.lists(value, max_size=2)
        if wrong:
            odd: strategies.Strategy = st.sampled_from(
                [None, "", [], {}, 5, True, "true", [None], "x"]
            )
            value = strategies.rarely(odd, value)
        parts[item["name"]] = value
    return st.fixed_dictionaries({}, optional=parts)


def bodies(*, wrong: bool) -> strategies.Strategy:
    core, enterprise, *_ = (item["attributes"] for item in schema_documents())
    return st.builds(
        lambda body, more, part, schemas: body | more | part | {"schemas": schemas},
        of_schema(core, wrong=wrong),
        st.fixed_dictionaries(
            {"userName": TEXT.map(lambda name: f"{name}@contoso.example")},
            optional={
                "externalId": TEXT,
                "meta": st.sampled_from([{"resourceType": "User"}, {}, "x", None]),
                "id": TEXT,
                "unknown": TEXT,
                "TITLE": TEXT,
            }
            if wrong
            else {"externalId": TEXT, "meta": st.just({"resourceType": "User"})},
        ),
        st.fixed_dictionaries(
            {}, optional={ENTERPRISE: of_schema(enterprise, wrong=wrong)}
        ),
        strategies.user_schemas if wrong else st.just([USER, ENTERPRISE]),
    )


BODIES = [bodies(wrong=False), bodies(wrong=True) | strategies.user_bodies]


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 3).flatmap(lambda number: BODIES[number // 2]))
def test_same_as_scim2_models(body: Document) -> None:
    plain = read_plainly(USER_KIND, body, text=TEXT_LIMIT, values=MAX_VALUES)
    event("left to scim2-models" if plain is None else "plain")
    full = outcome(lambda: read_resource_fully(USER_KIND, body))
    assert outcome(lambda: read_resource(USER_KIND, body)) == full
    if plain is not None:
        assert ordered(plain) == ordered(read_resource_fully(USER_KIND, body))


def ordered(value: Any) -> Any:
    """*value* with its objects as lists: their order is what a client reads."""
    if isinstance(value, dict):
        return [(name, ordered(item)) for name, item in value.items()]
    return [ordered(item) for item in value] if isinstance(value, list) else value


def test_what_entra_sends_is_plain() -> None:
    body = user(
        "ada@contoso.example",
        externalId="ada",
        active=True,
        emails=[{"primary": True, "type": "work", "value": "ada@contoso.example"}],
        meta={"resourceType": "User"},
        name={"formatted": "Ada", "familyName": "Lovelace", "givenName": "Ada"},
        **{ENTERPRISE: {"department": "Risk", "manager": {"value": "x"}}},
    )
    body["schemas"] = [USER, ENTERPRISE]
    assert read_plainly(USER_KIND, body, text=TEXT_LIMIT, values=MAX_VALUES) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"active": "True"},
        {"title": 5},
        {"title": None},
        {"title": "x" * (TEXT_LIMIT + 1)},
        {"TITLE": "x"},
        {"userName": ""},
        {"emails": {"value": "x"}},
        {"emails": [{"value": "x"}] * (MAX_VALUES + 1)},
        {"emails": [{"value": "x", "primary": True}] * 2},
        {"password": "secret"},
        {"id": "x"},
        {"groups": []},
        {ENTERPRISE: {"manager": "x"}},
        {ENTERPRISE: {"department": "Risk"}, "schemas": [USER]},
        {"schemas": []},
        {"schemas": [USER.upper()]},
        {"meta": {"created": "yesterday"}},
    ],
)
def test_the_rest_is_not(changes: Document) -> None:
    body = user() | {"schemas": [USER, ENTERPRISE]} | changes
    assert read_plainly(USER_KIND, body, text=TEXT_LIMIT, values=MAX_VALUES) is None
