"""Users as each organization extends them: the scim2-models types, made once.

They are cached by the content of the definitions, so organizations with the same ones
share them, and a change is seen by every process with its next call. Only the types of
the extensions are new; those of the core and enterprise schemas are everybody's.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from scim2_models import Extension, ResourceType, ScimProvider

from scim.extensions import Extensions
from scim.resources.schemas import (
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

KEPT_KIB = 64 * 1024
"""Of types that a process keeps: those of 180 organizations with one extension each."""

KIND_KIB = 270
EXTENSION_KIB = 80
"""Memory that the types of an organization take, and each of its extensions on top.

Measured with 1 to 10 extensions of 1 to 50 attributes; to make them takes 14 to 120 ms.
"""

_kept: OrderedDict[Extensions, Kind] = OrderedDict()
"""The types, those that were asked for last at the end."""

_access = Lock()
_making = Lock()


def user_kind(extensions: Extensions) -> Kind:
    """Return the kind of users with these extensions beside the enterprise one.

    Raises ValueError when scim2-models cannot make types of them.
    """
    if not extensions:
        return USER_KIND
    kind = _known(extensions)
    if kind is None:
        # Calls that come at once for the same types make them once.
        with _making:
            kind = _known(extensions) or _keep(extensions, _extended(extensions))
    return kind


def _known(extensions: Extensions) -> Kind | None:
    with _access:
        kind = _kept.get(extensions)
        if kind is not None:
            _kept.move_to_end(extensions)
        return kind


def _keep(extensions: Extensions, kind: Kind) -> Kind:
    """Keep *kind*, and as many of the others as there is room for, the newest first."""
    with _access:
        _kept[extensions] = kind
        while len(_kept) > 1 and sum(map(_kib, _kept)) > KEPT_KIB:
            _kept.popitem(last=False)
    return kind


def _kib(extensions: Extensions) -> int:
    return KIND_KIB + EXTENSION_KIB * len(extensions)


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
