"""What administrators change about themselves, whatever their role."""

from __future__ import annotations

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from zportal.frame import audit
from zportal.models import Administrator, AdministratorSession, AuditLog
from zportal.models.session import AdministratorSessionQuerySet
from zportal.sign_in.login import WRONG_PASSWORDS


def begin_password_try(session: int) -> bool:
    """Count a current password before it is looked at; False when there were too many.

    The limit is that of signing in. The count is the session's, which ends with it: in
    a session that somebody found open, no more can be guessed.
    """
    return AdministratorSession.objects.count_password(session, WRONG_PASSWORDS)


def take_back_password_try(session: int) -> None:
    """Forget a try whose password was not looked at after all."""
    AdministratorSession.objects.uncount_password(session)


def has_no_password_try(session: int) -> bool:
    """Whether the last wrong password was one too many."""
    rows = AdministratorSession.objects.filter(pk=session)
    return not rows.filter(wrong_passwords__lt=WRONG_PASSWORDS).exists()


def forget_wrong_passwords(session: int) -> None:
    """Begin to count anew: the right password was given."""
    AdministratorSession.objects.filter(pk=session).update(wrong_passwords=0)


@sensitive_variables("password")
def change_password(
    *,
    administrator: Administrator,
    client_ip: str | None,
    password: str,
    session: int | None,
) -> None:
    """Store a validated password, and end all sessions but *session*."""
    # Before the transaction: a hash may wait for its turn, and no writer should for it.
    administrator.set_password(password)
    with transaction.atomic():
        administrator.save(update_fields=["password"])
        _others(administrator, session).delete()
        note = "Password changed; other sessions ended."
        _record(administrator, client_ip, note=note)


@transaction.atomic
def choose_theme(
    *, administrator: Administrator, client_ip: str | None, theme: str
) -> None:
    before = administrator.get_theme_display()
    administrator.theme = theme
    administrator.save(update_fields=["theme"])
    if (after := administrator.get_theme_display()) != before:
        _record(administrator, client_ip, changes={"Theme": [before, after]})


@transaction.atomic
def end_session(
    *, administrator: Administrator, client_ip: str | None, session: int
) -> bool:
    """End one of the administrator's own sessions; False when there is none."""
    ended, _ = (
        AdministratorSession.objects.of(administrator).filter(pk=session).delete()
    )
    if ended:
        _record(administrator, client_ip, note="A session ended.")
    return bool(ended)


@transaction.atomic
def end_other_sessions(
    *, administrator: Administrator, client_ip: str | None, session: int | None
) -> int:
    """End the administrator's sessions but *session*; return how many there were."""
    ended, _ = _others(administrator, session).delete()
    if ended:
        _record(administrator, client_ip, note=f"{ended} other sessions ended.")
    return ended


def _others(
    administrator: Administrator, session: int | None
) -> AdministratorSessionQuerySet:
    rows = AdministratorSession.objects.of(administrator)
    return rows if session is None else rows.exclude(pk=session)


def _record(
    administrator: Administrator,
    client_ip: str | None,
    *,
    changes: audit.Changes | None = None,
    note: str = "",
) -> None:
    audit.record(
        administrator=administrator,
        client_ip=client_ip,
        # A superuser may be at work elsewhere: the administrator belongs here.
        organization=administrator.home,
        category=AuditLog.Category.ADMINISTRATOR_MANAGEMENT,
        action=AuditLog.Action.UPDATE,
        resource=f"Administrator {administrator.login}",
        changes=changes,
        note=note,
    )
