"""Organizations with schema extensions, for the tests about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scim.extensions import TYPES, ExtensionAttribute
from scim.services import schema_extensions

if TYPE_CHECKING:
    from scim.models import Organization

CONTOSO = "urn:ietf:params:scim:schemas:extension:Contoso:2.0:User"

VALUES: dict[str, Any] = {
    "string": "Blue",
    "boolean": True,
    "decimal": 3.5,
    "integer": 42,
    "dateTime": "2026-03-01T13:00:00+01:00",
    "reference": "https://contoso.example/Badges/1",
    "binary": "QmFkZ2U=",
}
"""A value of each type, as it is stored."""


def extend(
    organization: Organization, name: str = "Contoso", /, **attributes: str
) -> None:
    """Declare an extension with attributes of these types; "exact" is a caseExact string."""
    schema_extensions.add_extension(organization=organization, name=name)
    for attribute, type_ in attributes.items():
        exact = type_ == "exact"
        schema_extensions.add_attribute(
            organization=organization,
            extension=name,
            attribute=ExtensionAttribute(
                attribute, "string" if exact else type_, f"The {attribute}.", exact
            ),
        )


def extend_with_every_type(organization: Organization) -> None:
    """Declare Contoso with an attribute of each type, named like it, and ``exact``."""
    extend(organization, **{type_: type_ for type_ in TYPES}, exact="exact")
