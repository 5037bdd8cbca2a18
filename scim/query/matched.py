"""The attributes that clients match by: each has a column with an index of its own.

One place for filters, look-ups and sorting. The models of the rows fill the columns.
"""

from __future__ import annotations

from dataclasses import dataclass

from scim.resources.schemas import ENTERPRISE


@dataclass(frozen=True)
class Matched:
    """An attribute at *path* of a document, by what it is compared in *column*.

    The column holds "" where the attribute is absent.
    """

    column: str
    path: tuple[str, ...]


MATCHED = {
    "username": Matched("user_name_key", ("userName",)),
    "externalid": Matched("scim_external_id", ("externalId",)),
    "displayname": Matched("display_name_key", ("displayName",)),
    f"{ENTERPRISE.lower()}:manager.value": Matched(
        "manager_value", (ENTERPRISE, "manager", "value")
    ),
}
"""By the name of the attribute, as filters and sortBy have it, in lower case."""
