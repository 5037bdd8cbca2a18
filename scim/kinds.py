"""Users as each organization extends them: the scim2-models types, made once.

They are cached by the content of the definitions, so organizations with the same ones
share them, and a change is seen by every process with its next call. Only the types of
the extensions are new; those of the core and enterprise schemas are everybody's.
"""

from __future__ import annotations

from functools import lru_cache

from scim2_models import Extension, ResourceType, ScimProvider

from scim.extensions import Extensions
from scim.schema import (
    POLICY,
    PROVIDER,
    USER,
    USER_KIND,
    Kind,
    extension_document,
    kind_of,
    resource_type_documents,
    stored_schema,
)

KINDS_KEPT = 32
"""In a process. Types of an extension take 40 ms to make and 0.5 MB to keep."""


def user_kind(extensions: Extensions) -> Kind:
    """Return the kind of users with these extensions beside the enterprise one.

    Raises ValueError when scim2-models cannot make types of them.
    """
    return _extended(extensions) if extensions else USER_KIND


@lru_cache(maxsize=KINDS_KEPT)
def _extended(extensions: Extensions) -> Kind:
    own = [
        Extension.from_schema(
            # The name is that of a field beside the core attributes; a declared one
            # could be "Title".
            stored_schema(extension_document(item) | {"name": f"Extension{number}"})
        )
        for number, item in enumerate(extensions)
    ]
    resource_types = resource_type_documents(extensions)
    provider = ScimProvider(
        [*PROVIDER.models, *own],
        [ResourceType.model_validate(document) for document in resource_types],
        policy=POLICY,
    )
    return kind_of(provider, "User", USER, extensions)
