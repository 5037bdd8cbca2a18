"""Provisioning events as the pages of User Management show them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from scim.models import DirectoryUser, Organization, ProvisioningEvent
from zportal.user_management.attributes import text_of
from zportal.user_management.links import Link, page_url

EVENTS_SHOWN = 20
CALLS_SHOWN = 5
MEMBERS_SHOWN = 10
"""Of those who joined or left a group with one call."""

_LONGEST_VALUE = 300
_OTHERS = re.compile("… and ([0-9]+) more")


@dataclass(frozen=True)
class Members:
    """People who joined or left a group; the address of one who is gone is empty."""

    verb: str
    people: list[Link]
    more: int


@dataclass(frozen=True)
class Change:
    """What an event changed: an attribute, its old and its new value.

    For the members of a group, who was added and who was removed, in their place.
    """

    path: str
    name: str
    old: str = ""
    new: str = ""
    members: tuple[Members, ...] = ()


@dataclass(frozen=True)
class EventRow:
    event: ProvisioningEvent
    changes: list[Change]


def recent_events(
    organization: Organization, resource_type: str, key: int
) -> list[EventRow]:
    """Return the newest events about one user or group, the newest first."""
    events = _light(organization).about(resource_type, key).newest_first()
    shown = list(events[:EVENTS_SHOWN])
    people = _members_of(organization, shown) if resource_type == "Group" else {}
    return [EventRow(event, _changes(event.changes, people)) for event in shown]


def last_calls(organization: Organization) -> list[ProvisioningEvent]:
    """Return the newest calls that reached the organization's SCIM service."""
    return list(_light(organization).newest_first()[:CALLS_SHOWN])


def _light(organization: Organization) -> Any:
    """The events without their bodies, which may be 64 KiB each."""
    events = ProvisioningEvent.objects.for_organization(organization)
    return events.defer("request_body", "response_body")


def _members_of(
    organization: Organization, events: list[ProvisioningEvent]
) -> dict[str, Link]:
    """Return the people that *events* of a group show, by SCIM id, in one query."""
    shown = {
        scim_id
        for event in events
        for listed in event.changes.get("members", ())
        for scim_id in listed[:MEMBERS_SHOWN]
        if isinstance(listed, list)
    }
    if not shown:
        return {}
    people = (
        DirectoryUser.objects.for_organization(organization)
        .with_scim_ids(shown)
        .only("scim_username", "display_name")
    )
    return {
        person.scim_id: Link(
            person.display_name or person.scim_username,
            page_url("directoryuser", person.pk),
        )
        for person in people
    }


def _changes(changes: dict[str, Any], people: dict[str, Link]) -> list[Change]:
    return [
        _change(path, old, new, people) for path, (old, new) in sorted(changes.items())
    ]


def _change(path: str, old: Any, new: Any, people: dict[str, Link]) -> Change:
    # Of a very large change, the event keeps a text instead of the lists.
    if path == "members" and isinstance(old, list) and isinstance(new, list):
        both = (("added", new), ("removed", old))
        members = (_members(verb, listed, people) for verb, listed in both if listed)
        return Change(path, path, members=tuple(members))
    return Change(path, path.rpartition(":")[2], _shortened(old), _shortened(new))


def _members(verb: str, listed: list[str], people: dict[str, Link]) -> Members:
    """Return the first of *listed* by name; the event's last entry may count others."""
    others = _OTHERS.fullmatch(str(listed[-1]))
    scim_ids = listed[:-1] if others else listed
    more = len(scim_ids[MEMBERS_SHOWN:]) + (int(others[1]) if others else 0)
    shown = [str(scim_id) for scim_id in scim_ids[:MEMBERS_SHOWN]]
    return Members(verb, [people.get(each, Link(each, "")) for each in shown], more)


def _shortened(value: Any) -> str:
    text = text_of(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
