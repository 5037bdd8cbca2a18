"""The audit trail: every service of the portal that changes something writes here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from scim.models import Organization
from zportal.models import Administrator, AuditLog

Changes = Mapping[str, Sequence[Any]]
"""Label of a field to its old and its new value."""


def record(
    *,
    administrator: Administrator,
    client_ip: str | None,
    category: AuditLog.Category,
    action: AuditLog.Action,
    resource: str,
    changes: Changes | None = None,
    note: str = "",
    organization: Organization | None = None,
    result: AuditLog.Result = AuditLog.Result.SUCCESS,
) -> AuditLog:
    """Write that *administrator* changed *resource* just now, or was refused to.

    Call it inside the transaction of the change: one without the other must not be
    kept, so it refuses to work outside of one. *organization* is the administrator's
    own unless given, as for a superuser who makes another one. Leave secrets out of
    *changes*; a token is told by its prefix.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "A change and its entry in the audit trail belong in one transaction."
        )
    return AuditLog.objects.create(
        organization=organization or administrator.organization,
        actor=administrator.login,
        client_ip=client_ip,
        category=category,
        action=action,
        result=result,
        resource=_fitting("resource", resource),
        changes={label: list(pair) for label, pair in (changes or {}).items()},
        note=_fitting("note", note),
    )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """Return label -> [old value, new value] of what differs; both have the labels."""
    return {
        label: [before[label], after[label]]
        for label in before
        if before[label] != after[label]
    }


def _fitting(field: str, text: str) -> str:
    """Shorten *text* to what the column holds: no entry fails for its length."""
    column = AuditLog._meta.get_field(field)
    longest = getattr(column, "max_length", None) or len(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
