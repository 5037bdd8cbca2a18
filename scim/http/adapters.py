"""DirectoryUser and DirectoryGroup as SCIM resources, on django-scim2's adapters.

``take`` and ``handle_operations`` note what is wished, ``save`` and ``delete`` carry it
out through the services, ``to_dict`` answers. The bodies are ours; the library's know
four attributes and answer 501 to the rest. In the place of its ``from_dict`` there are
``read``, which needs no row and is called before any is locked, and ``take``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import orjson
from django_scim.adapters import SCIMGroup, SCIMUser

from scim.http.scim_request import ScimRequest
from scim.models import DirectoryGroup, DirectoryUser
from scim.query.projection import Projection
from scim.resources.members import MemberChange, members_of_body, split_operations
from scim.resources.representation import (
    GroupsOfUsers,
    MembersOfGroups,
    base_url,
    group_document,
    group_version,
    groups_of,
    member_document,
    members_of,
    user_document,
    user_version,
)
from scim.resources.resource_types import user_kind
from scim.resources.schemas import (
    GROUP,
    GROUP_KIND,
    Document,
    Kind,
    resource_type_documents,
)
from scim.resources.validation import check_size, patch, patch_user, read_resource
from scim.services import provisioning

EVERYTHING = Projection()

MEMBERS_AT_ONCE = 1_000
"""Members of a group that are documents at the same time, of 750 bytes each."""


class _Adapter:
    """What both adapters share. ``request`` carries organization and event."""

    obj: Any
    request: ScimRequest
    resource_type: str

    @property
    def id(self) -> str:
        return str(self.obj.scim_id)

    @property
    def location(self) -> str:
        base = base_url(self.request.organization)
        return f"{base}/{self.resource_type}s/{self.id}"

    @classmethod
    def resource_type_dict(cls, request: Any = None) -> Document:
        document = next(
            item
            for item in resource_type_documents(request.organization.served_extensions)
            if item["id"] == cls.resource_type
        )
        location = f"{base_url(request.organization)}/ResourceTypes/{cls.resource_type}"
        meta = {"resourceType": "ResourceType", "location": location}
        return document | {"meta": meta}

    @classmethod
    def read(cls, d: Document, request: ScimRequest) -> Any:
        """Return what the body of a POST or PUT asks for, validated, for ``take``."""
        raise NotImplementedError

    def take(self, wish: Any) -> None:
        """Note what ``read`` returned."""
        raise NotImplementedError


class UserAdapter(_Adapter, SCIMUser):  # type: ignore[misc]
    resource_type = "User"

    def __init__(self, obj: DirectoryUser, request: Any = None) -> None:
        super().__init__(obj, request)
        self.document: Document = obj.data

    @cached_property
    def groups(self) -> GroupsOfUsers:
        """The user's groups, read once: its version holds them as its body does."""
        return groups_of([self.obj])

    @property
    def version(self) -> str:
        return user_version(self.obj, self.groups)

    def to_dict(
        self,
        projection: Projection = EVERYTHING,
        groups: GroupsOfUsers | None = None,
    ) -> Document:
        groups = self.groups if groups is None else groups
        base = base_url(self.request.organization)
        return projection.apply(user_document(self.obj, groups, base=base))

    def pieces(
        self,
        projection: Projection = EVERYTHING,
        groups: GroupsOfUsers | None = None,
    ) -> Iterable[bytes]:
        """Return the JSON of the resource, in as many pieces as its size needs."""
        return [orjson.dumps(self.to_dict(projection, groups))]

    @classmethod
    def read(cls, d: Document, request: ScimRequest) -> Document:
        return read_resource(_kind(request), d)

    def take(self, wish: Document) -> None:
        self.document = wish

    def handle_operations(self, operations: list[Document]) -> None:
        """Note what a PATCH asks for."""
        self.document = patch_user(_kind(self.request), self.obj.data, operations)

    def save(self) -> bool:
        """Carry out what was noted; return whether anything changed."""
        event = self.request.event
        if self.obj.pk is None:
            provisioning.provision_user(
                user=self.obj, document=self.document, event=event
            )
            # Nobody knows its id yet, so it is in no group.
            self.groups = {}
            return True
        return provisioning.change_user(
            user=self.obj, document=self.document, event=event
        )

    def delete(self) -> None:
        provisioning.delete_user(user=self.obj, event=self.request.event)


class GroupAdapter(_Adapter, SCIMGroup):  # type: ignore[misc]
    resource_type = "Group"

    def __init__(self, obj: DirectoryGroup, request: Any = None) -> None:
        super().__init__(obj, request)
        self.document: Document = obj.data
        self.member_change = MemberChange()

    @property
    def version(self) -> str:
        return group_version(self.obj)

    def to_dict(
        self,
        projection: Projection = EVERYTHING,
        members: MembersOfGroups | None = None,
    ) -> Document:
        document = group_document(
            self.obj,
            members,
            base=base_url(self.request.organization),
            with_members=projection.wants("members", GROUP_KIND.schema),
        )
        return projection.apply(document)

    def pieces(
        self,
        projection: Projection = EVERYTHING,
        members: MembersOfGroups | None = None,
    ) -> Iterable[bytes]:
        """Return the JSON of the resource, in as many pieces as its size needs."""
        if not projection.wants("members", GROUP_KIND.schema):
            members = {}
        elif members is None:
            members = members_of([self.obj])
        keys = members.get(self.obj.pk, [])
        if len(keys) <= MEMBERS_AT_ONCE:
            return [orjson.dumps(self.to_dict(projection, members))]
        return self._many_members(projection, keys)

    def _many_members(self, projection: Projection, keys: list[int]) -> Iterator[bytes]:
        base = base_url(self.request.organization)
        yield orjson.dumps(self.to_dict(projection, {}))[:-1]
        before, after = b',"members":[', b"}"
        for start in range(0, len(keys), MEMBERS_AT_ONCE):
            some = [
                member_document(key, base)
                for key in keys[start : start + MEMBERS_AT_ONCE]
            ]
            # The projection may leave parts of them, or nothing.
            shown = projection.apply({"schemas": [GROUP], "members": some})
            if "members" in shown:
                yield before + orjson.dumps(shown["members"])[1:-1]
                before, after = b",", b"]}"
        yield after

    @classmethod
    def read(cls, d: Document, request: ScimRequest) -> tuple[MemberChange, Document]:
        return members_of_body(d), read_resource(GROUP_KIND, without_members(d))

    def take(self, wish: tuple[MemberChange, Document]) -> None:
        self.member_change, self.document = wish

    def handle_operations(self, operations: list[Document]) -> None:
        """Note what a PATCH asks for; members are never loaded."""
        others, self.member_change = split_operations(operations)
        check_size(others)
        self.document = patch(GROUP_KIND, self.obj.data, others)

    def save(self) -> bool:
        """Carry out what was noted; return whether anything changed."""
        wishes: Any = {
            "group": self.obj,
            "document": self.document,
            "members": self.member_change,
            "event": self.request.event,
        }
        if self.obj.pk is None:
            provisioning.provision_group(**wishes)
            return True
        return provisioning.change_group(**wishes)

    def delete(self) -> None:
        provisioning.delete_group(group=self.obj, event=self.request.event)


def _kind(request: ScimRequest) -> Kind:
    """Users as the organization of the request extends them."""
    return user_kind(request.organization.served_extensions)


def without_members(body: Document) -> Document:
    """Return *body* without its members: 40,000 of them need no pydantic."""
    return {key: item for key, item in body.items() if key.lower() != "members"}
