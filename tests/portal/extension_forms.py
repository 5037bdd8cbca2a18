"""What a browser posts from the tab Schema Extensions, and what comes of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zportal.schema_extensions.services import fingerprint

if TYPE_CHECKING:
    from scim.models import Organization

PAGE = "/administration/authentication-settings/schema-extensions/"
ADD = f"{PAGE}add-extension/"
DESCRIBE = f"{PAGE}describe-extension/"
REMOVE = f"{PAGE}remove-extension/"
ADD_ATTRIBUTE = f"{PAGE}add-attribute/"
CHANGE_ATTRIBUTE = f"{PAGE}change-attribute/"
REMOVE_ATTRIBUTE = f"{PAGE}remove-attribute/"


def attribute(name: str = "badge", type_: str = "string", **others: str) -> Any:
    """The form that adds an attribute to Contoso, as a browser sends it."""
    return {"extension": "Contoso", "name": name, "type": type_} | others


def seen(organization: Organization, name: str = "badge") -> str:
    """What the form that changes an attribute says it was filled in on."""
    organization.refresh_from_db()
    found = organization.extensions[0].attribute(name)
    assert found is not None
    return fingerprint(found)


def declared(organization: Organization) -> dict[str, dict[str, str]]:
    """Extension to its attributes and their types, as stored."""
    organization.refresh_from_db()
    return {
        extension.name: {item.name: item.type for item in extension.attributes}
        for extension in organization.extensions
    }


def said(page: Any) -> str:
    """What the page says at its top, or beside its fields."""
    html = page.content.decode()
    found = re.findall(r'class="(?:notice notice--|field-error)[^>]*>(.*?)</p>', html)
    return " ".join(found)
