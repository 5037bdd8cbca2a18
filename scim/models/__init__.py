from __future__ import annotations

from scim.models.email import EmailAddress
from scim.models.event import ProvisioningEvent
from scim.models.event_day import EventDay
from scim.models.group import DirectoryGroup, GroupMembership
from scim.models.organization import Department, Domain, Organization
from scim.models.prune_turn import PruneTurn
from scim.models.token import BearerToken, ProvisioningConnection
from scim.models.user import DirectoryUser

__all__ = [
    "BearerToken",
    "Department",
    "DirectoryGroup",
    "DirectoryUser",
    "Domain",
    "EmailAddress",
    "EventDay",
    "GroupMembership",
    "Organization",
    "ProvisioningConnection",
    "ProvisioningEvent",
    "PruneTurn",
]
