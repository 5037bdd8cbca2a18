"""Users by POST, GET, PUT, PATCH and DELETE (RFC 7644 sections 3.3 to 3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryUser
from scim.resources.schemas import schema_documents
from tests.scim.messages import (
    ENTERPRISE,
    USER,
    Document,
    created,
    patch_op,
    patched,
    read,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

CERTIFICATE = "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMCVVM="
NOT_ECHOED = {"password", "groups"}
"""What a client may send and never gets back: the one is dropped, the other ours."""

NEXT = {"work": "home", "home": "other", "aim": "icq", "photo": "thumbnail"}


def value_of(attribute: Document, round_: int) -> Any:
    """Return a value for an attribute of a schema document."""
    if "subAttributes" in attribute:
        one = {
            sub["name"]: value_of(sub, round_)
            for sub in attribute["subAttributes"]
            if sub["mutability"] != "readOnly"
        }
        if not attribute["multiValued"]:
            return one
        kind = one.get("type")
        another = one | {"primary": False}
        return [one, another | ({"type": NEXT[kind]} if kind in NEXT else {})]
    if attribute["type"] == "boolean":
        return True
    if attribute["type"] == "binary":
        return CERTIFICATE
    if attribute["type"] == "reference":
        return f"https://contoso.example/{attribute['name']}/{round_}"
    if values := attribute.get("canonicalValues"):
        return values[0]
    return f"{attribute['name']} Ünï {round_}"


def everything(round_: int) -> Document:
    """Return a user with every attribute of the two schema documents."""
    core, enterprise, _ = schema_documents()
    body: Document = {"schemas": [USER, ENTERPRISE], "externalId": f"X-{round_}"}
    for attribute in core["attributes"]:
        body[attribute["name"]] = value_of(attribute, round_)
    body["userName"] = f"ada{round_}@contoso.example"
    body[ENTERPRISE] = {
        attribute["name"]: value_of(attribute, round_)
        for attribute in enterprise["attributes"]
    }
    return body


def stored(body: Document) -> Document:
    return {key: item for key, item in body.items() if key not in NOT_ECHOED}


def without_meta(document: Document) -> Document:
    return {k: item for k, item in document.items() if k not in {"id", "meta"}}


def test_the_sample_is_whole() -> None:
    """The round trips below fill all attributes, those with parts in every part."""
    sample = everything(1)
    assert len(sample[ENTERPRISE]) == 6
    for name in ("x509Certificates", "entitlements", "ims", "photos", "roles"):
        assert set(sample[name][0]) == {"value", "display", "type", "primary"}
    assert len(sample["addresses"][0]) == 8


def test_post_and_get(scim: ScimClient) -> None:
    """RFC 7644 3.3: every attribute comes back as it was sent."""
    body = everything(1)
    answer = created(scim, "/Users", body)
    assert without_meta(answer) == stored(body)
    assert read(scim, "/Users", answer["id"]) == answer


def test_put_replaces_everything(scim: ScimClient) -> None:
    """RFC 7644 3.5.1: PUT replaces all attributes; what it leaves out is gone."""
    first = created(scim, "/Users", everything(1))
    body = everything(2)
    response = scim.put(f"/Users/{first['id']}", body | {"id": first["id"]})
    assert response.status_code == 200
    answer = response.json()
    assert without_meta(answer) == stored(body)
    assert answer["id"] == first["id"]
    assert answer["meta"]["created"] == first["meta"]["created"]
    assert answer["meta"]["version"] == 'W/"2"'
    assert response.headers["Location"] == answer["meta"]["location"]
    assert read(scim, "/Users", first["id"]) == answer
    bare = scim.put(f"/Users/{first['id']}", user("ada2@contoso.example")).json()
    assert without_meta(bare) == user("ada2@contoso.example")
    row = DirectoryUser.objects.get()
    assert (row.display_name, row.scim_external_id, row.department) == ("", "", None)
    assert row.manager_value == ""
    assert row.active is None


def test_patch_of_every_attribute(scim: ScimClient) -> None:
    """RFC 7644 3.5.2.3: each attribute is replaced by its path, all of them at once."""
    first = created(scim, "/Users", everything(1))
    body = everything(2)
    operations = [
        {"op": "replace", "path": name, "value": body[name]}
        for name in stored(body)
        if name not in {"schemas", ENTERPRISE}
    ]
    operations += [
        {"op": "replace", "path": f"{ENTERPRISE}:{name}", "value": value}
        for name, value in body[ENTERPRISE].items()
    ]
    answer = patched(scim, "/Users", first["id"], *operations).json()
    assert without_meta(answer) == stored(body)
    assert read(scim, "/Users", first["id"]) == answer


def test_patch_removes_every_optional_attribute(scim: ScimClient) -> None:
    """RFC 7644 3.5.2.2: a removed attribute is unassigned, and so not returned."""
    first = created(scim, "/Users", everything(1))
    operations = [
        {"op": "remove", "path": name}
        for name in stored(first)
        if name not in {"schemas", "id", "meta", "userName", ENTERPRISE}
    ]
    operations += [
        {"op": "remove", "path": f"{ENTERPRISE}:{name}"} for name in first[ENTERPRISE]
    ]
    answer = patched(scim, "/Users", first["id"], *operations).json()
    assert without_meta(answer) == user("ada1@contoso.example")


def test_a_repeated_patch_or_put_changes_nothing(scim: ScimClient) -> None:
    """RFC 7644 3.5.2.1: adding what is there changes neither version nor lastModified."""
    first = created(scim, "/Users", everything(1))
    same = {"op": "replace", "path": "title", "value": first["title"]}
    add = {"op": "add", "path": "emails", "value": [first["emails"][1]]}
    assert patched(scim, "/Users", first["id"], same, add).json() == first
    assert scim.put(f"/Users/{first['id']}", everything(1)).json() == first


def test_meta(scim: ScimClient) -> None:
    """RFC 7643 3.1: resourceType, times in UTC, location, version; Location as well."""
    response = scim.post("/Users", user())
    answer = response.json()
    location = f"http://testserver{scim.base}/Users/{answer['id']}"
    row = DirectoryUser.objects.get()
    moment = row.created.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert answer["meta"] == {
        "resourceType": "User",
        "created": moment,
        "lastModified": moment,
        "location": location,
        "version": 'W/"1"',
    }
    assert response.headers["Location"] == location


def test_a_failing_operation_undoes_the_others(scim: ScimClient) -> None:
    """RFC 7644 3.5.2: a request is carried out whole or not at all."""
    first = created(scim, "/Users", user(displayName="Ada"))
    good = {"op": "replace", "path": "displayName", "value": "Changed"}
    bad = {"op": "replace", "path": "active", "value": "perhaps"}
    response = scim.patch(f"/Users/{first['id']}", patch_op(good, bad))
    assert "active" in refused(response, 400, "invalidValue")
    assert read(scim, "/Users", first["id"]) == first


@pytest.mark.parametrize("path", ["id", "meta.version", "groups"])
def test_what_the_server_assigns_is_read_only(scim: ScimClient, path: str) -> None:
    """RFC 7644 3.5.2: a PATCH of a readOnly attribute is refused with mutability."""
    first = created(scim, "/Users", user())
    value = [{"value": "x"}] if path == "groups" else "x"
    operation = {"op": "replace", "path": path, "value": value}
    response = scim.patch(f"/Users/{first['id']}", patch_op(operation))
    refused(response, 400, "mutability")
    assert read(scim, "/Users", first["id"]) == first


def test_the_name_of_a_manager_is_not_the_clients(scim: ScimClient) -> None:
    """RFC 7643 4.3: manager.displayName is readOnly, and so not stored."""
    sent = {"value": "m-1", "displayName": "Somebody"}
    answer = created(scim, "/Users", user(**{ENTERPRISE: {"manager": sent}}))
    assert answer[ENTERPRISE] == {"manager": {"value": "m-1"}}


def test_a_password_is_accepted_and_kept_nowhere(scim: ScimClient) -> None:
    """RFC 7643 7: returned never. People sign in through the identity provider."""
    first = created(scim, "/Users", user(password="t0p-s3cret"))
    operation = {"op": "replace", "path": "password", "value": "t0p-s3cret"}
    answer = patched(scim, "/Users", first["id"], operation).json()
    assert answer == first
    row = DirectoryUser.objects.get()
    assert "t0p-s3cret" not in f"{row.data}{row.search}"


def test_setting_primary_clears_the_other(scim: ScimClient) -> None:
    """RFC 7644 3.5.2: setting primary to true makes it false where it was."""
    body = user(emails=[{"value": "a@x.example", "type": "work", "primary": True}])
    first = created(scim, "/Users", body)
    new = {"value": "b@x.example", "type": "home", "primary": True}
    operation = {"op": "add", "path": "emails", "value": [new]}
    answer = patched(scim, "/Users", first["id"], operation).json()
    assert answer["emails"] == [body["emails"][0] | {"primary": False}, new]
