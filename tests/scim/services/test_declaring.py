"""Declaring schema extensions: names, limits, and what people hold values of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError

from scim.extensions import ExtensionAttribute
from scim.models import Organization
from scim.services import schema_extensions
from tests.scim.extending import CONTOSO, extend
from tests.scim.messages import created, found, patched, read, refused, user

if TYPE_CHECKING:
    from tests.situations import ScimClient


def badge(type_: str = "string", **changes: Any) -> ExtensionAttribute:
    return ExtensionAttribute("badge", type_, "The badge.", **changes)


@pytest.fixture
def holders(scim: ScimClient, contoso: Organization) -> list[str]:
    """Four people with a badge, and the ids of them."""
    extend(contoso, badge="string", locker="string")
    return [
        created(
            scim,
            "/Users",
            user(f"{name}@contoso.example", **{CONTOSO: {"badge": f"B-{name}"}}),
        )["id"]
        for name in ("dee", "cai", "bo", "ada")
    ]


def test_what_people_hold_is_not_removed_and_keeps_its_type(
    scim: ScimClient, contoso: Organization, holders: list[str]
) -> None:
    """It says how many people there are, and names three."""
    before = list(contoso.schema_extensions)
    change: Any = {"organization": contoso, "extension": "contoso"}
    for attempt in (
        lambda: schema_extensions.remove_extension(
            organization=contoso, name="CONTOSO"
        ),
        lambda: schema_extensions.remove_attribute(
            organization=contoso, extension="contoso", name="BADGE"
        ),
        lambda: schema_extensions.change_attribute(
            **change, attribute=badge("integer")
        ),
        lambda: schema_extensions.change_attribute(
            **change, attribute=badge(case_exact=True)
        ),
    ):
        with pytest.raises(ValidationError) as refusal:
            attempt()
        [sentence] = refusal.value.messages
        assert (
            "4 people: ada@contoso.example, bo@contoso.example, cai@contoso.example "
            "and 1 more" in sentence
        )
    contoso.refresh_from_db()
    assert contoso.schema_extensions == before
    assert read(scim, "/Users", holders[0])[CONTOSO] == {"badge": "B-dee"}


def test_what_nobody_holds_changes_and_goes(
    scim: ScimClient, contoso: Organization, holders: list[str]
) -> None:
    """The description may change at any time; all of it when the values are gone."""
    described = ExtensionAttribute("badge", "string", "Printed on the badge.")
    change: Any = {"organization": contoso, "extension": "Contoso"}
    schema_extensions.change_attribute(**change, attribute=described)
    assert schema_extensions.remove_attribute(
        organization=contoso, extension="Contoso", name="locker"
    )
    for scim_id in holders:
        patched(scim, "/Users", scim_id, {"op": "remove", "path": f"{CONTOSO}:badge"})
    schema_extensions.change_attribute(**change, attribute=badge("integer"))
    [attribute] = scim.get(f"/Schemas/{CONTOSO}").json()["attributes"]
    assert (attribute["name"], attribute["type"]) == ("badge", "integer")
    assert schema_extensions.remove_extension(organization=contoso, name="contoso")
    refused(scim.get(f"/Schemas/{CONTOSO}"), 404)
    assert Organization.objects.get(pk=contoso.pk).schema_extensions == []


def test_others_values_keep_nobody_from_removing(
    contoso: Organization, fabrikam: Organization, holders: list[str]
) -> None:
    extend(fabrikam, badge="string")
    assert schema_extensions.remove_extension(organization=fabrikam, name="Contoso")
    contoso.refresh_from_db()
    assert len(contoso.extensions) == 1


@pytest.mark.parametrize(
    "name",
    [
        *("", "1badge", "_badge", "-x", "ba dge", "ba.dge", "ba:dge", "a'b", 'a"b'),
        *("schemas", "ID", "externalId", "Meta", "modelDump", "model_validate_x"),
        *("bädge", "$ref", "x" * 61, "a\n", "a\0", "a%s", "a\\b"),
    ],
)
def test_names_of_attributes(contoso: Organization, name: str) -> None:
    """RFC 7643 section 2.1. A name becomes part of SQL: nothing else may be one."""
    extend(contoso)
    with pytest.raises((ValidationError, ValueError)):
        schema_extensions.add_attribute(
            organization=contoso,
            extension="Contoso",
            attribute=ExtensionAttribute(name, "string"),
        )
    contoso.refresh_from_db()
    assert contoso.extensions[0].attributes == ()


@pytest.mark.parametrize(
    "name",
    [
        *("badge-number", "badge_number", "badge$", "B", "class", "None", "x" * 60),
        *("schema", "copy", "json", "def", "attributes", "title", "modelYear", "id1"),
    ],
)
def test_unusual_names_work(scim: ScimClient, contoso: Organization, name: str) -> None:
    extend(contoso, **{name: "string", "other": "string"})
    ada = created(scim, "/Users", user(**{CONTOSO: {name: "x"}}))
    path = f"{CONTOSO}:{name}"
    answer = patched(
        scim,
        "/Users",
        ada["id"],
        {"op": "Replace", "path": path, "value": "Y"},
        {"op": "replace", "value": {f"{CONTOSO}:other": "o"}},
    ).json()
    assert answer[CONTOSO] == {name: "Y", "other": "o"}
    assert found(scim, "/Users", f'{path} eq "y"') == {"ada@contoso.example"}
    assert read(scim, "/Users", ada["id"], f"?attributes={path}")[CONTOSO] == {
        name: "Y"
    }


@pytest.mark.parametrize("name", ["Title", "Name", "Extension0", "id", "userName"])
def test_extensions_may_be_named_like_anything(
    scim: ScimClient, contoso: Organization, name: str
) -> None:
    extend(contoso, name, title="string")
    urn = CONTOSO.replace("Contoso", name)
    body = user(title="T", name={"givenName": "Ada"}, **{urn: {"title": "U"}})
    ada = created(scim, "/Users", body)
    assert (ada["title"], ada["name"], ada[urn]) == (
        "T",
        {"givenName": "Ada"},
        {"title": "U"},
    )


@pytest.mark.parametrize(
    "name", ["", "1x", "Enterprise", "a:b", "a.b", "x" * 61, "a b"]
)
def test_names_of_extensions(contoso: Organization, name: str) -> None:
    with pytest.raises(ValidationError):
        schema_extensions.add_extension(organization=contoso, name=name)
    contoso.refresh_from_db()
    assert contoso.schema_extensions == []


def test_there_is_one_of_each_name_and_an_end(contoso: Organization) -> None:
    for number in range(10):
        extend(contoso, f"X{number}")
    with pytest.raises(ValidationError, match="at most 10 extensions"):
        extend(contoso, "X10")
    with pytest.raises(ValidationError, match="X1 already"):
        extend(contoso, "x1")
    add: Any = {"organization": contoso, "extension": "x1"}
    for number in range(50):
        schema_extensions.add_attribute(
            **add, attribute=ExtensionAttribute(f"a{number}", "string")
        )
    with pytest.raises(ValidationError, match="at most 50 attributes"):
        schema_extensions.add_attribute(
            **add, attribute=ExtensionAttribute("a50", "string")
        )
    with pytest.raises(ValidationError, match="a7 already"):
        schema_extensions.add_attribute(
            **add, attribute=ExtensionAttribute("A7", "string")
        )
    contoso.refresh_from_db()
    assert [len(item.attributes) for item in contoso.extensions].count(50) == 1
