"""Every call leaves one ProvisioningEvent (design, section 3 and decision 6)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from scim.http.recording import ANONYMOUS_PER_MINUTE
from scim.models import DirectoryGroup, DirectoryUser, ProvisioningEvent
from tests.scim.messages import (
    ENTERPRISE,
    SEARCH_REQUEST,
    USER,
    created,
    filter_query,
    group,
    members,
    patch_op,
    refused,
    user,
)
from tests.scim.trouble import failing_inserts, full

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient, Token

SECRET = "t0p-s3cret-W0rd"


def newest() -> ProvisioningEvent:
    event: ProvisioningEvent | None = ProvisioningEvent.objects.newest_first().first()
    assert event is not None
    return event


def test_the_event_of_a_creation(
    scim: ScimClient, contoso: Organization, contoso_token: Token
) -> None:
    """Who, from where, what, whom, and every value that came into being."""
    scim.client = Client(REMOTE_ADDR="192.0.2.7")
    body = user(displayName="Ada", **{ENTERPRISE: {"department": "Risk"}})
    scim.post("/Users?attributes=id", body)
    event = ProvisioningEvent.objects.get()
    assert event.organization == contoso
    assert event.actor == f"token {contoso_token.row.prefix}…"
    assert event.client_ip == "192.0.2.7"
    assert timezone.now() - event.time < timedelta(minutes=1)
    assert (event.action, event.outcome) == ("create", "accepted")
    assert (event.method, event.status) == ("POST", 201)
    assert (event.path, event.query) == (f"{scim.base}/Users", "attributes=id")
    assert event.resource_type == "User"
    assert event.resource_key == DirectoryUser.objects.get().pk
    assert event.target == "ada@contoso.example"
    assert event.changes == {
        "displayName": [None, "Ada"],
        "userName": [None, "ada@contoso.example"],
        f"{ENTERPRISE}:department": [None, "Risk"],
    }
    assert json.loads(event.request_body) == body
    assert event.response_body == ""
    assert (event.scim_type, event.detail, event.refused_domain) == ("", "", "")


def test_each_call_once(scim: ScimClient) -> None:
    """Accepted and refused, each call has its action, target and status."""
    ada = created(scim, "/Users", user())["id"]
    risk = created(scim, "/Groups", group())["id"]

    def operate(path: str, value: Any) -> dict[str, Any]:
        return patch_op({"op": "Replace", "path": path, "value": value})

    search = {"schemas": [SEARCH_REQUEST], "filter": 'userName eq "nobody"'}
    calls: list[tuple[str, str, Any, str]] = [
        ("GET", f"/Users/{ada}", None, "read User ada@contoso.example 200"),
        ("HEAD", f"/Users/{ada}", None, "read User ada@contoso.example 200"),
        ("GET", "/Users", None, "list User  200"),
        (
            "GET",
            "/Users?" + filter_query('userName eq "ADA@contoso.example"'),
            None,
            "lookup User ada@contoso.example 200",
        ),
        ("POST", "/Users/.search", search, "lookup   200"),
        ("GET", "/Schemas", None, "discover   200"),
        (
            "PATCH",
            f"/Users/{ada}",
            operate("title", "Head"),
            "change User ada@contoso.example 200",
        ),
        (
            "PATCH",
            f"/Users/{ada}",
            operate("active", "False"),
            "disable User ada@contoso.example 200",
        ),
        (
            "PATCH",
            f"/Users/{ada}",
            operate("active", "True"),
            "enable User ada@contoso.example 200",
        ),
        (
            "PATCH",
            f"/Groups/{risk}",
            operate("displayName", "Risk"),
            "change Group Risk EU 204",
        ),
        ("POST", "/Users", user("ADA@contoso.example"), "create User ADA@contoso.example 409"),
        ("POST", "/Users", user("x"), "create User x 400"),
        ("GET", "/Users/nobody", None, "read User  404"),
        ("POST", f"/Users/{ada}", {}, "other User  405"),
        ("GET", "/nothing", None, "other   404"),
        ("DELETE", f"/Groups/{risk}", None, "delete Group Risk 204"),
        ("DELETE", f"/Users/{ada}", None, "delete User ada@contoso.example 204"),
        ("DELETE", f"/Users/{ada}", None, "delete User  404"),
    ]  # fmt: skip
    for number, (method, path, body, told) in enumerate(calls, start=3):
        response = scim.request(method, path, body)
        assert ProvisioningEvent.objects.count() == number, path
        event = newest()
        summary = (event.action, event.resource_type, event.target, event.status)
        assert " ".join(map(str, summary)) == told
        assert event.status == response.status_code
        assert (event.outcome == "refused") is (response.status_code >= 400)
        if event.outcome == "refused":
            assert event.detail == response.json()["detail"]
            assert event.scim_type == response.json().get("scimType", "")
            assert event.changes == {}


def test_old_and_new_values(scim: ScimClient) -> None:
    """Part by part for complex attributes, and whole for those with several values."""
    body = user(
        name={"givenName": "Ada", "familyName": "Park"},
        emails=[{"type": "work", "value": "a@x.example"}],
    )
    ada = created(scim, "/Users", body)["id"]
    operations = patch_op(
        {"op": "Replace", "path": "name.familyName", "value": "Parker"},
        {"op": "Remove", "path": "name.givenName"},
        {"op": "Add", "path": "title", "value": "Head"},
        {"op": "Add", "path": 'emails[type eq "home"].value', "value": "h@x.example"},
    )
    assert scim.patch(f"/Users/{ada}", operations).status_code == 200
    home = {"type": "home", "value": "h@x.example"}
    assert newest().changes == {
        "emails": [body["emails"], [*body["emails"], home]],
        "name.familyName": ["Park", "Parker"],
        "name.givenName": ["Ada", None],
        "title": [None, "Head"],
    }
    assert scim.patch(f"/Users/{ada}", operations).status_code == 200
    assert newest().changes == {}


def test_members_that_went_and_came(scim: ScimClient) -> None:
    ada = created(scim, "/Users", user())["id"]
    bo = created(scim, "/Users", user("bo@contoso.example"))["id"]
    risk = created(scim, "/Groups", group(members=members(ada)))["id"]
    assert newest().changes["members"] == [[], [ada]]
    operation = {"op": "replace", "path": "members", "value": members(bo)}
    scim.patch(f"/Groups/{risk}", patch_op(operation))
    assert newest().changes == {"members": [[ada], [bo]]}


PASSWORDS: list[Any] = [
    user(password=SECRET),
    {**user(), "PassWord": SECRET},
    {**user(), f"{USER}:password": SECRET},
    patch_op({"op": "replace", "path": "password", "value": SECRET}),
    {"operations": [{"OP": "replace", "Path": "Password", "Value": SECRET}]},
    patch_op({"op": "add", "path": f" {USER}:password ", "value": SECRET}),
    patch_op({"op": "replace", "value": {"password": SECRET}}),
    patch_op({"op": "replace", "value": {f"{USER}:password": SECRET}}),
    patch_op({"op": "replace", "path": "password", "value": {"x": [SECRET]}}),
    json.dumps(user(password=SECRET)).replace("password", "pass\\u0077ord"),
    json.dumps(user(password=SECRET)).replace('"password', '"password": "", "password'),
    json.dumps(user(password=SECRET))[:-1],
    json.dumps([user(password=SECRET)]),
]


@pytest.mark.parametrize("body", PASSWORDS, ids=range(len(PASSWORDS)))
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_passwords_are_masked(scim: ScimClient, method: str, body: Any) -> None:
    """Accepted or refused, in every form in which a password can be sent."""
    ada = created(scim, "/Users", user("bo@contoso.example"))["id"]
    path = "/Users" if method == "POST" else f"/Users/{ada}"
    scim.request(method, path, body)
    row = ProvisioningEvent.objects.filter(pk=newest().pk).values().get()
    assert SECRET not in str(row)
    assert row["request_body"]


def test_the_token_is_never_stored(scim: ScimClient, contoso_token: Token) -> None:
    """Secrets never reach a log: the event names the token by its beginning."""
    scim.get("/Users")
    scim.get("/nothing")
    for row in ProvisioningEvent.objects.values():
        assert contoso_token.secret not in str(row)


def test_a_failing_event_undoes_the_write(
    scim: ScimClient,
) -> None:
    """The event of an accepted write is in its transaction: both or neither."""
    ada = created(scim, "/Users", user())["id"]
    with failing_inserts(ProvisioningEvent, full):
        refused(scim.post("/Users", user("bo@contoso.example")), 503)
        refused(scim.delete(f"/Users/{ada}"), 503)
        refused(scim.post("/Groups", group(members=members(ada))), 503)
    assert [row.scim_id for row in DirectoryUser.objects.all()] == [ada]
    assert not DirectoryGroup.objects.exists()
    assert ProvisioningEvent.objects.count() == 1


def test_a_refusal_is_recorded_after_the_rollback(scim: ScimClient) -> None:
    """Nothing of the write stays, and the event says what was tried."""
    body = group(members=members("nobody"))
    refused(scim.post("/Groups", body), 400, "invalidValue")
    assert not DirectoryGroup.objects.exists()
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.target, event.outcome) == (
        "create",
        "Risk EU",
        "refused",
    )
    assert event.resource_key is None
    assert event.changes == {}
    assert json.loads(event.request_body) == body


def test_refused_tokens_are_capped(scim: ScimClient, contoso: Organization) -> None:
    """Anyone can send a wrong token: so many events a minute, no more."""
    scim.secret = "wrong"
    for _ in range(ANONYMOUS_PER_MINUTE + 3):
        assert scim.get("/Users").status_code == 401
    events = ProvisioningEvent.objects.for_organization(contoso)
    assert events.count() == ANONYMOUS_PER_MINUTE
    assert {(event.actor, event.status) for event in events} == {("unknown", 401)}
    events.update(time=timezone.now() - timedelta(minutes=2))
    scim.get("/Users")
    assert events.count() == ANONYMOUS_PER_MINUTE + 1


def test_an_unknown_organization_is_logged(
    scim: ScimClient, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nobody to store it for."""
    scim.base = "/00000001/scim"
    scim.get("/Users")
    assert not ProvisioningEvent.objects.exists()
    assert "unknown organization" in caplog.text
