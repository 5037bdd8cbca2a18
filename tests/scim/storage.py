"""Our rows behind the storage interface of scim2-server, for its contract tests.

Nothing is decided here: rows come from the QuerySets, changes go through the adapters
to scim.services.provisioning, searches through the .search views and scim.query.filters.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.test import RequestFactory
from scim2_models import Error, NotFoundException, SCIMException
from scim2_server.storage import ScimStorage, SearchPage

from scim.errors import NotFound, translate
from scim.http import views
from scim.http.adapters import GroupAdapter, UserAdapter
from scim.http.preconditions import unmodified
from scim.http.responses import body_of
from scim.http.search import Search, list_response, projection_of
from scim.models import DirectoryGroup, DirectoryUser, ProvisioningEvent
from scim.query.projection import Projection
from scim.resources.schemas import GROUP_KIND, POLICY, USER_KIND, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scim2_models import Resource, ResourceType, ResponseParameters, SearchRequest

    from scim.models import Organization

KINDS: dict[str, tuple[Kind, Any, Any]] = {
    "User": (USER_KIND, DirectoryUser, UserAdapter),
    "Group": (GROUP_KIND, DirectoryGroup, GroupAdapter),
}
SEARCH_VIEWS: dict[tuple[str, ...], type[views._Search]] = {
    ("User",): views.UserSearchView,
    ("Group",): views.GroupSearchView,
    ("User", "Group"): views.SearchView,
}


class DirectoryStorage(ScimStorage):
    """The users and groups of one organization."""

    supports_cursors = True

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        request: Any = RequestFactory().post("/")
        request.organization = organization
        self.request = request

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        with self.operation():
            adapter = self._adapter(resource_type, resource_id)
            return self._resource(adapter.to_dict(_projection(response_parameters)))

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        sent = {
            "filter": search_request.filter and str(search_request.filter),
            "sortBy": search_request.sort_by and str(search_request.sort_by),
            "sortOrder": search_request.sort_order and str(search_request.sort_order),
            "startIndex": search_request.start_index,
            "count": search_request.count,
            "cursor": position or search_request.cursor,
        }
        query = {name: value for name, value in sent.items() if value is not None}
        search = Search.of_query(query, self.organization.behaviour)
        with self.operation():
            view = SEARCH_VIEWS[tuple(str(kind.name) for kind in resource_types)]()
            view.request = self.request
            listed = list_response(view._targets(search), search)
        found = json.loads(body_of(listed.response))
        page = [self._resource(document) for document in found["Resources"]]
        return SearchPage(
            found["totalResults"],
            page,
            found.get("nextCursor"),
            found.get("previousCursor"),
        )

    def create(
        self, resource_type: ResourceType, resource: Resource[Any]
    ) -> Resource[Any]:
        with self.operation():
            return self._written(self._adapter(resource_type), resource)

    def update(
        self,
        resource_type: ResourceType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        with self.operation():
            adapter = self._adapter(resource_type, resource.id)
            _guard(adapter, "PUT", expected_version)
            return self._written(adapter, resource)

    def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        with self.operation():
            adapter = self._adapter(resource_type, resource_id)
            _guard(adapter, "DELETE", expected_version)
            adapter.delete()

    @contextmanager
    def operation(self) -> Iterator[None]:
        """One unit of work, whose refusals are those of scim2-models."""
        self.request.event = ProvisioningEvent(organization=self.organization)
        try:
            with transaction.atomic():
                yield
        except Exception as exc:
            refusal = translate(exc)
            if refusal.status == 500:
                raise
            if isinstance(refusal, NotFound):
                raise NotFoundException(detail=refusal.detail) from exc
            error = Error(
                status=refusal.status,
                scim_type=refusal.scim_type or None,
                detail=refusal.detail,
            )
            raise SCIMException.from_error(error) from exc

    def _adapter(
        self, resource_type: ResourceType, resource_id: str | None = None
    ) -> Any:
        _, model, adapter = KINDS[str(resource_type.name)]
        if resource_id is None:
            return adapter(model(organization=self.organization), request=self.request)
        rows = model.objects.for_organization(self.organization)
        row = rows.with_scim_id(resource_id).select_for_update().first()
        if row is None:
            raise NotFound
        return adapter(row, request=self.request)

    def _written(self, adapter: Any, resource: Resource[Any]) -> Resource[Any]:
        adapter.take(adapter.read(resource.model_dump(), self.request))
        adapter.save()
        return self._resource(adapter.to_dict())

    def _resource(self, document: dict[str, Any]) -> Resource[Any]:
        """The document as a resource; where it lives is for the server to say."""
        kind, _, _ = KINDS[
            "User" if USER_KIND.schema in document["schemas"] else "Group"
        ]
        if "meta" in document:
            document["meta"].pop("location")
        resource: Resource[Any] = kind.model.model_validate(
            document, scim_policy=POLICY
        )
        return resource


def _guard(adapter: Any, method: str, expected_version: str | None) -> None:
    """Demand the version that is expected, as a call with If-Match does."""
    headers = {} if expected_version is None else {"If-Match": expected_version}
    unmodified(headers, method, lambda: adapter.version)


def _projection(parameters: ResponseParameters[Any] | None) -> Projection:
    if parameters is None:
        return Projection()
    names = {
        "attributes": parameters.attributes,
        "excludedAttributes": parameters.excluded_attributes,
    }
    return projection_of(
        {key: ",".join(map(str, paths)) for key, paths in names.items() if paths}
    )
