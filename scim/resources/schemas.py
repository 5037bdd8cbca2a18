"""Our schema documents, and the scim2-models types and policy made from them.

The documents answer ``/Schemas`` and are what input is validated against, so the two
cannot disagree. They declare RFC 7643 sections 4.1 to 4.3 whole, and differ from the
schemas of scim2-models in two places: ``manager.$ref`` is not required, and an e-mail
address is any string (design, decision 5: the client's data is stored as sent).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scim2_models import (
    PatchOp,
    Path,
    ResourceType,
    Schema,
    ScimPolicy,
    ScimProvider,
)

from scim.extensions import (
    ExtensionAttribute,
    Extensions,
    SchemaExtension,
    by_whole_name,
)

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

Document = dict[str, Any]


def _attribute(
    name: str,
    description: str,
    *,
    type_: str = "string",
    sub: list[Document] | None = None,
    **characteristics: Any,
) -> Document:
    """Return one attribute definition (RFC 7643 section 7) with the RFC's defaults."""
    attribute: Document = {
        "name": name,
        "type": "complex" if sub is not None else type_,
        "multiValued": False,
        "description": description,
        "required": False,
        "mutability": "readWrite",
        "returned": "default",
    }
    if sub is None and type_ in {"string", "reference", "binary"}:
        attribute["caseExact"] = type_ in {"reference", "binary"}
    attribute["uniqueness"] = "none"
    attribute |= characteristics
    if sub is not None:
        attribute["subAttributes"] = sub
    return attribute


def _value_list(
    name: str,
    description: str,
    *,
    types: list[str] | None = None,
    value: Document | None = None,
) -> Document:
    """Return a multi-valued attribute with the sub-attributes of RFC 7643 section 2.4."""
    kind = _attribute("type", "A label for the function of the value.")
    if types:
        kind["canonicalValues"] = types
    return _attribute(
        name,
        description,
        multiValued=True,
        sub=[
            value or _attribute("value", "The value itself."),
            _attribute("display", "A human-readable name of the value."),
            kind,
            _attribute(
                "primary",
                "Whether this is the preferred value; true at most once.",
                type_="boolean",
            ),
        ],
    )


_NAME = _attribute(
    "name",
    "The components of the person's name.",
    sub=[
        _attribute("formatted", "The full name, ready to be displayed."),
        _attribute("familyName", "The family name."),
        _attribute("givenName", "The given name."),
        _attribute("middleName", "The middle names."),
        _attribute("honorificPrefix", "The title before the name."),
        _attribute("honorificSuffix", "The suffix after the name."),
    ],
)

_ADDRESSES = _attribute(
    "addresses",
    "Postal addresses.",
    multiValued=True,
    sub=[
        _attribute("formatted", "The whole address, with line breaks."),
        _attribute("streetAddress", "Street, number and what belongs to them."),
        _attribute("locality", "City or locality."),
        _attribute("region", "State or region."),
        _attribute("postalCode", "Postal code."),
        _attribute("country", "Country."),
        _attribute(
            "type", "The kind of address.", canonicalValues=["work", "home", "other"]
        ),
        # RFC 7643 section 4.1.2 has it, its schema listing forgot it (erratum 5990).
        _attribute(
            "primary",
            "Whether this is the preferred address; true at most once.",
            type_="boolean",
        ),
    ],
)

_USER_GROUPS = _attribute(
    "groups",
    "The groups this person is a member of.",
    multiValued=True,
    mutability="readOnly",
    sub=[
        _attribute(
            "value", "The id of the group.", caseExact=True, mutability="readOnly"
        ),
        _attribute(
            "$ref",
            "The URL of the group.",
            type_="reference",
            referenceTypes=["Group"],
            mutability="readOnly",
        ),
        _attribute("display", "The name of the group.", mutability="readOnly"),
        _attribute(
            "type",
            "How the membership comes about.",
            canonicalValues=["direct", "indirect"],
            mutability="readOnly",
        ),
    ],
)

_PASSWORD = _attribute(
    "password",
    "Accepted and dropped: people sign in through the identity provider.",
    caseExact=True,
    mutability="writeOnly",
    returned="never",
)

_USER_SCHEMA: Document = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    "id": USER,
    "name": "User",
    "description": "User Account",
    "attributes": [
        _attribute(
            "userName",
            "The unique name of the person, shown as User ID.",
            required=True,
            uniqueness="server",
        ),
        _NAME,
        _attribute("displayName", "The name to show, shown as User Name."),
        _attribute("nickName", "The casual name."),
        _attribute(
            "profileUrl",
            "The URL of the person's profile.",
            type_="reference",
            referenceTypes=["external"],
        ),
        _attribute("title", "The job title."),
        _attribute("userType", "The relation to the organization."),
        _attribute("preferredLanguage", "The preferred language."),
        _attribute("locale", "The location used for formats."),
        _attribute("timezone", "The time zone."),
        _attribute("active", "Whether the person is enabled.", type_="boolean"),
        _PASSWORD,
        _value_list("emails", "E-mail addresses.", types=["work", "home", "other"]),
        _value_list(
            "phoneNumbers",
            "Telephone numbers.",
            types=["work", "home", "mobile", "fax", "pager", "other"],
        ),
        _value_list(
            "ims",
            "Instant messaging addresses.",
            types=["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"],
        ),
        _value_list(
            "photos",
            "URLs of photos.",
            types=["photo", "thumbnail"],
            value=_attribute(
                "value",
                "The URL of the photo.",
                type_="reference",
                referenceTypes=["external"],
            ),
        ),
        _ADDRESSES,
        _USER_GROUPS,
        _value_list("entitlements", "What the person is entitled to."),
        _value_list("roles", "The roles of the person."),
        _value_list(
            "x509Certificates",
            "Certificates of the person.",
            value=_attribute("value", "The DER certificate, base64.", type_="binary"),
        ),
    ],
}

_ENTERPRISE_SCHEMA: Document = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    "id": ENTERPRISE,
    "name": "EnterpriseUser",
    "description": "Enterprise User",
    "attributes": [
        _attribute("employeeNumber", "The number given by the organization."),
        _attribute("costCenter", "The cost center."),
        _attribute("organization", "The name of the organization."),
        _attribute("division", "The name of the division."),
        _attribute("department", "The department; made here by name when new."),
        _attribute(
            "manager",
            "The person's manager.",
            sub=[
                # An id, which is caseExact; the RFC's listing says otherwise.
                _attribute("value", "The id of the manager.", caseExact=True),
                _attribute(
                    "$ref",
                    "The URL of the manager.",
                    type_="reference",
                    referenceTypes=["User"],
                ),
                _attribute("displayName", "The manager's name.", mutability="readOnly"),
            ],
        ),
    ],
}

_GROUP_SCHEMA: Document = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    "id": GROUP,
    "name": "Group",
    "description": "Group",
    "attributes": [
        _attribute(
            "displayName",
            "The name of the group, unique in the organization.",
            required=True,
            uniqueness="server",
        ),
        _attribute(
            "members",
            "The people in the group.",
            multiValued=True,
            sub=[
                _attribute(
                    "value",
                    "The id of the user.",
                    caseExact=True,
                    mutability="immutable",
                ),
                _attribute(
                    "$ref",
                    "The URL of the user.",
                    type_="reference",
                    referenceTypes=["User"],
                    mutability="immutable",
                ),
                _attribute(
                    "type",
                    "The kind of member.",
                    canonicalValues=["User"],
                    mutability="immutable",
                ),
            ],
        ),
    ],
}

_RESOURCE_TYPE_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"


def extension_document(extension: SchemaExtension) -> Document:
    """Return the schema document of an extension that an organization declared."""
    return {
        "schemas": _USER_SCHEMA["schemas"],
        "id": extension.urn,
        "name": extension.name,
        "description": extension.description,
        "attributes": [
            _attribute(item.name, item.description, type_=item.type)
            | ({"caseExact": item.case_exact} if item.type == "string" else {})
            | ({"referenceTypes": ["external"]} if item.type == "reference" else {})
            for item in extension.attributes
        ],
    }


def schema_documents(extensions: Extensions = ()) -> list[Document]:
    """Return the schema documents, in the order of ``/Schemas``."""
    own = [extension_document(extension) for extension in extensions]
    return [_USER_SCHEMA, _ENTERPRISE_SCHEMA, *own, _GROUP_SCHEMA]


def resource_type_documents(extensions: Extensions = ()) -> list[Document]:
    """Return the resource types. Endpoints are relative to the base URL (RFC 7643, 6)."""
    urns = [ENTERPRISE, *(extension.urn for extension in extensions)]
    return [
        {
            "schemas": [_RESOURCE_TYPE_SCHEMA],
            "id": "User",
            "name": "User",
            "endpoint": "/Users",
            "description": "User Account",
            "schema": USER,
            "schemaExtensions": [{"schema": urn, "required": False} for urn in urns],
        },
        {
            "schemas": [_RESOURCE_TYPE_SCHEMA],
            "id": "Group",
            "name": "Group",
            "endpoint": "/Groups",
            "description": "Group",
            "schema": GROUP,
        },
    ]


POLICY = ScimPolicy(
    # Entra sends attributes nobody mapped, and Microsoft's own group URN (G1).
    unknown=ScimPolicy.Unknown.ignore,
    # Entra's first flavour removes members by value (G4).
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    # Entra writes emails[type eq "work"].value before there is one (P3).
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


def _as_stored(attribute: Document) -> Document:
    """Return an attribute as it is validated: references and binaries are any string.

    No format rules beyond the type (design, decision 5): Microsoft's validators send
    random text for every attribute and expect it back unchanged. A dateTime, which only
    extensions hold, is checked by scim.extensions and stays as sent, too.
    """
    stored = dict(attribute)
    if stored["type"] in {"reference", "binary", "dateTime"}:
        stored["type"] = "string"
        stored.pop("referenceTypes", None)
    if "subAttributes" in stored:
        stored["subAttributes"] = [_as_stored(sub) for sub in stored["subAttributes"]]
    return stored


def stored_schema(document: Document) -> Schema:
    """Return a schema document as input is validated against it."""
    attributes = [_as_stored(item) for item in document["attributes"]]
    return Schema.model_validate(document | {"attributes": attributes})


PROVIDER = ScimProvider.from_discovery(
    [stored_schema(document) for document in schema_documents()],
    [ResourceType.model_validate(document) for document in resource_type_documents()],
    policy=POLICY,
)


@dataclass(frozen=True)
class Kind:
    """A resource type with the scim2-models types that validate and patch it."""

    name: str
    schema: str
    model: Any
    patch: Any
    path: Any
    extensions: Extensions = ()
    """Those that an organization has declared; the enterprise one is always there."""

    attributes: Mapping[str, ExtensionAttribute] = field(default_factory=dict)
    """Their attributes, by whole name in lower case."""

    def extension(self, urn: str) -> SchemaExtension | None:
        """The declared extension of that URN, letter case aside."""
        urn = urn.lower()
        return next((item for item in self.extensions if item.urn.lower() == urn), None)


def kind_of(
    provider: ScimProvider, name: str, schema: str, extensions: Extensions = ()
) -> Kind:
    """Return the kind that *provider* has composed under *name*."""
    model: Any = provider.model_for(name)
    return Kind(
        name,
        schema,
        model,
        PatchOp.__class_getitem__(model),
        Path.__class_getitem__(model),
        extensions,
        by_whole_name(extensions),
    )


USER_KIND = kind_of(PROVIDER, "User", USER)
GROUP_KIND = kind_of(PROVIDER, "Group", GROUP)
