"""Bulk (RFC 7644 section 3.7): many operations, each as the call it stands for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from scim2_models import BulkResponse, Context, User

from scim.models import DirectoryGroup, DirectoryUser, ProvisioningEvent
from scim.resources import bulk_request as limits
from tests.scim.bulks import bulk, delete, id_in, patch, post, put, results, statuses
from tests.scim.messages import (
    ENTERPRISE,
    created,
    group,
    member_ids,
    members,
    patch_op,
    read,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

pytestmark = pytest.mark.django_db

TITLE: Any = {"op": "replace", "path": "title", "value": "Head"}


def manager(value: str) -> Any:
    return {ENTERPRISE: {"manager": {"value": value}}}


def manager_of(scim: ScimClient, scim_id: str) -> str | None:
    document = read(scim, "/Users", scim_id)
    value: str | None = document.get(ENTERPRISE, {}).get("manager", {}).get("value")
    return value


# ------------------------------------------------------------------- what is answered


def test_every_method(scim: ScimClient) -> None:
    """3.7.3: location, method, bulkId, version and status, in the order of the request."""
    ada, bo, cy = (
        created(scim, "/Users", user(f"{name}@contoso.example"))["id"]
        for name in ("ada", "bo", "cy")
    )
    found = results(
        scim,
        post("/Users", "new", user("dan@contoso.example")),
        put(f"/Users/{ada}", user("ada@contoso.example", title="Boss")),
        patch(f"/Users/{bo}", patch_op(TITLE)),
        delete(f"/Users/{cy}"),
    )
    base = f"http://testserver{scim.base}/Users"
    dan = DirectoryUser.objects.get(scim_username="dan@contoso.example").scim_id
    assert found == [
        {
            "location": f"{base}/{dan}",
            "method": "POST",
            "bulkId": "new",
            "version": 'W/"1"',
            "status": "201",
        },
        {
            "location": f"{base}/{ada}",
            "method": "PUT",
            "version": 'W/"2"',
            "status": "200",
        },
        {
            "location": f"{base}/{bo}",
            "method": "PATCH",
            "version": 'W/"2"',
            "status": "200",
        },
        {"location": f"{base}/{cy}", "method": "DELETE", "status": "204"},
    ]
    titles = DirectoryUser.objects.order_by("pk").values_list("data__title", flat=True)
    assert list(titles) == ["Boss", "Head", None]
    assert scim.get(f"/Users/{cy}").status_code == 404


def test_the_answer_is_read_by_scim2_models(scim: ScimClient) -> None:
    """3.7.3: an answer that its validator takes, refusals included."""
    response = scim.post(
        "/Bulk",
        bulk(
            post("/Users", "a", user()),
            post("/Users", "b", user()),
            delete("/Users/nobody"),
        ),
    )
    parsed = BulkResponse[User[Any]].model_validate(
        response.json(), scim_ctx=Context.BULK_RESPONSE
    )
    assert [each.status for each in parsed.operations or []] == [201, 409, 404]


def test_a_refusal_is_that_of_the_single_call(scim: ScimClient) -> None:
    """3.7.3: the Error of the call, the others unharmed; no location for a POST."""
    created(scim, "/Users", user())
    wrong = {
        "taken": ("POST", "/Users", user("ADA@contoso.example")),
        "domain": ("POST", "/Users", user("eve@elsewhere.example")),
        "type": ("POST", "/Users", user("eve@contoso.example", emails=5)),
        "missing": ("PUT", "/Users/nobody", user()),
        "no operations": ("PATCH", "/Groups/nobody", {}),
        "id": ("POST", "/Users/nobody", user()),
        "no id": ("PUT", "/Groups", group()),
    }
    found = results(
        scim,
        *(
            {"method": method, "path": path, "data": data, "bulkId": name}
            for name, (method, path, data) in wrong.items()
        ),
        post("/Groups", "fine", group()),
    )
    assert statuses(found) == "409 400 400 404 400 405 405 201"
    for result, (method, path, data) in zip(found, wrong.values(), strict=False):
        single = scim.request(method, path, data)
        assert result["response"] == single.json()
        assert ("location" in result) == (method != "POST")
    assert DirectoryUser.objects.count() == 1
    assert DirectoryGroup.objects.get().scim_display_name == "Risk EU"


def test_fail_on_errors(scim: ScimClient) -> None:
    """3.7.3: after that many errors no operation runs, and the answer holds none."""
    sent = [
        post("/Users", "a", user("ada@contoso.example")),
        delete("/Users/nobody"),
        post("/Users", "b", user("bo@contoso.example")),
        delete("/Users/nobody"),
        post("/Users", "c", user("cy@contoso.example")),
    ]
    assert statuses(results(scim, *sent, failOnErrors=1)) == "201 404"
    event = ProvisioningEvent.objects.latest("pk")
    assert event.detail == "5 operations: 1 done, 1 refused, 3 not begun."
    DirectoryUser.objects.all().delete()
    assert statuses(results(scim, *sent, failOnErrors=2)) == "201 404 201 404"
    DirectoryUser.objects.all().delete()
    assert statuses(results(scim, *sent, failOnErrors=3)) == "201 404 201 404 201"


def test_version_is_if_match(scim: ScimClient) -> None:
    """3.7: version guards PUT, PATCH and DELETE; a POST has nothing to guard."""
    ada = created(scim, "/Users", user())["id"]
    one, two = 'W/"1"', 'W/"2"'
    found = results(
        scim,
        patch(f"/Users/{ada}", patch_op(TITLE), version=two),
        patch(f"/Users/{ada}", patch_op(TITLE), version=one),
        put(f"/Users/{ada}", user(), version=one),
        delete(f"/Users/{ada}", version=one),
        post("/Groups", "g", group()) | {"version": two},
    )
    assert statuses(found) == "412 200 412 412 201"
    assert DirectoryUser.objects.get().data["title"] == "Head"


def test_events(scim: ScimClient) -> None:
    """Each operation has the event of its call, and the Bulk one more, after them."""
    results(
        scim,
        post("/Users", "a", user(password="hunter2")),
        delete("/Users/nobody"),
        delete("/Users/bulkId:nobody"),
        delete("/Elsewhere/5"),
    )
    events = list(ProvisioningEvent.objects.order_by("pk"))
    shown = [(e.method, e.path, e.action, e.status, e.outcome) for e in events]
    base = scim.base
    assert shown == [
        ("POST", f"{base}/Users", "create", 201, "accepted"),
        ("DELETE", f"{base}/Users/nobody", "delete", 404, "refused"),
        ("DELETE", f"{base}/Users/bulkId:nobody", "delete", 409, "refused"),
        ("DELETE", f"{base}/Elsewhere/5", "delete", 404, "refused"),
        ("POST", f"{base}/Bulk", "bulk", 200, "accepted"),
    ]
    assert events[0].target == "ada@contoso.example"
    assert events[0].changes["userName"] == [None, "ada@contoso.example"]
    assert events[4].detail == "4 operations: 1 done, 3 refused."
    assert {e.actor for e in events} == {events[0].actor}
    assert {e.client_ip for e in events} == {"127.0.0.1"}
    for event in events:
        assert "hunter2" not in event.request_body + event.response_body
    assert '"userName":"ada@contoso.example"' in events[0].request_body


# ------------------------------------------------------------------------- references


def test_references_in_any_order(scim: ScimClient) -> None:
    """3.7.2: a POST runs before what refers to it, by path, member, manager or PATCH."""
    add = {"op": "add", "path": "members", "value": members("bulkId:bo")}
    found = results(
        scim,
        post("/Groups", "risk", group(members=members("bulkId:ada", "bulkId:ada"))),
        patch("/Groups/bulkId:risk", patch_op(add)),
        post("/Users", "ada", user(**manager("bulkId:bo"))),
        patch("/Users/bulkId:bo", patch_op(TITLE)),
        post("/Users", "bo", user("bo@contoso.example")),
    )
    assert statuses(found) == "201 204 201 200 201"
    risk, _, ada, _, bo = (id_in(result) for result in found)
    assert [result.get("bulkId") for result in found] == [
        "risk",
        None,
        "ada",
        None,
        "bo",
    ]
    assert member_ids(scim, risk) == {ada, bo}
    assert manager_of(scim, ada) == bo
    assert read(scim, "/Users", bo)["title"] == "Head"


def test_references_to_nothing(scim: ScimClient) -> None:
    """3.7.1: 409 for what refers to no POST, or to one that failed; nothing is made."""
    created(scim, "/Users", user("taken@contoso.example"))
    found = results(
        scim,
        post("/Users", "failed", user("taken@contoso.example")),
        post("/Users", "a", user("a@contoso.example", **manager("bulkId:failed"))),
        post("/Users", "b", user("b@contoso.example", **manager("bulkId:a"))),
        post("/Groups", "c", group(members=members("bulkId:nobody"))),
        delete("/Users/bulkId:failed"),
        delete("/Users/bulkId:"),
    )
    assert statuses(found) == "409 409 409 409 409 409"
    assert found[1]["response"]["detail"] == (
        "The POST with the bulkId failed made nothing."
    )
    assert found[3]["response"]["detail"] == (
        "No POST of this Bulk has the bulkId nobody."
    )
    assert DirectoryUser.objects.count() == 1
    assert not DirectoryGroup.objects.exists()


def test_a_bulk_id_twice(scim: ScimClient) -> None:
    """3.7: unique within a request; the first one has it."""
    found = results(
        scim,
        post("/Users", "a", user("a@contoso.example")),
        post("/Users", "a", user("b@contoso.example")),
        post("/Groups", "g", group(members=members("bulkId:a"))),
    )
    assert statuses(found) == "201 400 201"
    assert found[1]["response"]["scimType"] == "invalidValue"
    assert member_ids(scim, id_in(found[2])) == {id_in(found[0])}


def test_a_chain_of_references(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as a Bulk may be, in the worst order; on a slow machine too."""
    monkeypatch.setattr("scim.http.bulk.MAX_SECONDS", 600)
    size = limits.MAX_OPERATIONS
    found = results(
        scim,
        *(
            post(
                "/Users",
                f"{number}",
                user(f"u{number}@contoso.example", **manager(f"bulkId:{number + 1}")),
            )
            for number in range(size - 1)
        ),
        post("/Users", f"{size - 1}", user("top@contoso.example")),
    )
    assert {result["status"] for result in found} == {"201"}
    bosses = DirectoryUser.objects.values_list("manager_value", flat=True)
    assert len(set(bosses)) == size


# ---------------------------------------------------------------------------- circles


def test_circles(scim: ScimClient) -> None:
    """3.7.1: circular references are resolved: two managers, three, and oneself."""
    pairs = {"a": "b", "b": "a", "c": "d", "d": "e", "e": "c", "f": "f"}
    found = results(
        scim,
        *(
            post(
                "/Users",
                name,
                user(f"{name}@contoso.example", **manager(f"bulkId:{of}")),
            )
            for name, of in pairs.items()
        ),
    )
    assert statuses(found) == "201 201 201 201 201 201"
    ids = {result["bulkId"]: id_in(result) for result in found}
    for result in found:
        document = read(scim, "/Users", id_in(result))
        wanted = ids[pairs[result["bulkId"]]]
        assert document[ENTERPRISE] == {"manager": {"value": wanted}}
        assert document["meta"]["version"] == result["version"]
    completed = ProvisioningEvent.objects.filter(method="PATCH", status=200)
    assert completed.count() == 3


def test_a_circle_through_a_group(scim: ScimClient) -> None:
    """3.7.1: the version is the last one, groups included."""
    role = {"roles": [{"value": "bulkId:g"}, {"value": "plain"}]}
    found = results(
        scim,
        post("/Groups", "g", group(members=members("bulkId:u"))),
        post("/Users", "u", user(**role)),
    )
    assert statuses(found) == "201 201"
    risk, ada = (id_in(result) for result in found)
    document = read(scim, "/Users", ada)
    assert {role["value"] for role in document["roles"]} == {risk, "plain"}
    assert document["meta"]["version"] == found[1]["version"]
    assert member_ids(scim, risk) == {ada}


@pytest.mark.parametrize("attributes", [{}, {"failOnErrors": 1}])
def test_a_circle_that_does_not_close(
    scim: ScimClient, attributes: dict[str, Any]
) -> None:
    """3.7.1: 409 for all of it, and nothing of it is left, nor of what refers to it."""
    created(scim, "/Users", user("taken@contoso.example"))
    found = results(
        scim,
        post("/Users", "a", user("taken@contoso.example", **manager("bulkId:b"))),
        post("/Users", "b", user("b@contoso.example", **manager("bulkId:c"))),
        post("/Users", "c", user("c@contoso.example", **manager("bulkId:a"))),
        post("/Users", "d", user("d@contoso.example")),
        **attributes,
    )
    expected = "409 409 409" if attributes else "409 409 409 201"
    assert statuses(found) == expected
    assert found[0]["response"]["scimType"] == "uniqueness"
    assert "circular" in found[1]["response"]["detail"]
    assert all("location" not in result for result in found[:3])
    names = DirectoryUser.objects.order_by("pk").values_list("scim_username", flat=True)
    left = ["taken@contoso.example", *([] if attributes else ["d@contoso.example"])]
    assert list(names) == left


# ----------------------------------------------------------------------------- limits


def test_too_many_operations(scim: ScimClient) -> None:
    """3.7.4: 413, and the answer names the limit; nothing is done."""
    operation = post("/Users", "a", user())
    detail = refused(scim.post("/Bulk", bulk(*[operation] * 1_001)), 413)
    assert "1,000" in detail
    assert "maxOperations" in detail
    assert not DirectoryUser.objects.exists()


def test_too_many_bytes(scim: ScimClient, settings: Any) -> None:
    """3.7.4: 413 names maxPayloadSize, which is never above what any call may send."""
    operation = post("/Users", "a", user())
    raw = b" " * (limits.MAX_BYTES + 1)
    detail = refused(scim.post("/Bulk", raw), 413)
    assert "4,194,304" in detail
    assert "maxPayloadSize" in detail
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000
    config = scim.get("/ServiceProviderConfig").json()
    assert config["bulk"]["maxPayloadSize"] == 2_000
    detail = refused(scim.post("/Bulk", bulk(*[operation] * 20)), 413)
    assert "2,000" in detail
    assert not DirectoryUser.objects.exists()
    assert statuses(results(scim, operation)) == "201"


def test_work_has_an_end(scim: ScimClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not begun in time says so, with 503; a circle begun is taken back."""
    ticks = iter([0, 1, limits.MAX_SECONDS + 1])
    clock = SimpleNamespace(monotonic=lambda: next(ticks))
    monkeypatch.setattr("scim.http.bulk.time", clock)
    found = results(
        scim,
        post("/Users", "a", user("a@contoso.example", **manager("bulkId:b"))),
        post("/Users", "b", user("b@contoso.example", **manager("bulkId:a"))),
        delete("/Users/nobody"),
    )
    assert statuses(found) == "503 409 503"
    assert "not begun" in found[0]["response"]["detail"]
    assert not DirectoryUser.objects.exists()
    event = ProvisioningEvent.objects.latest("pk")
    assert event.detail == "3 operations: 0 done, 3 refused."
