"""What sign-in leaves in the audit trail, and who tried what they may not do.

An entry belongs to the home of the administrator. Of a login that nobody has there is
none: people type passwords where a login is asked for.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from zportal.frame import audit
from zportal.models import Administrator, AuditLog

MOST_FAILURES = 20
"""Wrong passwords of one login that an hour leaves in the trail; as many locks, and as
many refused changes of one administrator. Strangers must not fill it."""

Action = AuditLog.Action
Category = AuditLog.Category


@transaction.atomic
def record_sign_in(*, administrator: Administrator, client_ip: str | None) -> None:
    """Write that *administrator* signed in."""
    _record(administrator, client_ip, Category.LOGIN, Action.SIGN_IN)


@transaction.atomic
def record_sign_out(
    *, administrator: Administrator, client_ip: str | None, note: str = ""
) -> None:
    """Write that *administrator* signed out, or was signed out as *note* says."""
    _record(administrator, client_ip, Category.LOGIN, Action.SIGN_OUT, note)


@transaction.atomic
def record_wrong_password(
    *, login: str, client_ip: str | None, locked_until: datetime | None
) -> None:
    """Write that a password for *login* was wrong, and whether it locked the login."""
    administrator = Administrator.objects.filter(login=login).first()
    if administrator is None:
        return
    _record_failure(
        administrator, client_ip, Category.LOGIN, Action.SIGN_IN, "Wrong password."
    )
    if locked_until is not None:
        note = f"Too many wrong passwords: locked until {locked_until:%H:%M:%S} UTC."
        _record_failure(administrator, client_ip, Category.LOGIN, Action.LOCK, note)


@transaction.atomic
def record_refused_change(
    *, administrator: Administrator, client_ip: str | None, page: str
) -> None:
    """Write that *administrator* tried to change something at *page* and may not."""
    role = administrator.get_role_display()
    note = f"Refused, nothing was changed: {page} is not open to this {role}."
    _record_failure(
        administrator, client_ip, Category.ROLE_MANAGEMENT, Action.UPDATE, note
    )


def _record_failure(
    administrator: Administrator,
    client_ip: str | None,
    category: AuditLog.Category,
    action: AuditLog.Action,
    note: str,
) -> None:
    """Write a failure, unless the last hour has MOST_FAILURES such entries."""
    home = AuditLog.objects.for_organization(administrator.home_id)
    known = home.about(_resource(administrator)).filter(
        category=category, action=action
    )
    number = known.failures_since(timezone.now() - timedelta(hours=1)).count()
    if number >= MOST_FAILURES:
        return
    if number == MOST_FAILURES - 1:
        note = f"{note} Further ones within the hour are not recorded."
    _record(administrator, client_ip, category, action, note, AuditLog.Result.FAILURE)


def _record(
    administrator: Administrator,
    client_ip: str | None,
    category: AuditLog.Category,
    action: AuditLog.Action,
    note: str = "",
    result: AuditLog.Result = AuditLog.Result.SUCCESS,
) -> None:
    audit.record(
        administrator=administrator,
        client_ip=client_ip,
        # A superuser may be at work elsewhere: the administrator belongs here.
        organization=administrator.home,
        category=category,
        action=action,
        resource=_resource(administrator),
        note=note,
        result=result,
    )


def _resource(administrator: Administrator) -> str:
    return f"Administrator {administrator.login}"
