"""Every refusal is SCIM JSON that says what to change (RFC 7644 section 3.12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryUser, ProvisioningEvent
from tests.scim.messages import created, group, patch_op, refused, user
from tests.scim.trouble import failing_inserts, full, out_of_reach

if TYPE_CHECKING:
    from tests.situations import ScimClient

COLLECTION = "GET, HEAD, POST, OPTIONS"
RESOURCE = "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/Users", COLLECTION),
        ("PATCH", "/Users", COLLECTION),
        ("DELETE", "/Groups/", COLLECTION),
        ("TRACE", "/Users", COLLECTION),
        ("POST", "/Users/{id}", RESOURCE),
        ("POST", "/Groups/{id}", RESOURCE),
        ("TRACE", "/Users/{id}", RESOURCE),
        ("DELETE", "/Users/.search", "POST, OPTIONS"),
    ],
)
def test_a_method_that_is_not_possible(
    scim: ScimClient, method: str, path: str, allowed: str
) -> None:
    """RFC 9110 15.5.6: 405 says in Allow what is possible."""
    scim_id = created(scim, "/Users", user())["id"]
    response = scim.request(method, path.format(id=scim_id))
    detail = refused(response, 405)
    assert method in detail
    assert response.headers["Allow"] == allowed
    assert DirectoryUser.objects.count() == 1


@pytest.mark.parametrize("path", ["/Users", "/Users/{id}", "/Schemas", "/.search"])
def test_options(scim: ScimClient, path: str) -> None:
    scim_id = created(scim, "/Users", user())["id"]
    response = scim.request("OPTIONS", path.format(id=scim_id))
    assert (response.status_code, response.content) == (204, b"")
    assert "OPTIONS" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/Users", "/Users/{id}", "/Schemas"])
def test_head(scim: ScimClient, path: str) -> None:
    """RFC 9110 9.3.2: the headers of GET, without the body."""
    path = path.format(id=created(scim, "/Users", user())["id"])
    head, get = scim.request("HEAD", path), scim.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize(
    "path",
    [
        "/Foo",
        "/Users/x/y",
        "/Userss",
        "/v2/Users",
        "/Users/x/.search",
        "/foo%00bar",
        "/foo%0Abar",
        "/%ff%fe",
        "/Users%2F",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_unknown_paths(scim: ScimClient, method: str, path: str) -> None:
    """1.6: HTML instead of JSON is a deserialization failure in Entra."""
    response = scim.request(method, path, {} if method != "GET" else None)
    if path != "/Users%2F":
        refused(response, 404)
    assert response.headers["Content-Type"] == "application/scim+json"
    assert response.status_code < 500


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/Me", "to an organization, not to a person"),
        ("/me/", "to an organization, not to a person"),
        ("", "ServiceProviderConfig"),
        ("/", "ServiceProviderConfig"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_what_is_not_offered(
    scim: ScimClient, method: str, path: str, told: str
) -> None:
    """RFC 7644 3.11 and 3.12: 501, with the reason."""
    response = scim.request(method, path, None if method in {"GET", "DELETE"} else {})
    assert told in refused(response, 501)


@pytest.mark.parametrize(
    "scim_id",
    [
        "1",
        "a%00b",
        "7A736361-6C65-7200-7363-696D00000001",
        "7a736361-6c65-7200-7363-696900000001",
        "7a736361-6c65-7200-7363-696dffffffff",
        "7a736361-6c65-7200-7363-696d00000000",
        "%F0%9F%98%80",
        "x" * 2_000,
        "..",
        "' or 1=1 --",
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
def test_ids_that_do_not_decode(scim: ScimClient, method: str, scim_id: str) -> None:
    """Decision 5: 404, whatever stands where the id should."""
    body = patch_op({"op": "remove", "path": "title"}) if method == "PATCH" else None
    refused(scim.request(method, f"/Users/{scim_id}", body), 404)
    event = ProvisioningEvent.objects.get()
    assert (event.outcome, event.status) == ("refused", 404)
    assert "\0" not in f"{event.detail}{event.path}"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "multipart/form-data; boundary=x", "x"],
)
@pytest.mark.parametrize("path", ["/Users", "/Groups", "/.search"])
def test_media_types_that_are_no_json(
    scim: ScimClient, path: str, content_type: str
) -> None:
    """RFC 9110 15.5.16: 415 names the types that are taken."""
    response = scim.post(path, b'{"userName": "x"}', content_type=content_type)
    assert "application/scim+json" in refused(response, 415)


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({"externalId": 5}, "externalId"),
        ({"displayName": []}, "displayName"),
        ({"name": {"givenName": 5}}, "givenName"),
        ({"x509Certificates": "x"}, "x509Certificates"),
        ({"emails": [{"value": 5}]}, "value"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_attributes_are_named_as_they_are_written(
    scim: ScimClient, method: str, sent: dict[str, Any], named: str
) -> None:
    """A sentence that says what to change; never a name of Python's."""
    if method == "POST":
        response = scim.post("/Users", user() | sent)
    else:
        scim_id = created(scim, "/Users", user())["id"]
        [(path, value)] = sent.items()
        operation = {"op": "replace", "path": path, "value": value}
        response = scim.patch(f"/Users/{scim_id}", patch_op(operation))
    detail = refused(response, 400, "invalidValue")
    assert named in detail
    assert "_" not in detail


def test_too_many_parameters(scim: ScimClient) -> None:
    """Django takes 1,000 of them; beyond, the answer is still SCIM's."""
    refused(scim.get("/Users?" + "&".join(["a=1"] * 1_001)), 400)


def test_a_taken_name_says_no_word_of_the_database(scim: ScimClient) -> None:
    """RFC 7644 3.3: 409 uniqueness."""
    created(scim, "/Users", user())
    detail = refused(scim.post("/Users", user()), 409, "uniqueness")
    assert detail.startswith("userName is taken")
    created(scim, "/Groups", group())
    detail = refused(scim.post("/Groups", group()), 409, "uniqueness")
    assert detail.startswith("displayName is taken")


def test_a_full_database(scim: ScimClient) -> None:
    """503 with Retry-After, not a 500 and not its words."""
    with failing_inserts(DirectoryUser, full):
        response = scim.post("/Users", user())
    refused(response, 503)
    assert response.headers["Retry-After"] == "1"


def test_a_database_out_of_reach(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can be authenticated, so nobody gets in: 503 in SCIM."""
    monkeypatch.setattr("scim.http.authentication._token", out_of_reach)
    refused(scim.get("/Users"), 503)


def test_what_nobody_foresaw(
    scim: ScimClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log has the traceback, the client a sentence without it; nothing is stored."""

    def broken(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError("secret internals")

    monkeypatch.setattr("scim.services.provisioning.differences", broken)
    response = scim.post("/Users", user())
    assert "internals" not in refused(response, 500)
    assert "secret internals" in caplog.text
    assert not DirectoryUser.objects.exists()
    assert ProvisioningEvent.objects.get().status == 500
