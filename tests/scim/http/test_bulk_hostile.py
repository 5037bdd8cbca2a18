"""Bulk requests that are wrong: never a 500, nothing stored of what is refused."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scim.http import recording
from scim.models import DirectoryGroup, DirectoryUser, ProvisioningEvent
from scim.resources.bulk_request import BULK_REQUEST, MAX_OPERATIONS
from tests.scim.bulks import bulk, delete, id_in, patch, post, put, results, statuses
from tests.scim.messages import created, group, members, patch_op, refused, user
from tests.scim.trouble import full

if TYPE_CHECKING:
    from tests.situations import ScimClient

pytestmark = pytest.mark.django_db

MESSAGES: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "invalidSyntax"),
    "no schemas": ({"Operations": [delete("/Users/x")]}, "invalidSyntax"),
    "another message": ({**bulk(delete("/Users/x")), "schemas": ["x"]}, "invalidSyntax"),
    "schemas as text": (
        {**bulk(delete("/Users/x")), "schemas": BULK_REQUEST},
        "invalidSyntax",
    ),
    "no operations": ({"schemas": [BULK_REQUEST]}, "invalidSyntax"),
    "an empty list": (bulk(), "invalidSyntax"),
    "an object": ({**bulk(), "Operations": {"method": "POST"}}, "invalidSyntax"),
    "text": ({**bulk(), "Operations": "POST"}, "invalidSyntax"),
    "null": ({**bulk(), "Operations": None}, "invalidSyntax"),
    "null inside": (bulk(None, post("/Users", "a", user())), "invalidSyntax"),
    "a list inside": (bulk([], post("/Users", "a", user())), "invalidSyntax"),
    "errors as text": (bulk(post("/Users", "a", user()), failOnErrors="1"), "invalidValue"),
    "errors as flag": (bulk(post("/Users", "a", user()), failOnErrors=True), "invalidValue"),
    "errors below 0": (bulk(post("/Users", "a", user()), failOnErrors=-1), "invalidValue"),
    "errors as number": (bulk(post("/Users", "a", user()), failOnErrors=1.5), "invalidValue"),
    "NUL": (bulk(post("/Users", "a\0", user())), "invalidValue"),
    "NUL in a path": (bulk(post("/Users\0", "a", user())), "invalidValue"),
    "depth": (bulk(post("/Users", "a", {"x": [[[[[[[[[[[[[[1]]]]]]]]]]]]]]})), "invalidSyntax"),
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_no_bulk(scim: ScimClient, name: str) -> None:
    """3.7: 400 for the whole, and no operation is begun."""
    body, scim_type = MESSAGES[name]
    refused(scim.post("/Bulk", body), 400, scim_type)
    assert not DirectoryUser.objects.exists()
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.status, event.outcome) == ("bulk", 400, "refused")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_only_post(scim: ScimClient, method: str) -> None:
    response = scim.request(method, "/Bulk", None if method == "GET" else bulk())
    refused(response, 405)
    assert response.headers["Allow"] == "POST, OPTIONS"


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "400"),
    "no method": ({"path": "/Users", "bulkId": "a", "data": user()}, "400"),
    "method as list": (post("/Users", "a", user()) | {"method": ["POST"]}, "400"),
    "method as object": (post("/Users", "a", user()) | {"method": {}}, "400"),
    "GET": ({"method": "GET", "path": "/Users"}, "400"),
    "HEAD": ({"method": "HEAD", "path": "/Users"}, "400"),
    "post": (post("/Users", "a", user()) | {"method": "post"}, "400"),
    "a long method": (delete("/Users/x") | {"method": "X" * 9_000}, "400"),
    "no path": ({"method": "DELETE"}, "400"),
    "path as number": (delete("/Users/x") | {"path": 5}, "400"),
    "path as list": (delete("/Users/x") | {"path": ["/Users/x"]}, "400"),
    "empty path": (delete(""), "400"),
    "relative path": (delete("Users/x"), "400"),
    "whole URL": (delete("https://portal.example/1/scim/Users/x"), "400"),
    "root": (delete("/"), "404"),
    "slashes": (delete("//"), "404"),
    "nested Bulk": (post("/Bulk", "a", bulk()), "404"),
    "Me": (patch("/Me", patch_op()), "404"),
    "search": (post("/Users/.search", "a", {}), "405"),
    "root search": (post("/.search", "a", {}), "404"),
    "discovery": (delete("/Schemas/x"), "404"),
    "other organization": (delete("/../../12345678/scim/Users/x"), "404"),
    "traversal": (delete("/Users/../Groups/x"), "404"),
    "traversal to Bulk": (post("/Users/../Bulk", "a", bulk()), "404"),
    "encoded": (delete("/Users%2Fx"), "404"),
    "query": (put("/Users/x?attributes=id", user()), "404"),
    "a long path": (delete("/Users/" + "x" * 90_000), "404"),
    "no id": (delete("/Users/"), "405"),
    "no bulkId": ({"method": "POST", "path": "/Users", "data": user()}, "400"),
    "empty bulkId": (post("/Users", "", user()), "400"),
    "bulkId as number": (post("/Users", "a", user()) | {"bulkId": 5}, "400"),
    "bulkId as object": (delete("/Users/x") | {"bulkId": {"a": []}}, "400"),
    "version as number": (put("/Users/x", user(), version=1), "400"),
    "version without quotes": (delete("{ada}", version="1"), "412"),
    "version of lines": (delete("{ada}", version='W/"1"\r\nX: y'), "412"),
    "an old version": (delete("{ada}", version='W/"0"'), "412"),
    "no data": ({"method": "POST", "path": "/Users", "bulkId": "a"}, "400"),
    "data as text": (post("/Users", "a", "x"), "400"),
    "data as list": (put("/Users/x", [user()]), "400"),
    "data as reference": (post("/Users", "a", "bulkId:a"), "400"),
    "data as value": (post("/Users", "a", {"value": "bulkId:a"}), "400"),
    "a name as reference": (post("/Users", "a", user("bulkId:a")), "400"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_operation_harms_nobody(rfc_scim: ScimClient, name: str) -> None:
    """3.7.3: it is refused alone, as method and bulkId say, with an event of its own."""
    ada = created(rfc_scim, "/Users", user("ada"))["id"]
    operation, status = WRONG[name]
    if operation.get("path") == "{ada}":
        operation = operation | {"path": f"/Users/{ada}"}
    found = results(
        rfc_scim,
        post("/Users", "first", user("first")),
        operation,
        post("/Users", "last", user("last")),
    )
    assert statuses(found) == f"201 {status} 201"
    for key in ("method", "bulkId"):
        if isinstance(operation.get(key), str) and operation[key]:
            assert found[1][key] == operation[key]
        else:
            assert key not in found[1]
    names = set(DirectoryUser.objects.values_list("scim_username", flat=True))
    assert names == {"first", "last", "ada"}
    events = ProvisioningEvent.objects.order_by("-pk").values_list("status", flat=True)
    assert list(events[:4]) == [200, 201, int(status), 201]


def test_a_bulk_id_may_be_anything(scim: ScimClient) -> None:
    """It is the client's: odd, long and foreign ones come back, and are referred to."""
    names = ["é\u202e", "x" * 100_000, "bulkId:a", "a b", "'; DROP TABLE", "{0} %s"]
    found = results(
        scim,
        post("/Groups", "g", group(members=members(*(f"bulkId:{n}" for n in names)))),
        *(
            post("/Users", name, user(f"u{number}@contoso.example"))
            for number, name in enumerate(names)
        ),
    )
    assert {result["status"] for result in found} == {"201"}
    assert [result["bulkId"] for result in found[1:]] == names
    assert DirectoryGroup.objects.get().memberships.count() == len(names)


def test_a_bulk_id_twice_beside_a_circle(scim: ScimClient) -> None:
    """What only shares its bulkId with something made is not taken for it."""
    created(scim, "/Users", user("taken@contoso.example"))
    found = results(
        scim,
        post("/Users", "x", user("x@contoso.example")),
        post("/Users", "a", user("taken@contoso.example", title="bulkId:b")),
        post("/Users", "b", user("b@contoso.example", title="bulkId:c")),
        post("/Users", "x", user("y@contoso.example", title="bulkId:c")),
        post("/Users", "c", user("c@contoso.example", title="bulkId:a")),
        post("/Users", "c", user("z@contoso.example", title="bulkId:b")),
    )
    assert statuses(found) == "201 409 409 400 409 400"
    names = set(DirectoryUser.objects.values_list("scim_username", flat=True))
    assert names == {"taken@contoso.example", "x@contoso.example"}


def test_a_full_bulk(scim: ScimClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many operations as there may be, half of them wrong; on a slow machine too."""
    monkeypatch.setattr("scim.http.bulk.MAX_SECONDS", 600)
    half = MAX_OPERATIONS // 2
    sent = [
        each
        for number in range(half)
        for each in (
            post("/Users", f"{number}", user(f"u{number}@contoso.example")),
            delete(f"/Users/{number}"),
        )
    ]
    found = results(scim, *sent)
    assert statuses(found) == " ".join(["201 404"] * half)
    assert DirectoryUser.objects.count() == half
    event = ProvisioningEvent.objects.latest("pk")
    assert event.detail == "1000 operations: 500 done, 500 refused."
    assert len(event.request_body) <= 64 * 1024


def test_many_references(scim: ScimClient) -> None:
    """Each to each other, and many to nobody: the plan costs no more than the reading."""
    size = 200
    everybody = [f"bulkId:{number}" for number in range(size)]
    nobody = [f"bulkId:n{number}" for number in range(100_000)]
    begin = time.monotonic()
    found = results(
        scim,
        post("/Groups", "x", group(members=members(*nobody))),
        *(
            post("/Groups", f"{number}", group(members=members(*everybody)))
            for number in range(size)
        ),
    )
    assert {result["status"] for result in found} <= {"409", "400"}
    assert not DirectoryGroup.objects.exists()
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("lost", ["create", "bulk"])
def test_a_database_that_goes_away(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """An operation whose event is lost is undone; what was done before is answered."""
    calls: list[str] = []
    original = recording.record

    def record(event: ProvisioningEvent, *args: Any) -> None:
        calls.append(event.action)
        if event.action == lost:
            full()
        original(event, *args)

    for module in ("endpoint", "recording"):
        monkeypatch.setattr(f"scim.http.{module}.record", record)
    found = results(
        scim, post("/Users", "a", user()), post("/Groups", "g", group("team"))
    )
    assert statuses(found) == ("503 503" if lost == "create" else "201 201")
    assert DirectoryUser.objects.count() == (lost != "create")
    assert calls.count("bulk") == 1


def test_an_operation_costs_what_its_call_costs(scim: ScimClient) -> None:
    """The token is looked at once; BEGIN and SAVEPOINT are not counted."""
    scim.get("/Users?count=0")

    def queries(size: int) -> int:
        sent = [
            post("/Users", f"{n}", user(f"{size}-{n}@contoso.example"))
            for n in range(size)
        ]
        with CaptureQueriesContext(connection) as context:
            results(scim, *sent)
        noise = ("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT", "ROLLBACK")
        asked = [query["sql"] for query in context.captured_queries]
        return sum(not sql.startswith(noise) for sql in asked)

    few, many = queries(1), queries(11)
    assert many - few <= 10 * 4
    assert few <= 6


_names = st.sampled_from(["a", "b", "c", "bulkId:a", "", "x"])
_values = st.sampled_from(["bulkId:a", "bulkId:b", "bulkId:c", "bulkId:", "x", None, 5])
_data = st.one_of(
    st.builds(user, _names),
    st.builds(
        lambda name, value: user(name, manager=value, title=value),
        _names,
        _values,
    ),
    st.builds(
        lambda name, values: group(name, members=[{"value": v} for v in values]),
        _names,
        st.lists(_values, max_size=3),
    ),
    st.builds(
        lambda value: patch_op({"op": "add", "path": "title", "value": value}), _values
    ),
    st.none() | st.text(max_size=3) | st.lists(_values, max_size=2),
)
_operations = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(["POST", "POST", "PUT", "PATCH", "DELETE", "GET", 5]),
        "path": st.sampled_from(
            [
                *["/Users", "/Users", "/Groups", "/Users/bulkId:a", "/Groups/bulkId:b"],
                *["/Users/@", "/Users/x", "/Bulk", "x", None, "/Users/bulkId:"],
            ]
        ),
        "bulkId": _names | st.just(5),
        "version": st.sampled_from(['W/"1"', "*", "x", 5, None]),
        "data": _data,
    },
)


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operations=st.lists(_operations, min_size=1, max_size=6))
def test_random_operations(rfc_scim: ScimClient, operations: list[Any]) -> None:
    """Each is done or refused; what the answer says was made is there, and no more."""
    DirectoryUser.objects.all().delete()
    DirectoryGroup.objects.all().delete()
    ada = created(rfc_scim, "/Users", user("ada"))["id"]
    sent = json.loads(json.dumps(bulk(*operations)).replace("@", ada))
    found = results(rfc_scim, *sent["Operations"])
    assert len(found) == len(operations)
    assert {result["status"] for result in found} <= {
        "200",
        "201",
        "204",
        "400",
        "404",
        "405",
        "409",
        "412",
    }
    made = {id_in(result) for result in found if result["status"] == "201"}
    gone = {id_in(result) for result in found if result["status"] == "204"}
    there = [*DirectoryUser.objects.all(), *DirectoryGroup.objects.all()]
    assert {row.scim_id for row in there} == (made | {ada}) - gone
    shown = json.dumps([row.data for row in there])
    assert "bulkId:" not in shown
