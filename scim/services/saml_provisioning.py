"""What a sign-on does to the directory: SAML auto-provisioning.

The vendor's rules (https://help.zscaler.com/zia/understanding-saml): an unknown person
is made, active, with display name, groups and department of the assertion; of a known
one these three are overwritten, and what the assertion leaves out is removed. Groups are
named, not identified; one that is missing is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from scim.db.writers import one_at_a_time
from scim.errors import InvalidValue
from scim.models import (
    DirectoryGroup,
    DirectoryUser,
    GroupMembership,
    Organization,
    ProvisioningEvent,
)
from scim.resources.members import MemberChange
from scim.resources.representation import differences
from scim.resources.schemas import ENTERPRISE
from scim.services.provisioning import (
    change_group,
    change_user,
    provision_group,
    provision_user,
)
from scim.text import match_key

Document = dict[str, Any]
Draft = Callable[[], ProvisioningEvent]
"""Returns a new unsaved event of the sign-on, for one change."""


MOST_GROUPS = 1_000
"""Of one person, by an assertion: each that is joined or left is locked and changed."""


class CannotProvision(Exception):
    """The assertion asks for what the organization's rules forbid; says what it is."""


@dataclass(frozen=True)
class Asserted:
    """What an assertion says of a person. Empty means that it says nothing."""

    user_name: str
    display_name: str
    department: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What auto-provisioning would do to the directory."""

    is_new: bool
    changes: dict[str, list[Any]]
    """Attribute path to [old value, new value]."""
    joins: list[str]
    leaves: list[str]
    new_groups: list[str]
    """Those of *joins* that have to be made."""


@contextmanager
def unit_of_work() -> Iterator[None]:
    """A transaction that waits for its turn among the writers, as those of SCIM do."""
    with one_at_a_time(), transaction.atomic():
        yield


def person_of(
    organization: Organization, user_name: str, *, locked: bool = False
) -> DirectoryUser | None:
    """Return the person with that User ID, letter case aside; locked for a change."""
    people = DirectoryUser.objects.for_organization(organization)
    found = people.filter(user_name_key=match_key(user_name))
    person: DirectoryUser | None = (
        found.select_for_update().first() if locked else found.first()
    )
    return person


def plan(organization: Organization, asserted: Asserted) -> Plan:
    """Return what provision_from_assertion would do, doing nothing."""
    person = person_of(organization, asserted.user_name)
    wanted = _wanted(asserted.groups)
    mine = _groups_of(person)
    joins = [name for key, name in wanted.items() if key not in mine]
    known = _existing(organization, [match_key(name) for name in joins])
    return Plan(
        is_new=person is None,
        changes=differences(person.data if person else {}, _document(person, asserted)),
        joins=joins,
        leaves=[
            row.scim_display_name for key, row in mine.items() if key not in wanted
        ],
        new_groups=[name for name in joins if match_key(name) not in known],
    )


def provision_from_assertion(
    organization: Organization, asserted: Asserted, draft: Draft
) -> tuple[DirectoryUser, list[ProvisioningEvent]]:
    """Make the person and the groups as the assertion has them; return the person.

    Runs in the caller's transaction and returns the unsaved events of what it changed.
    Raises CannotProvision, and IntegrityError when somebody makes the same person or
    group at this moment: try again.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("Call it in a transaction.")
    if len(asserted.groups) > MOST_GROUPS:
        raise CannotProvision(
            f"the assertion names {len(asserted.groups):,} groups, and {MOST_GROUPS:,} "
            "are the most."
        )
    events: list[ProvisioningEvent] = []
    try:
        person = _provision_person(organization, asserted, draft, events)
        _provision_groups(person, asserted.groups, draft, events)
    except InvalidValue as problem:
        raise CannotProvision(problem.detail) from problem
    return person, events


def _provision_person(
    organization: Organization,
    asserted: Asserted,
    draft: Draft,
    events: list[ProvisioningEvent],
) -> DirectoryUser:
    event = draft()
    person = person_of(organization, asserted.user_name, locked=True)
    document = _document(person, asserted)
    if person is None:
        person = DirectoryUser(organization=organization)
        provision_user(user=person, document=document, event=event)
        events.append(event)
    else:
        person.organization = organization
        if change_user(user=person, document=document, event=event):
            events.append(event)
    return person


def _provision_groups(
    person: DirectoryUser,
    names: Iterable[str],
    draft: Draft,
    events: list[ProvisioningEvent],
) -> None:
    wanted, mine = _wanted(names), _groups_of(person)
    joining = [key for key in wanted if key not in mine]
    known = _existing(person.organization, joining)
    # In the order of their keys, so that two sign-ons cannot wait for each other.
    keys = {row.pk for row in known.values()}
    keys |= {row.pk for key, row in mine.items() if key not in wanted}
    groups = DirectoryGroup.objects.for_organization(person.organization_id)
    for group in groups.filter(pk__in=keys).order_by("pk").select_for_update():
        group.organization = person.organization
        event, members = draft(), MemberChange()
        if group.display_name_key in wanted:
            members.include([person.scim_id])
        else:
            members.leave_out([person.scim_id])
        if change_group(group=group, document=group.data, members=members, event=event):
            events.append(event)
    missing = [wanted[key] for key in joining if key not in known]
    events.extend(_new_group(person, name, draft()) for name in missing)


def _new_group(
    person: DirectoryUser, name: str, event: ProvisioningEvent
) -> ProvisioningEvent:
    members = MemberChange()
    members.include([person.scim_id])
    group = DirectoryGroup(organization=person.organization)
    provision_group(
        group=group, document={"displayName": name}, members=members, event=event
    )
    return event


def _document(person: DirectoryUser | None, asserted: Asserted) -> Document:
    """Return the person's document with what the assertion says, and does not say."""
    document: Document = (
        dict(person.data)
        if person
        else {"userName": asserted.user_name, "active": True}
    )
    enterprise = dict(document.pop(ENTERPRISE, {}))
    document.pop("displayName", None)
    enterprise.pop("department", None)
    if asserted.display_name:
        document["displayName"] = asserted.display_name
    if asserted.department:
        enterprise["department"] = asserted.department
    if enterprise:
        document[ENTERPRISE] = enterprise
    return document


def _wanted(names: Iterable[str]) -> dict[str, str]:
    """Return match key to name; the first spelling of a name counts."""
    wanted: dict[str, str] = {}
    for name in names:
        if name.strip():
            wanted.setdefault(match_key(name), name)
    return wanted


def _groups_of(person: DirectoryUser | None) -> dict[str, DirectoryGroup]:
    if person is None or person.pk is None:
        return {}
    memberships = GroupMembership.objects.for_organization(person.organization_id)
    mine = memberships.filter(user=person.pk).values("group")
    groups = DirectoryGroup.objects.for_organization(person.organization_id)
    return {row.display_name_key: row for row in groups.filter(pk__in=mine)}


def _existing(
    organization: Organization, keys: Iterable[str]
) -> dict[str, DirectoryGroup]:
    groups = DirectoryGroup.objects.for_organization(organization)
    found = groups.filter(display_name_key__in=list(keys)).order_by("-pk")
    return {row.display_name_key: row for row in found}
