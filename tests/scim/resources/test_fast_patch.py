"""Plain operations give what scim2-models makes of them, and are those that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scim.errors import translate
from scim.resources.fast_patch import patched_plainly
from scim.resources.schemas import USER, USER_KIND, schema_documents
from scim.resources.validation import (
    TEXT_LIMIT,
    patch_user,
    patch_user_fully,
    read_operations,
    read_resource,
)
from tests.scim import strategies
from tests.scim.messages import ENTERPRISE, patch_op, user

if TYPE_CHECKING:
    from collections.abc import Callable

Document = dict[str, Any]

NAMES = ["externalId", *(item["name"] for item in schema_documents()[0]["attributes"])]
PATHS = [
    spelt
    for name in NAMES
    for spelt in (name, name.upper(), f"{USER}:{name}", f"{USER.upper()}:{name}")
]
VALUES: strategies.Strategy = (
    st.sampled_from([True, False, "True", "false", "x", "", None, " ", 1, [], {}])
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)
    | st.just("x" * (TEXT_LIMIT + 1))
)
OPS = st.sampled_from(["add", "Replace", "replace", "remove"])
PLAIN = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "replace"]),
        "path": st.sampled_from(
            [path for path in PATHS if "active" not in path.lower()]
        ),
        "value": st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    }
) | st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "replace"]),
        "path": st.sampled_from([path for path in PATHS if "active" in path.lower()]),
        "value": st.sampled_from([True, False, "True", "FALSE"]),
    }
)
OPERATIONS = st.lists(PLAIN, min_size=1, max_size=4) | st.lists(
    st.fixed_dictionaries(
        {"op": OPS, "path": st.sampled_from(PATHS)}, optional={"value": VALUES}
    )
    | st.fixed_dictionaries(
        {"op": OPS, "value": st.dictionaries(st.sampled_from(PATHS), VALUES)}
    ),
    min_size=1,
    max_size=4,
)


def stored(body: Document) -> Document:
    given = {"schemas": [USER, ENTERPRISE], "userName": "ada@contoso.example"}
    return read_resource(USER_KIND, body | given)


def outcome(patched: Callable[[], Document]) -> Any:
    """What comes of a PATCH: the document, in its order, or the refusal."""
    try:
        document = patched()
    except Exception as exc:  # noqa: BLE001 - both may refuse, in whatever way
        refusal = translate(exc)
        return type(refusal), refusal.scim_type, refusal.detail
    return list(document.items())


@settings(max_examples=600, deadline=None)
@given(
    document=strategies.good_users.map(stored),
    operations=OPERATIONS | strategies.user_operations,
)
def test_same_as_scim2_models(document: Document, operations: list[Document]) -> None:
    read = read_operations(patch_op(*operations))
    plain = patched_plainly(document, read, (), TEXT_LIMIT)
    event("left to scim2-models" if plain is None else "plain")
    full = outcome(lambda: patch_user_fully(USER_KIND, document, read))
    assert outcome(lambda: patch_user(USER_KIND, document, read)) == full
    if plain is not None:
        assert list(plain.items()) == full


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "Replace", "path": "active", "value": "False"}, {"active": False}),
        ({"op": "replace", "path": "active", "value": True}, {"active": True}),
        ({"op": "Add", "path": "displayName", "value": "Ada"}, {"displayName": "Ada"}),
        ({"op": "replace", "path": f"{USER}:title", "value": "x"}, {"title": "x"}),
        ({"op": "replace", "value": {"active": False, "title": "x"}}, None),
    ],
    ids=["disable", "enable", "rename", "by urn", "without path"],
)
def test_what_matters_is_plain(operation: Document, expected: Document | None) -> None:
    document = read_resource(USER_KIND, user(**{ENTERPRISE: {"department": "Risk"}}))
    operations = read_operations(patch_op(operation))
    expected = operation["value"] if expected is None else expected
    assert patched_plainly(document, operations, (), TEXT_LIMIT) == document | expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "active"},
        {"op": "replace", "path": "active", "value": "maybe"},
        {"op": "replace", "path": "title", "value": ""},
        {"op": "replace", "path": "title", "value": "x" * (TEXT_LIMIT + 1)},
        {"op": "replace", "path": "password", "value": "secret"},
        {"op": "replace", "path": "id", "value": "x"},
        {"op": "replace", "path": "name.givenName", "value": "Ada"},
        {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Risk"},
        {"op": "replace", "value": {"title": "x", "TITLE": "y"}},
        {"op": "move", "path": "title", "value": "x"},
    ],
)
def test_the_rest_is_not(operation: Document) -> None:
    document = read_resource(USER_KIND, user())
    operations = read_operations(patch_op(operation))
    assert patched_plainly(document, operations, (), TEXT_LIMIT) is None


def test_values_of_declared_extensions_are_looked_at_again() -> None:
    """What no longer fits its declaration goes with the next PATCH, a plain one too."""
    document = read_resource(USER_KIND, user())
    document["urn:ietf:params:scim:schemas:extension:acme:2.0:User"] = {"badge": 7}
    operations = read_operations(patch_op({"op": "add", "path": "title", "value": "x"}))
    assert patched_plainly(document, operations, (), TEXT_LIMIT) is None
