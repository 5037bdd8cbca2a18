"""The verbs about people and groups, shared by SCIM and the portal.

Each must run inside a transaction, on rows that the caller has locked, and fills in the
event that the caller inserts in the same transaction: what was done, to whom, and the
old and new values. Documents are canonical (scim.resources.validation).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Count, F
from django.utils import timezone

from scim import ids
from scim.db.prepared import PreparedDelete
from scim.errors import InvalidValue
from scim.models import (
    Department,
    DirectoryGroup,
    DirectoryUser,
    EmailAddress,
    GroupMembership,
    Organization,
    ProvisioningEvent,
)
from scim.models.email import email_keys
from scim.naming.domains import domain_key
from scim.query.lookups import department_of, is_registered
from scim.resources.members import MemberChange
from scim.resources.representation import differences, groups_of
from scim.resources.schemas import ENTERPRISE
from scim.text import match_key

Document = dict[str, Any]
Action = ProvisioningEvent.Action

BATCH = 5_000
"""Ids in one statement: below the limits of both databases."""

COLUMN_LENGTH = 254

EVENT_MEMBERS = 1_000
"""Members named in the event of one change; 64 KiB of them would be 1,600."""

_MEMBERSHIPS_OF = PreparedDelete(
    lambda organization, user: GroupMembership.objects.for_organization(
        organization
    ).filter(user=user),
    int,
    int,
)
_EMAILS_OF = PreparedDelete(
    lambda organization, user: EmailAddress.objects.for_organization(
        organization
    ).filter(user=user),
    int,
    int,
)
_THE_USER = PreparedDelete(
    lambda organization, key: DirectoryUser.objects.for_organization(
        organization
    ).filter(pk=key),
    int,
    int,
)


def now() -> datetime:
    """Return the time to the millisecond, which is what meta shows and filters see."""
    moment = timezone.now()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


# ------------------------------------------------------------------------------ users


def provision_user(
    *, user: DirectoryUser, document: Document, event: ProvisioningEvent
) -> None:
    """Insert *user* with *document*.

    Raises InvalidValue (length, domain) or IntegrityError (userName is taken).
    """
    _describe(event, Action.CREATE, "User", document.get("userName", ""))
    _check_user(user.organization, document, event)
    user.assign(document)
    user.department = _department(user.organization, user.department_name)
    user.created = user.modified = now()
    user.save(force_insert=True)
    EmailAddress.objects.bulk_create(EmailAddress.of(user))
    event.resource_key = user.pk
    event.changes = differences({}, document)


def change_user(
    *, user: DirectoryUser, document: Document, event: ProvisioningEvent
) -> bool:
    """Give *user* a new document; return whether that changed anything.

    Nothing is written, and no version counted, when the document is the same: a client
    that repeats itself must not see lastModified move.
    """
    _describe(event, Action.CHANGE, "User", user.scim_username, user.pk)
    if document == user.data:
        return False
    was_enabled, old = user.is_enabled, user.data
    before = _columns(user)
    _check_user(user.organization, document, event)
    had_department = match_key(user.department_name)
    had_emails = email_keys(user.search)
    user.assign(document)
    if match_key(user.department_name) != had_department:
        user.department = _department(user.organization, user.department_name)
    user.modified = now()
    user.version += 1
    _save_changes(user, before)
    _follow_emails(user, had_emails)
    event.changes = differences(old, document)
    if was_enabled != user.is_enabled:
        event.action = Action.ENABLE if user.is_enabled else Action.DISABLE
    return True


def delete_user(*, user: DirectoryUser, event: ProvisioningEvent) -> None:
    """Delete *user* for good; it leaves its groups, and its id is never used again."""
    _describe(event, Action.DELETE, "User", user.scim_username, user.pk)
    event.changes = differences(user.data, {})
    mine = user.organization_id, user.pk
    # The row of the user is locked, and who adds it to a group waits for that.
    if groups_of([user]):
        memberships = GroupMembership.objects.for_organization(user.organization_id)
        DirectoryGroup.objects.for_organization(user.organization_id).filter(
            pk__in=memberships.filter(user=user).values("group")
        ).update(version=F("version") + 1, modified=now())
        _MEMBERSHIPS_OF.delete(*mine)
    _EMAILS_OF.delete(*mine)
    _THE_USER.delete(*mine)


def _follow_emails(user: DirectoryUser, before: list[str]) -> None:
    if email_keys(user.search) == before:
        return
    addresses = EmailAddress.objects.for_organization(user.organization_id)
    addresses.follow(user, before)


def _check_user(
    organization: Organization, document: Document, event: ProvisioningEvent
) -> None:
    limits = organization.behaviour
    enterprise = document.get(ENTERPRISE, {})
    _check_length("userName", document.get("userName", ""), limits.user_name_length)
    _check_length(
        "displayName", document.get("displayName", ""), limits.display_name_length
    )
    _check_length(
        "department", enterprise.get("department", ""), limits.department_length
    )
    _check_length("externalId", document.get("externalId", ""), COLUMN_LENGTH)
    manager = enterprise.get("manager", {}).get("value", "")
    _check_length("manager.value", manager, COLUMN_LENGTH)
    user_name = document.get("userName", "")
    if not user_name.strip():
        raise InvalidValue("userName must not be blank.")
    if limits.registered_domain_only:
        _check_domain(organization, user_name, event)


def _check_length(name: str, value: str, limit: int) -> None:
    if len(value) > limit:
        raise InvalidValue(f"{name} is longer than {limit} characters.")


def _check_domain(
    organization: Organization, user_name: str, event: ProvisioningEvent
) -> None:
    """Zscaler provisions people of registered domains only ("Understanding SCIM")."""
    local, at, domain = user_name.rpartition("@")
    if not (local and at and domain) or "@" in local:
        raise InvalidValue(
            "userName must look like user@domain, with a domain that is registered "
            "for the organization."
        )
    domain = domain_key(domain)
    if not is_registered(organization.pk, domain):
        event.refused_domain = domain[:253]
        raise InvalidValue(
            f"The domain {domain[:253]} of userName is not registered for this "
            "organization. Register it in the portal (User Management shows the "
            "button), or map another attribute to userName in Entra."
        )


def _department(organization: Organization, name: str) -> Department | None:
    """Return the department of that name, made when it is new, letter case aside."""
    if not name:
        return None
    key = match_key(name)
    found = department_of(organization.pk, key)
    if found is None:
        departments = Department.objects.for_organization(organization)
        # Somebody else may make it at this moment.
        found = departments.get_or_create(
            organization=organization, name_key=key, defaults={"name": name}
        )[0]
    return found


# ----------------------------------------------------------------------------- groups


def provision_group(
    *,
    group: DirectoryGroup,
    document: Document,
    members: MemberChange,
    event: ProvisioningEvent,
) -> None:
    """Insert *group* with its members.

    Raises InvalidValue (length, unknown member) or IntegrityError (name is taken).
    """
    _describe(event, Action.CREATE, "Group", document.get("displayName", ""))
    _check_group(group.organization, document)
    group.assign(document)
    group.created = group.modified = now()
    group.save(force_insert=True)
    event.resource_key = group.pk
    event.changes = differences({}, document)
    _apply_members(group, members, event)


def change_group(
    *,
    group: DirectoryGroup,
    document: Document,
    members: MemberChange,
    event: ProvisioningEvent,
) -> bool:
    """Change the attributes and members of *group*; return whether anything changed."""
    _describe(event, Action.CHANGE, "Group", group.scim_display_name, group.pk)
    renamed = document != group.data
    before = _columns(group)
    if renamed:
        _check_group(group.organization, document)
        event.changes = differences(group.data, document)
        group.assign(document)
    changed = _apply_members(group, members, event) or renamed
    if changed:
        group.modified = now()
        group.version += 1
        _save_changes(group, before)
    return changed


def delete_group(*, group: DirectoryGroup, event: ProvisioningEvent) -> None:
    """Delete *group*; its members stay, and its id is never used again."""
    _describe(event, Action.DELETE, "Group", group.scim_display_name, group.pk)
    event.changes = differences(group.data, {})
    GroupMembership.objects.for_organization(group.organization_id).filter(
        group=group
    ).delete_alone()
    DirectoryGroup.objects.for_organization(group.organization_id).filter(
        pk=group.pk
    ).delete_alone()


def _check_group(organization: Organization, document: Document) -> None:
    name = document.get("displayName", "")
    if not name.strip():
        raise InvalidValue("displayName must not be blank.")
    _check_length("displayName", name, organization.behaviour.group_name_length)
    _check_length("externalId", document.get("externalId", ""), COLUMN_LENGTH)


def _apply_members(
    group: DirectoryGroup, change: MemberChange, event: ProvisioningEvent
) -> bool:
    """Carry out *change* by SQL; no list of members is loaded and written back."""
    if not change:
        return False
    wanted = _known_members(group.organization, list(change.add), event)
    rows = GroupMembership.objects.for_organization(group.organization_id).filter(
        group=group
    )
    if change.reset:
        present = set(rows.values_list("user_id", flat=True))
        unwanted = sorted(present - wanted)
    else:
        present = _present(rows, wanted)
        decoded = (ids.decode(ids.USER_PREFIX, scim_id) for scim_id in change.remove)
        unwanted = sorted(_present(rows, {key for key in decoded if key is not None}))
    for batch in _batches(unwanted):
        rows.filter(user__in=batch).delete()
    added = sorted(wanted - present)
    _check_groups_of(group.organization, added)
    GroupMembership.objects.bulk_create(
        [
            GroupMembership(
                organization_id=group.organization_id, group=group, user_id=key
            )
            for key in added
        ],
        batch_size=BATCH,
    )
    if added or unwanted:
        event.changes["members"] = [_listed(unwanted), _listed(added)]
    return bool(added or unwanted)


def _check_groups_of(organization: Organization, joining: list[int]) -> None:
    """Raise InvalidValue when one of the users is in as many groups as one may be.

    Their rows are locked meanwhile: another group may be adding them as well.
    """
    most = organization.behaviour.groups_per_user
    if not most:
        return
    users = DirectoryUser.objects.for_organization(organization)
    memberships = GroupMembership.objects.for_organization(organization)
    for batch in _batches(joining):
        list(users.filter(pk__in=batch).order_by("pk").select_for_update().values("pk"))
        full = (
            memberships.filter(user__in=batch)
            .values_list("user__scim_username")
            .annotate(groups=Count("pk"))
            .filter(groups__gte=most)
            .order_by("user__scim_username")
            .first()
        )
        if full is not None:
            raise InvalidValue(
                f"{full[0]} is in {full[1]} groups, and {most} is the most here; "
                "no member was changed."
            )


def _listed(keys: list[int]) -> list[str]:
    """Return the ids of members that went or came, as many as an event keeps."""
    listed = [ids.encode(ids.USER_PREFIX, key) for key in keys[:EVENT_MEMBERS]]
    more = len(keys) - len(listed)
    return [*listed, f"… and {more} more"] if more else listed


def _known_members(
    organization: Organization, scim_ids: list[str], event: ProvisioningEvent
) -> set[int]:
    """Return the keys of the users named; what to do about others is the profile's."""
    keys = {scim_id: ids.decode(ids.USER_PREFIX, scim_id) for scim_id in scim_ids}
    users = DirectoryUser.objects.for_organization(organization)
    known: set[int] = set()
    for batch in _batches([key for key in keys.values() if key is not None]):
        known.update(users.filter(pk__in=batch).values_list("pk", flat=True))
    unknown = [scim_id for scim_id, key in keys.items() if key not in known]
    if unknown:
        sentence = f"No user of the organization has the id {unknown[0][:64]}"
        if len(unknown) > 1:
            sentence += f" (and {len(unknown) - 1} more are unknown)"
        if organization.behaviour.unknown_members == "refuse":
            raise InvalidValue(f"{sentence}; no member was changed.")
        event.detail = f"{sentence}; left out."
    return known


def _present(rows: Any, keys: set[int]) -> set[int]:
    present: set[int] = set()
    for batch in _batches(sorted(keys)):
        present.update(rows.filter(user__in=batch).values_list("user_id", flat=True))
    return present


def _batches(items: Iterable[int]) -> Iterator[list[int]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _columns(row: DirectoryUser | DirectoryGroup) -> dict[str, Any]:
    """Return what *row* has in each column, to be compared with later."""
    names = (field.attname for field in row._meta.concrete_fields)
    return {name: row.__dict__.get(name) for name in names}


def _save_changes(row: DirectoryUser | DirectoryGroup, before: dict[str, Any]) -> None:
    """Write the columns in which *row* differs from *before*; one query.

    SQLite writes every index of a column that is named, whether its value is another
    one or not, and a user has a dozen.
    """
    now_has = _columns(row)
    row.save(update_fields=[name for name in now_has if now_has[name] != before[name]])


def _describe(
    event: ProvisioningEvent,
    action: ProvisioningEvent.Action,
    resource_type: str,
    target: str,
    key: int | None = None,
) -> None:
    event.action = action
    event.resource_type = resource_type
    event.target = target[:254]
    event.resource_key = key
