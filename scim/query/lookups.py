"""The rows that most calls ask for, by id or by a name, with SQL that is made once."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.models import Q

from scim import ids
from scim.db.prepared import Prepared
from scim.models import Department, DirectoryGroup, DirectoryUser, Domain
from scim.profiles import LARGEST_PAGE
from scim.query.matched import MATCHED

MOST = LARGEST_PAGE + 1
"""Rows of one value: the largest page, and one that tells whether there are more."""

_PREFIXES = {DirectoryUser: ids.USER_PREFIX, DirectoryGroup: ids.GROUP_PREFIX}

_COLUMNS = frozenset({"pk", *(each.column for each in MATCHED.values())})


def find(model: Any, organization_id: int, scim_id: str, *, locked: bool) -> Any:
    """Return the row of that SCIM id, locked for a change or not; None without one."""
    key = ids.decode(_PREFIXES[model], scim_id)
    if key is None:
        return None
    return _by_id(model, locked=locked).first(organization_id, key)


def matching(
    model: Any, organization_id: int, column: str, value: int | str
) -> list[Any]:
    """Return up to MOST rows whose *column*, one of MATCHED, is *value*, by id.

    Without what filters compare: it is as large as what is shown.
    """
    kind: Any = type(value)
    return _by_column(model, column, kind).rows(organization_id, value)


def is_registered(organization_id: int, domain: str) -> bool:
    """Whether the organization has *domain*, as domain_key makes it of a name."""
    return bool(_DOMAIN.rows(organization_id, domain))


def department_of(organization_id: int, name_key: str) -> Department | None:
    """Return the department whose name has that key, None where there is none."""
    return _DEPARTMENT.first(organization_id, name_key)


def equality_of(condition: Q) -> tuple[str, int | str] | None:
    """Return column and value when *condition* is one equality of a column of MATCHED."""
    if condition.negated or len(condition.children) != 1:
        return None
    [only] = condition.children
    if not isinstance(only, tuple) or only[0] not in _COLUMNS:
        return None
    return only


@cache
def _by_id(model: Any, *, locked: bool) -> Prepared[Any]:
    def make(organization_id: int, key: int) -> Any:
        rows = model.objects.for_organization(organization_id).filter(pk=key)[:1]
        return rows.select_for_update() if locked else rows.defer("search")

    return Prepared(make, int, int)


@cache
def _by_column(model: Any, column: str, kind: Any) -> Prepared[Any]:
    def make(organization_id: int, value: int | str) -> Any:
        rows = model.objects.for_organization(organization_id).defer("search")
        return rows.filter(**{column: value}).order_by("pk")[:MOST]

    return Prepared(make, int, kind)


_DOMAIN: Prepared[Domain] = Prepared(
    lambda organization, name: (
        Domain.objects.for_organization(organization)
        .filter(name=name)
        .values_list("pk")[:1]
    ),
    int,
    str,
)

_DEPARTMENT: Prepared[Department] = Prepared(
    lambda organization, key: Department.objects.for_organization(organization).filter(
        name_key=key
    )[:1],
    int,
    str,
)
