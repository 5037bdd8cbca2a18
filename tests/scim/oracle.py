"""scim2-server's in-memory server, told what RFC 7643 and 7644 leave to the provider.

It is the judge in test_oracle*.py: another author's protocol code over another storage,
with our schemas and policy. What it is told is in DirectoryInMemory and OneOrganization,
one rule a method; everything else is its own reading of the RFCs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from scim2_models import (
    Context,
    InvalidValueException,
    ScimProvider,
    ServiceProviderConfig,
)
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.service import ScimService

from scim.resources.schemas import GROUP_KIND, POLICY, PROVIDER, USER_KIND

if TYPE_CHECKING:
    from scim2_models import Resource, ResourceType, ResponseParameters
    from scim2_server.responses import ScimResponse

Document = dict[str, Any]

KINDS = {"User": USER_KIND, "Group": GROUP_KIND}


def now() -> datetime:
    """The time to the millisecond, the precision that meta has with us."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class DirectoryInMemory(InMemoryStorage):
    """Users and groups that refer to each other, as those of a directory do."""

    def __init__(self, base: str) -> None:
        super().__init__(clock=now)
        self.base = base
        self.next_ids: dict[tuple[str, str], str] = {}

    def generate_id(self, resource_type: ResourceType, resource: Resource[Any]) -> str:
        """The id that our service gave to that name, so that requests can name it."""
        kind, made = str(resource_type.name), resource.model_dump()
        name = made["userName" if kind == "User" else "displayName"]
        return self.next_ids.pop((kind, name), "refused")

    def create(
        self, resource_type: ResourceType, resource: Resource[Any]
    ) -> Resource[Any]:
        made = super().create(resource_type, self._kept(resource_type, resource))
        self._link()
        return self.get(resource_type, made.id or "")

    def update(
        self,
        resource_type: ResourceType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        """Write what changed; an update that changes nothing moves no lastModified."""
        kept = self._kept(resource_type, resource)
        stored = self.get(resource_type, resource.id or "")
        if _attributes(kept) != _attributes(stored):
            super().update(resource_type, kept)
            self._link()
        return self.get(resource_type, resource.id or "")

    def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        """Delete; a deleted user leaves its groups, which changes them."""
        super().delete(resource_type, resource_id)
        for group in self._all("Group"):
            if any(member.value == resource_id for member in group.members or []):
                self.update(PROVIDER.resource_types[1], group.model_copy(deep=True))
        self._link()

    def _all(self, name: str) -> list[Any]:
        return sorted(self._resources.get(name, {}).values(), key=lambda item: item.id)

    def _kept(
        self, resource_type: ResourceType, resource: Resource[Any]
    ) -> Resource[Any]:
        """Return what is stored: no empty value, no password, members that exist."""
        name = str(resource_type.name)
        document = _pruned(resource.model_dump())
        document.pop("password", None)
        document.pop("groups", None)
        if name == "Group":
            document["members"] = self._members(document.get("members", []))
        for required in ("userName",) if name == "User" else ("displayName",):
            if not document.get(required, "").strip():
                raise InvalidValueException(detail=f"{required} is blank")
        kept: Any = KINDS[name].model.model_validate(_pruned(document))
        return kept  # type: ignore[no-any-return]

    def _members(self, sent: list[Document]) -> list[Document]:
        """The users that exist, each once; the server says $ref and type."""
        named = {member.get("value") for member in sent}
        return [
            {
                "value": user.id,
                "$ref": f"{self.base}/Users/{user.id}",
                "type": "User",
            }
            for user in self._all("User")
            if user.id in named
        ]

    def _link(self) -> None:
        """Give every user its groups: of meta, only the version changes with them."""
        for user in self._all("User"):
            document = user.model_dump()
            document["groups"] = shown = [
                {
                    "value": group.id,
                    "$ref": f"{self.base}/Groups/{group.id}",
                    "display": group.display_name,
                    "type": "direct",
                }
                for group in self._all("Group")
                if any(member.value == user.id for member in group.members or [])
            ]
            user.groups = USER_KIND.model.model_validate(document).groups or None
            number = user.meta.version.strip('W/"').partition(" ")[0]
            names = [(group["value"], group["display"]) for group in shown]
            user.meta.version = f'W/"{number} {names}"' if names else f'W/"{number}"'


class OneOrganization(ScimService):
    def patch_response(
        self,
        base_url: str,
        resource: Resource[Any],
        response_parameters: ResponseParameters[Any],
    ) -> ScimResponse:
        """200 with the resource: RFC 7644 3.5.2 permits it as well as 204."""
        return self.replacement_response(base_url, resource, response_parameters)

    def creation_response(self, base_url: str, created: Resource[Any]) -> ScimResponse:
        return self.resource_response(
            self.publish(base_url, created),
            Context.RESOURCE_CREATION_RESPONSE,
            status=HTTPStatus.CREATED,
        )


class Oracle(WSGIApplication):
    """The server; *base* is the Base URL that its locations begin with."""

    storage: DirectoryInMemory

    def __init__(self, base: str, config: Document) -> None:
        provider = ScimProvider(
            PROVIDER.models,
            PROVIDER.resource_types,
            ServiceProviderConfig.model_validate(config),
            POLICY,
        )
        service = OneOrganization(provider, secret="of-the-oracle-only")
        super().__init__(DirectoryInMemory(base), provider, service)
        self.base = base

    def call(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        body: bytes = b"",
        *,
        headers: dict[str, str] | None = None,
        new_ids: dict[tuple[str, str], str] | None = None,
    ) -> tuple[int, Document | None, str | None]:
        """Serve a request: status, body, ETag. What it makes gets the id of its name."""
        self.storage.next_ids = new_ids or {}
        answer = self.serve(
            ScimRequest(method, self.base, path, query, headers or {}, body),
        )
        return int(answer.status), answer.body, dict(answer.headers).get("ETag")


def _attributes(resource: Resource[Any]) -> Document:
    document = _pruned(resource.model_dump())
    return {
        key: document[key] for key in document.keys() - {"meta", "groups", "schemas"}
    }


def _pruned(value: Any) -> Any:
    """Return *value* without what counts as unassigned (RFC 7643 section 2.5)."""
    if isinstance(value, dict):
        items = {key: _pruned(item) for key, item in value.items()}
        return {
            key: item for key, item in items.items() if item not in ("", [], {}, None)
        }
    if isinstance(value, list):
        return [item for item in map(_pruned, value) if item not in ("", [], {}, None)]
    return value
