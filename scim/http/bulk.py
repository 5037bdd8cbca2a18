"""/Bulk (RFC 7644 section 3.7): each operation is served as the call it stands for.

An operation has its own transaction, lock and event; one that fails changes nothing
and stops nobody. The Bulk itself gets one event more.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import Any, ClassVar

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponseBase
from django_scim.constants import SchemaURI

from scim.errors import (
    InvalidValue,
    NotFound,
    ScimError,
    TooLarge,
    Unavailable,
    Unresolved,
)
from scim.events.changes import WHOLE
from scim.http.endpoint import Endpoint
from scim.http.recording import record_apart
from scim.http.request_body import read_object
from scim.http.responses import body_of, scim_response
from scim.http.scim_request import ScimRequest
from scim.http.views import GroupsView, ResourceEndpoint, UsersView
from scim.models import ProvisioningEvent
from scim.models.event import BODY_LIMIT
from scim.resources.bulk_request import (
    BULK_RESPONSE,
    MAX_SECONDS,
    Job,
    Operation,
    Step,
    max_payload,
    parted,
    payload_too_large,
    resolved,
)
from scim.resources.representation import Document, base_url

Action = ProvisioningEvent.Action

ENDPOINTS: dict[str, type[ResourceEndpoint]] = {
    "users": UsersView,
    "groups": GroupsView,
}


class BulkView(Endpoint):
    """POST /Bulk."""

    http_method_names: ClassVar = ["post", "options"]
    action = Action.BULK
    takes_lock = False
    job: Job

    def prepare(self, request: ScimRequest) -> None:
        if request.method != "POST":
            return
        try:
            body = read_object(request, most=max_payload())
        except (RequestDataTooBig, TooLarge):
            raise payload_too_large() from None
        self.job = Job.of(body)

    def post(self, request: ScimRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        run = _Run(request, self.job)
        results = run.carried_out()
        request.event.detail = run.summary()
        return scim_response({"schemas": [BULK_RESPONSE], "Operations": results})

    def note(self, request: ScimRequest, response: HttpResponseBase) -> None:
        """What was done is done: it is answered, and never tried again as a whole."""
        record_apart(request.event, request, response)

    def note_refusal(self, request: ScimRequest, response: HttpResponseBase) -> None:
        """Record it as the refusal of a write, which each of its operations is."""
        record_apart(request.event, request, response)


class _Call(ScimRequest):
    """The call that an operation stands for."""

    def __init__(
        self, bulk: ScimRequest, method: str, path: str, data: Any, version: str
    ) -> None:
        super().__init__()
        self.method = method
        self.organization = bulk.organization
        self.token = bulk.token
        self.client_ip = getattr(bulk, "client_ip", None)
        self.path = self.path_info = f"{bulk.organization.scim_path}{path}"
        if version:
            self.META["HTTP_IF_MATCH"] = version
        self.data = data
        self.sent_body = orjson.dumps(data) if data else b""
        # What a Bulk writes to the log has to do with its size, not with that of what
        # its operations change.
        self.changes_limit = min(max(WHOLE, len(self.sent_body)), BODY_LIMIT)


class _Refusal(Endpoint):
    """What serves an operation that names no call: its refusal is recorded as others are."""

    refusal: ScimError

    def prepare(self, request: ScimRequest) -> None:
        request.event.action = ResourceEndpoint.actions.get(
            request.method or "", Action.OTHER
        )
        raise self.refusal


class _Run:
    """The operations of a Bulk, carried out in the order of its plan."""

    def __init__(self, request: ScimRequest, job: Job) -> None:
        self.request = request
        self.plan = job.plan
        self.most_errors = job.most_errors
        self.base = base_url(request.organization)
        self.results: dict[int, Document] = {}
        self.created: dict[str, str] = {}
        """bulkId to the id of what was made."""
        self.unfinished: dict[int, tuple[frozenset[str], Any]] = {}
        """Index of a creation to the names it has to wait for, and the data left out."""
        self.waiting: dict[int, list[int]] = defaultdict(list)
        """Index of a creation to those of the unfinished ones that it is the last for."""
        self.errors = 0

    def carried_out(self) -> list[Document]:
        """Return the results, in the order of the request (RFC 7644 section 3.7.3)."""
        begin = time.monotonic()
        for step in self.plan.steps:
            if self._has_failed_enough():
                break
            if time.monotonic() - begin > MAX_SECONDS:
                self._out_of_time()
                break
            self._carry_out(step)
            self._finish_circles(step)
        for index in list(self.unfinished):
            self._undo(index)
        return [self.results[index] for index in sorted(self.results)]

    def summary(self) -> str:
        total = len(self.plan.operations)
        counted = Counter(int(each["status"]) < 400 for each in self.results.values())
        text = f"{total} operation{'s' if total > 1 else ''}: {counted[True]} done"
        if counted[False]:
            text += f", {counted[False]} refused"
        if left := total - counted.total():
            text += f", {left} not begun"
        return f"{text}."

    def _has_failed_enough(self) -> bool:
        return self.most_errors is not None and self.errors >= max(1, self.most_errors)

    def _out_of_time(self) -> None:
        late = Unavailable(
            f"The Bulk took more than {MAX_SECONDS} seconds, and this operation was not "
            "begun. Send it again."
        )
        for index, operation in enumerate(self.plan.operations):
            if index not in self.results:
                body = orjson.dumps(late.body())
                self._note(index, operation, late.status, body)

    # ------------------------------------------------------------------ one operation

    def _carry_out(self, step: Step) -> None:
        operation = self.plan.operations[step.index]
        data, left_out = operation.data or {}, None
        path = operation.path if isinstance(operation.path, str) else ""
        view: Endpoint
        kwargs: dict[str, Any] = {}
        try:
            operation.check()
            self._check_name(step.index, operation)
            if step.later:
                data, left_out = parted(data, step.later)
            if self.plan.references[step.index]:
                data = resolved(data or {}, self._id_of)
                path = "/".join(resolved(path.split("/"), self._id_of))
            view, kwargs = _target(path)
        except ScimError as refusal:
            view = _Refusal(refusal=refusal)
        method = operation.method if isinstance(operation.method, str) else ""
        version = operation.version if method != "POST" else ""
        response = self._serve(view, kwargs, method, path, data, version)
        self._note_answer(step.index, operation, path, response)
        name = operation.creates
        if name is not None and response.status_code < 400:
            self.created[name] = response["Location"].rpartition("/")[2]
            if left_out is not None:
                self.unfinished[step.index] = (step.later, left_out)
                self.waiting[self.plan.last_of(step.later)].append(step.index)

    def _serve(
        self,
        view: Endpoint,
        kwargs: dict[str, Any],
        method: str,
        path: str,
        data: Any,
        version: Any = "",
    ) -> HttpResponseBase:
        call = _Call(self.request, method, path, data, version or "")
        view.setup(call, **kwargs)
        return view.serve(call, **kwargs)

    def _check_name(self, index: int, operation: Operation) -> None:
        name = operation.creates
        if name is not None and self.plan.creations[name] != index:
            raise InvalidValue(
                f"An earlier POST of this Bulk has the bulkId {name[:64]} already."
            )

    def _id_of(self, name: str) -> str:
        """Return the id of the resource that *name* refers to, or raise Unresolved."""
        if name in self.created:
            return self.created[name]
        if name in self.plan.creations:
            raise Unresolved(f"The POST with the bulkId {name[:64]} made nothing.")
        raise Unresolved(f"No POST of this Bulk has the bulkId {name[:64]}.")

    # ------------------------------------------------------------------------- circles

    def _finish_circles(self, step: Step) -> None:
        """Complete, or take back, what waited for *step* (section 3.7.1)."""
        for index in self.waiting.pop(step.index, ()):
            if index not in self.unfinished:
                continue
            later, left_out = self.unfinished.pop(index)
            if not later <= self.created.keys() or not self._complete(index, left_out):
                self._undo(index)

    def _complete(self, index: int, left_out: Any) -> bool:
        """Add what was left out, by the same code as a PATCH of its own."""
        path = self._path_of(index)
        operation = {"op": "add", "value": resolved(left_out, self._id_of)}
        data = {"schemas": [SchemaURI.PATCH_OP], "Operations": [operation]}
        response = self._serve(*_target(path), "PATCH", path, data)
        if response.status_code < 400:
            self.results[index]["version"] = response["ETag"]
        return response.status_code < 400

    def _undo(self, first: int) -> None:
        """Take back a creation whose circle did not close, and those that refer to it."""
        refusal = Unresolved(
            "A circular reference could not be resolved, because another creation of "
            "the circle failed. What had been made was deleted again."
        )
        body = orjson.dumps(refusal.body())
        stack = [first]
        while stack:
            index = stack.pop()
            operation = self.plan.operations[index]
            name = operation.creates
            if name is None or self.created.pop(name, None) is None:
                continue
            self.unfinished.pop(index, None)
            path = self._path_of(index)
            self._serve(*_target(path), "DELETE", path, None)
            self._note(index, operation, refusal.status, body)
            stack += self.plan.creations_with(name)

    def _path_of(self, index: int) -> str:
        location: str = self.results[index]["location"]
        return location.removeprefix(self.base)

    # ------------------------------------------------------------------------- results

    def _note_answer(
        self, index: int, operation: Operation, path: str, response: HttpResponseBase
    ) -> None:
        location = response.get("Location", "")
        if not location and operation.method != "POST" and path.startswith("/"):
            location = f"{self.base}{path}"
        self._note(
            index,
            operation,
            response.status_code,
            body_of(response),
            location=location,
            version=response.get("ETag", ""),
        )

    def _note(
        self,
        index: int,
        operation: Operation,
        status: int,
        body: bytes,
        *,
        location: str = "",
        version: str = "",
    ) -> None:
        result: Document = {
            "location": location,
            "method": operation.method,
            "bulkId": operation.bulk_id,
            "version": version,
        }
        # Of a wrong type, or nothing to say.
        result = {
            key: item for key, item in result.items() if item and isinstance(item, str)
        }
        result["status"] = str(status)
        if status >= 400:
            self.errors += 1
            result["response"] = orjson.Fragment(body)
        self.results[index] = result


def _target(path: str) -> tuple[ResourceEndpoint, dict[str, Any]]:
    """Return the view that serves *path*, and the arguments of its URL."""
    endpoint, _, scim_id = path[1:].removesuffix("/").partition("/")
    view = ENDPOINTS.get(endpoint.lower())
    if view is None or "/" in scim_id:
        raise NotFound(
            "There is no such resource type. An operation of a Bulk names one, or a "
            "resource, such as /Users or /Users/<id>."
        )
    return view(), {view.lookup_url_kwarg: scim_id or None}
