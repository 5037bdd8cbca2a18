"""PATCH of extensions that an organization declared, in Entra's two flavours.

Numbers are those of docs/scim.md, as in test_entra_flavours.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scim.extensions import TYPES
from scim.models import Organization, ProvisioningEvent
from tests.scim.extending import CONTOSO, VALUES, extend_with_every_type
from tests.scim.messages import USER, Document, created, patched, read, user

if TYPE_CHECKING:
    from tests.situations import ScimClient


@pytest.fixture
def ada(scim: ScimClient, contoso: Organization) -> Document:
    extend_with_every_type(contoso)
    return created(scim, "/Users", user(**{CONTOSO: VALUES}))


SHAPES: list[tuple[str, list[Document], Document]] = [
    (
        "P1",
        [{"op": "Replace", "path": f"{CONTOSO}:string", "value": "Red"}],
        VALUES | {"string": "Red"},
    ),
    (
        "P2",
        [{"op": "Add", "path": f"{CONTOSO}:exact", "value": "E"}],
        VALUES | {"exact": "E"},
    ),
    (
        "P5 as strings",
        [
            {"op": "Replace", "path": f"{CONTOSO}:integer", "value": "43"},
            {"op": "Replace", "path": f"{CONTOSO}:boolean", "value": "False"},
            {"op": "Replace", "path": f"{CONTOSO}:decimal", "value": "4.25"},
        ],
        VALUES | {"integer": 43, "boolean": False, "decimal": 4.25},
    ),
    (
        "P12",
        [{"op": "Remove", "path": f"{CONTOSO}:integer"}],
        {name: value for name, value in VALUES.items() if name != "integer"},
    ),
    (
        "P12 value",
        [{"op": "Remove", "path": f"{CONTOSO}:integer", "value": "42"}],
        {name: value for name, value in VALUES.items() if name != "integer"},
    ),
    (
        "N2",
        [
            {
                "op": "replace",
                "value": {f"{CONTOSO}:integer": "43", f"{CONTOSO}:string": "Red"},
            }
        ],
        VALUES | {"integer": 43, "string": "Red"},
    ),
    (
        "N2 letter case",
        [{"op": "replace", "value": {f"{CONTOSO.upper()}:INTEGER": 43}}],
        VALUES | {"integer": 43},
    ),
    (
        "N4",
        [{"op": "add", "path": f"{CONTOSO}:exact", "value": "E"}],
        VALUES | {"exact": "E"},
    ),
    (
        "N7",
        [{"op": "replace", "value": {CONTOSO: {"integer": "43", "boolean": "false"}}}],
        VALUES | {"integer": 43, "boolean": False},
    ),
    (
        "the extension by its path",
        [{"op": "add", "path": CONTOSO, "value": {"integer": "43"}}],
        VALUES | {"integer": 43},
    ),
    (
        "clearing by path",
        [
            {"op": "Replace", "path": f"{CONTOSO}:{name}", "value": empty}
            for name, empty in zip(TYPES, ["", None] * 4, strict=False)
        ],
        {},
    ),
    (
        "clearing, folded",
        [{"op": "replace", "value": {f"{CONTOSO}:{name}": "" for name in TYPES}}],
        {},
    ),
    ("clearing, nested", [{"op": "replace", "value": {CONTOSO: dict.fromkeys(TYPES)}}], {}),
    ("the whole extension", [{"op": "remove", "path": CONTOSO}], {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operations", "part"), [pytest.param(*case[1:], id=case[0]) for case in SHAPES]
)
def test_every_shape_of_entras_patch(
    scim: ScimClient, ada: Document, operations: list[Document], part: Document
) -> None:
    """Both flavours; the rest of the user stays as it is."""
    answer = patched(scim, "/Users", ada["id"], *operations).json()
    assert read(scim, "/Users", ada["id"]) == answer
    assert answer.get(CONTOSO, {}) == part
    assert answer["schemas"] == ([USER, CONTOSO] if part else [USER])
    others = {"meta", "schemas", CONTOSO}
    assert {k: v for k, v in answer.items() if k not in others} == {
        k: v for k, v in ada.items() if k not in others
    }


def test_repeating_a_value_is_no_change(scim: ScimClient, ada: Document) -> None:
    """A client that repeats itself, as strings even, sees no lastModified move."""
    again = [
        {"op": "Replace", "path": f"{CONTOSO}:{name}", "value": str(value)}
        for name, value in VALUES.items()
    ]
    assert patched(scim, "/Users", ada["id"], *again).json() == ada


def test_the_event_names_what_changed(scim: ScimClient, ada: Document) -> None:
    patched(
        scim,
        "/Users",
        ada["id"],
        {"op": "Replace", "path": f"{CONTOSO}:integer", "value": "43"},
    )
    event = ProvisioningEvent.objects.filter(method="PATCH").get()
    assert event.changes == {f"{CONTOSO}:integer": [42, 43]}
