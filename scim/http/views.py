"""The endpoints, on django-scim2's views: HTTP here, the rest elsewhere."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, ClassVar

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django_scim import views as library

from scim.errors import (
    MethodNotAllowed,
    NotFound,
    NotSupported,
    ScimError,
)
from scim.http import discovery
from scim.http.adapters import GroupAdapter, UserAdapter
from scim.http.endpoint import WRITES, Endpoint
from scim.http.preconditions import unmodified
from scim.http.request_body import read_object
from scim.http.responses import (
    no_content,
    not_modified,
    scim_response,
    written_response,
)
from scim.http.scim_request import ScimRequest
from scim.http.search import Listed, Search, Target, list_response, projection_of
from scim.models import DirectoryGroup, DirectoryUser, ProvisioningEvent
from scim.query.filters import resource_filter
from scim.query.lookups import find
from scim.resources.client_quirks import lookup
from scim.resources.representation import Document
from scim.resources.validation import read_operations

Action = ProvisioningEvent.Action
_RANDOM_NAME = re.compile(
    r'[^"]*(?:\[type eq "[a-z]+"\][^"]*)? eq "(?!7a736361-6c65-7200-)'
    r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"',
    re.IGNORECASE,
)
"""What Entra's Test Connection asks for: one name that is a random GUID, no id of ours."""


class ResourceEndpoint(Endpoint):
    """Users and Groups. The methods allowed depend on whether an id is named."""

    http_method_names: ClassVar = [
        "get",
        "head",
        "post",
        "put",
        "patch",
        "delete",
        "options",
    ]
    resource_type = ""
    body: Document
    operations: list[Document]
    wish: Any = None
    """What a POST or PUT asks for, read from its body."""

    refusal: Exception | None = None
    """Why the body of a PUT asks for nothing. Which resource it is for comes first."""

    actions: ClassVar = {
        "POST": Action.CREATE,
        "PUT": Action.CHANGE,
        "PATCH": Action.CHANGE,
        "DELETE": Action.DELETE,
    }

    def _allowed_methods(self) -> list[str]:
        if self.kwargs.get(self.lookup_url_kwarg):
            return ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return ["GET", "HEAD", "POST", "OPTIONS"]

    def _draft(self, request: ScimRequest) -> ProvisioningEvent:
        event = super()._draft(request)
        event.resource_type = self.resource_type
        event.action = self.actions.get(request.method or "", Action.READ)
        return event

    def prepare(self, request: ScimRequest) -> None:
        if request.method not in self._allowed_methods():
            request.event.action = Action.OTHER
            raise MethodNotAllowed(request.method or "", self._allowed_methods())
        if request.method in {"POST", "PUT", "PATCH"}:
            self.body = read_object(request)
        if request.method == "PATCH":
            self.operations = read_operations(self.body)
        elif request.method == "POST":
            self._name_target()
            self.wish = self.scim_adapter.read(self.body, request)
        elif request.method == "PUT":
            try:
                self.wish = self.scim_adapter.read(self.body, request)
            except Exception as exc:  # noqa: BLE001 - raised when the resource is known
                self.refusal = exc

    def get_object(self) -> Any:
        """The resource of the URL, locked when it is going to be changed."""
        scim_id = self._named_id()
        row = find(
            self.model_cls,
            self.request.organization.pk,
            scim_id,
            locked=self.request.method in WRITES,
        )
        if row is None:
            raise NotFound(
                f"There is no {self.resource_type} with the id {scim_id[:64]}."
            )
        # Saves the query for what authentication has loaded already.
        row.organization = self.request.organization
        self.request.event.resource_key = row.pk
        self.request.event.target = str(row)[:254]
        return row

    def _named_id(self) -> str:
        """The id of the URL; or of a PUT's body, where the behaviour profile says so.

        Zscaler's real service reads it there (Captain-P-Goldfish/scim-for-keycloak 114).
        """
        named: str = self.kwargs[self.lookup_url_kwarg]
        if self.request.method != "PUT":
            return named
        if not self.request.organization.behaviour.put_trusts_body_id:
            return named
        sent = lookup(self.body, "id")
        return sent if isinstance(sent, str) and sent else named

    def selected(self) -> Any:
        """The adapter of the URL's resource, when the call may change it as it is.

        Raises PreconditionFailed; the row is locked, so it stays the version named.
        """
        adapter = self.scim_adapter(self.get_object(), request=self.request)
        unmodified(self.request.headers, self.request.method, lambda: adapter.version)
        return adapter

    def get_single(self, request: ScimRequest) -> HttpResponseBase:
        adapter = self.scim_adapter(self.get_object(), request=request)
        if unmodified(request.headers, request.method, lambda: adapter.version):
            return not_modified(etag=adapter.version)
        return self._answer(adapter)

    def get_many(self, request: ScimRequest) -> HttpResponseBase:
        request.event.action = Action.LOOKUP if "filter" in request.GET else Action.LIST
        search = Search.of_query(request.GET, request.organization.behaviour)
        listed = list_response([self.target(search)], search)
        describe_search(request.event, search, listed)
        return listed.response

    def target(self, search: Search, *, root: bool = False) -> Target:
        """The rows of *search*; at the *root* other resource types are searched too."""
        organization = self.request.organization
        known = self.model_cls.objects.for_organization(organization)
        condition = Q()
        if search.filter:
            condition = resource_filter(
                self.resource_type, search.filter, organization, root=root
            )
        return Target(self.scim_adapter, self.request, known, condition)

    def post(self, request: ScimRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        row = self.model_cls(organization=request.organization)
        adapter = self.scim_adapter(row, request=request)
        adapter.take(self.wish)
        adapter.save()
        return self._answer(adapter, status=HTTPStatus.CREATED)

    def put(self, request: ScimRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        adapter = self.selected()
        self._name_target()
        if self.refusal:
            raise self.refusal
        adapter.take(self.wish)
        adapter.save()
        return self._answer(adapter)

    def patch(
        self, request: ScimRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        adapter = self.selected()
        adapter.handle_operations(self.operations)
        adapter.save()
        return self.patched(adapter)

    def patched(self, adapter: Any) -> HttpResponseBase:
        return self._answer(adapter)

    def delete(
        self, request: ScimRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        self.selected().delete()
        return no_content()

    def _name_target(self) -> None:
        """Name the target before anything is refused, so that the event knows it."""
        name = self.body.get("userName") or self.body.get("displayName")
        if isinstance(name, str) and not self.request.event.target:
            self.request.event.target = name[:254]

    def _answer(self, adapter: Any, status: int = HTTPStatus.OK) -> HttpResponseBase:
        return written_response(
            adapter.pieces(projection_of(self.request.GET)),
            status=status,
            location=adapter.location,
            etag=adapter.version,
        )


def describe_search(event: ProvisioningEvent, search: Search, listed: Listed) -> None:
    """Say in the event whether somebody was looked up, and whether they were there."""
    if not search.filter:
        event.action = Action.LIST
        return
    event.action = Action.LOOKUP
    if listed.total == 1 and listed.first:
        event.target = str(listed.first)[:254]
    event.detail = f"{listed.total} found: {search.filter}"[:1024]
    if not listed.total and _RANDOM_NAME.fullmatch(search.filter):
        event.action = Action.TEST


class UsersView(ResourceEndpoint, library.UsersView):  # type: ignore[misc]
    resource_type = "User"
    model_cls = DirectoryUser
    scim_adapter = UserAdapter


class GroupsView(ResourceEndpoint, library.GroupsView):  # type: ignore[misc]
    resource_type = "Group"
    model_cls = DirectoryGroup
    scim_adapter = GroupAdapter

    def patched(self, adapter: Any) -> HttpResponseBase:
        """204 or 200, by profile; a body only up to a number of members."""
        profile = self.request.organization.behaviour
        projection = projection_of(self.request.GET)
        if projection.explicit:
            return self._answer(adapter)
        if profile.group_patch_answer == "no-content":
            return no_content(etag=adapter.version)
        members = adapter.obj.memberships.order_by()[: profile.body_member_limit + 1]
        if len(members.values_list("pk")) > profile.body_member_limit:
            return no_content(etag=adapter.version)
        return self._answer(adapter)


class _Search(Endpoint):
    """POST .search (RFC 7644 section 3.4.3)."""

    http_method_names: ClassVar = ["post", "options"]
    takes_lock = False
    action = Action.LOOKUP
    body: Document
    views: ClassVar[list[type[ResourceEndpoint]]] = []

    def prepare(self, request: ScimRequest) -> None:
        if request.method == "POST":
            self.body = read_object(request)

    def post(self, request: ScimRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        search = Search.of_body(self.body, request.organization.behaviour)
        listed = list_response(self._targets(search), search)
        describe_search(request.event, search, listed)
        return listed.response

    def _targets(self, search: Search) -> list[Target]:
        """The resource types of the endpoint (RFC 7644 section 3.4.2.1)."""
        targets = []
        for view_class in self.views:
            view = view_class()
            view.setup(self.request)
            targets.append(view.target(search, root=len(self.views) > 1))
        return targets


class UserSearchView(_Search, library.UserSearchView):  # type: ignore[misc]
    views: ClassVar = [UsersView]


class GroupSearchView(_Search, library.GroupSearchView):  # type: ignore[misc]
    views: ClassVar = [GroupsView]


class SearchView(_Search, library.SearchView):  # type: ignore[misc]
    views: ClassVar = [UsersView, GroupsView]


def refuse_filter(request: HttpRequest) -> None:
    """RFC 7644 section 4: a filter on discovery is answered with 403."""
    if "filter" in request.GET:
        raise discovery.FilterOnDiscovery


class _Discovery(Endpoint):
    http_method_names: ClassVar = ["get", "head", "options"]
    open_to_anyone = True
    action = Action.DISCOVER

    def get(
        self, request: ScimRequest, uuid: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        refuse_filter(request)
        documents = self.documents(request)
        if uuid is None:
            return scim_response(discovery.listed(documents))
        for document in documents:
            if document["id"].lower() == uuid.lower():
                return scim_response(document)
        raise NotFound(f"There is nothing of the name {uuid[:128]} here.")

    def documents(self, request: ScimRequest) -> list[Document]:
        raise NotImplementedError


class SchemasView(_Discovery, library.SchemasView):  # type: ignore[misc]
    def documents(self, request: ScimRequest) -> list[Document]:
        return discovery.schemas(request.organization)


class ResourceTypesView(_Discovery, library.ResourceTypesView):  # type: ignore[misc]
    def documents(self, request: ScimRequest) -> list[Document]:
        adapters = (UserAdapter, GroupAdapter)
        return [each.resource_type_dict(request) for each in adapters]


class ServiceProviderConfigView(_Discovery, library.ServiceProviderConfigView):  # type: ignore[misc]
    def get(self, request: ScimRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refuse_filter(request)
        return scim_response(discovery.service_provider_config(request.organization))


class NotOfferedView(Endpoint):
    """/Me and the root: known to the RFC, not offered here."""

    def dispatch_refusal(self) -> ScimError:
        return NotSupported()

    def http_method_not_allowed(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        raise self.dispatch_refusal()

    http_method_names: ClassVar[list[str]] = []


class MeView(NotOfferedView):
    """RFC 7644 section 3.11: 501 where nobody is signed in."""

    def dispatch_refusal(self) -> ScimError:
        return NotSupported(
            "The bearer token belongs to an organization, not to a person, so /Me names "
            "nobody. Ask for /Users/<id>."
        )


class UnknownView(NotOfferedView):
    """Whatever else is below the Base URL."""

    def dispatch_refusal(self) -> ScimError:
        return NotFound("There is no such endpoint. Check the Base URL in the client.")
