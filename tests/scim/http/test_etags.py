"""ETags and conditional calls (RFC 7644 section 3.14, RFC 9110 section 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import DirectoryGroup, DirectoryUser, ProvisioningEvent
from tests.scim.messages import (
    SEARCH_REQUEST,
    created,
    filter_query,
    group,
    listed,
    members,
    patch_op,
    patched,
    read,
    refused,
    user,
)

if TYPE_CHECKING:
    from tests.situations import ScimClient

pytestmark = pytest.mark.django_db

RENAME: Any = {"op": "replace", "path": "displayName", "value": "Risk"}
GUARDED = ["PUT", "PATCH", "DELETE"]


@pytest.fixture
def ada(rfc_scim: ScimClient) -> str:
    scim_id: str = created(rfc_scim, "/Users", user("ada"))["id"]
    return scim_id


@pytest.fixture
def risk(rfc_scim: ScimClient, ada: str) -> str:
    """A group with Ada in it."""
    scim_id: str = created(rfc_scim, "/Groups", group(members=members(ada)))["id"]
    return scim_id


def etag(scim: ScimClient, path: str, query: str = "") -> str:
    """Return the ETag of a resource, which is what its meta.version says."""
    response = scim.get(f"{path}{query}")
    tag = response.headers["ETag"]
    if "meta" in response.json():
        assert response.json()["meta"]["version"] == tag
    return tag


def changed(scim: ScimClient, method: str, path: str, **headers: str) -> Any:
    """Send a change of a user or group with these headers; ``_`` stands for ``-``."""
    whole = user("ada") if path.startswith("/Users") else group()
    body = {
        "PUT": whole | {"displayName": "Risk"},
        "PATCH": patch_op(RENAME),
        "DELETE": None,
    }[method]
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return scim.request(method, path, body, headers=sent)


# ------------------------------------------------------------------------------- ETag


@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
def test_every_answer_with_a_resource(rfc_scim: ScimClient, endpoint: str) -> None:
    """3.14: ETag is meta.version, weak, and moves with what is read."""
    body = {"/Users": user("ada"), "/Groups": group()}[endpoint]
    made = rfc_scim.post(endpoint, body)
    path = f"{endpoint}/{made.json()['id']}"
    seen = [made.headers["ETag"]]
    assert seen == ['W/"1"']
    for method in ("GET", "HEAD"):
        assert rfc_scim.request(method, path).headers["ETag"] == 'W/"1"'
    for response in (
        rfc_scim.patch(path, patch_op(RENAME)),
        rfc_scim.put(path, body | {"displayName": "x"}),
    ):
        assert response.json()["meta"]["version"] == response.headers["ETag"]
        seen.append(response.headers["ETag"])
    assert seen == ['W/"1"', 'W/"2"', 'W/"3"']
    assert "ETag" not in rfc_scim.get(endpoint).headers
    assert "ETag" not in rfc_scim.delete(path).headers


def test_an_answer_without_a_body(scim: ScimClient) -> None:
    """RFC 5789 2.1: 204 to a PATCH has the new ETag."""
    path = f"/Groups/{created(scim, '/Groups', group())['id']}"
    response = scim.patch(path, patch_op(RENAME))
    assert (response.status_code, response.headers["ETag"]) == (204, 'W/"2"')
    assert etag(scim, path) == 'W/"2"'


@pytest.mark.parametrize(
    "query",
    [
        "?attributes=userName",
        "?excludedAttributes=groups",
        "?excludedAttributes=meta,groups",
        "?attributes=meta.version",
    ],
)
def test_a_projection_changes_no_version(
    rfc_scim: ScimClient, ada: str, risk: str, query: str
) -> None:
    """3.14: it is the resource's version, whatever of the resource is asked for."""
    path = f"/Users/{ada}"
    whole = etag(rfc_scim, path)
    assert whole != 'W/"1"'
    assert etag(rfc_scim, path, query) == whole


def test_lists_show_the_same_version(rfc_scim: ScimClient, ada: str, risk: str) -> None:
    """A version of a list or a search can be sent as If-Match."""
    tag = etag(rfc_scim, f"/Users/{ada}")
    for projection in (
        {},
        {"excludedAttributes": "groups"},
        {"attributes": "meta.version"},
    ):
        query = filter_query('userName eq "ada"', **projection)
        search = {"schemas": [SEARCH_REQUEST], "filter": "userName pr", **projection}
        for answer in (
            rfc_scim.get(f"/Users?{query}"),
            rfc_scim.post("/.search", search),
        ):
            [shown] = listed(answer)
            assert shown["meta"]["version"] == tag


def test_the_groups_of_a_user_count(rfc_scim: ScimClient, ada: str) -> None:
    """A user shows its groups: coming, going and renaming make another version."""
    path = f"/Users/{ada}"
    seen = [etag(rfc_scim, path)]
    risk = created(rfc_scim, "/Groups", group(members=members(ada)))["id"]
    seen.append(etag(rfc_scim, path))
    patched(rfc_scim, "/Groups", risk, RENAME)
    seen.append(etag(rfc_scim, path))
    team = created(rfc_scim, "/Groups", group("Team", members=members(ada)))["id"]
    seen.append(etag(rfc_scim, path))
    assert len(set(seen)) == 4
    # Of other attributes of a group a user shows nothing.
    external = {"op": "add", "path": "externalId", "value": "x"}
    patched(rfc_scim, "/Groups", risk, external)
    assert etag(rfc_scim, path) == seen[3]
    rfc_scim.delete(f"/Groups/{team}")
    assert etag(rfc_scim, path) == seen[2]
    for tag in seen[:2] + seen[3:]:
        fresh = rfc_scim.get(path, headers={"If-None-Match": tag})
        assert fresh.status_code == 200
    same = rfc_scim.get(path, headers={"If-None-Match": seen[2]})
    assert same.status_code == 304
    assert DirectoryUser.objects.get().version == 1


def test_the_members_of_a_group_count(
    rfc_scim: ScimClient, ada: str, risk: str
) -> None:
    """Also when a member is deleted."""
    path = f"/Groups/{risk}"
    tag = etag(rfc_scim, path)
    assert rfc_scim.delete(f"/Users/{ada}").status_code == 204
    assert etag(rfc_scim, path) != tag
    assert rfc_scim.get(path, headers={"If-None-Match": tag}).status_code == 200


# ---------------------------------------------------------------------- If-None-Match


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
def test_not_modified(
    rfc_scim: ScimClient, ada: str, risk: str, endpoint: str, method: str
) -> None:
    """RFC 9110 13.1.2 and 15.4.5: 304 with ETag and Cache-Control, without a body."""
    path = f"{endpoint}/{ada if endpoint == '/Users' else risk}"
    tag = etag(rfc_scim, path)
    for header in (tag, f'"x", {tag}', tag.removeprefix("W/"), "*"):
        response = rfc_scim.request(method, path, headers={"If-None-Match": header})
        assert (response.status_code, response.content) == (304, b""), header
        assert response.headers["ETag"] == tag
        assert response.headers["Cache-Control"] == "no-store"
        assert "Content-Type" not in response.headers
    for header in ('"x"', 'W/"', "", tag.replace('"', ""), "\u00e9"):
        response = rfc_scim.request(method, path, headers={"If-None-Match": header})
        assert response.status_code == 200, header
    event = ProvisioningEvent.objects.filter(status=304).latest("pk")
    assert (event.action, event.outcome) == ("read", "accepted")


@pytest.mark.parametrize("method", GUARDED)
def test_if_none_match_guards_writes(
    rfc_scim: ScimClient, ada: str, method: str
) -> None:
    """RFC 9110 13.1.2: 412 for other methods than GET and HEAD."""
    path = f"/Users/{ada}"
    for header in ("*", 'W/"1"'):
        refused(changed(rfc_scim, method, path, If_None_Match=header), 412)
    assert etag(rfc_scim, path) == 'W/"1"'
    assert changed(rfc_scim, method, path, If_None_Match='W/"2"').status_code < 300


# --------------------------------------------------------------------------- If-Match


@pytest.mark.parametrize("method", GUARDED)
@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
def test_if_match(
    rfc_scim: ScimClient, ada: str, risk: str, endpoint: str, method: str
) -> None:
    """3.14: 412 and no change unless the version is named, compared weakly."""
    path = f"{endpoint}/{ada if endpoint == '/Users' else risk}"
    tag = etag(rfc_scim, path)
    stored = DirectoryUser.objects.values(), DirectoryGroup.objects.values()
    before = [list(rows) for rows in stored]
    for header in ('W/"7"', "7", "", tag.replace('"', ""), "*, *"):
        detail = refused(changed(rfc_scim, method, path, If_Match=header), 412)
        assert "Read it again" in detail
    assert [list(rows.all()) for rows in stored] == before
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.status, event.outcome) == (412, "refused")
    assert event.target in {"ada", "Risk EU"}
    answer = changed(rfc_scim, method, path, If_Match=f'W/"x", {tag}')
    assert answer.status_code in {200, 204}


@pytest.mark.parametrize("form", ["*", '"1"', 'W/"1"'])
def test_what_if_match_takes(rfc_scim: ScimClient, ada: str, form: str) -> None:
    """RFC 9110 8.8.3.2: SCIM's tags are weak, so If-Match compares weakly here."""
    answer = changed(rfc_scim, "PATCH", f"/Users/{ada}", If_Match=form)
    assert answer.headers["ETag"] == 'W/"2"'


def test_if_match_on_a_read(rfc_scim: ScimClient, ada: str) -> None:
    """RFC 9110 13.1.1: it guards a GET as well, and comes before If-None-Match."""
    path = f"/Users/{ada}"
    assert rfc_scim.get(path, headers={"If-Match": 'W/"1"'}).status_code == 200
    both = {"If-Match": 'W/"2"', "If-None-Match": 'W/"1"'}
    refused(rfc_scim.get(path, headers=both), 412)


def test_a_write_that_was_guarded_by_old_groups(
    rfc_scim: ScimClient, ada: str, risk: str
) -> None:
    """What the client read is not what the resource is now."""
    tag = etag(rfc_scim, f"/Users/{ada}")
    patched(rfc_scim, "/Groups", risk, RENAME)
    refused(changed(rfc_scim, "PATCH", f"/Users/{ada}", If_Match=tag), 412)
    tag = etag(rfc_scim, f"/Users/{ada}")
    answer = changed(rfc_scim, "PATCH", f"/Users/{ada}", If_Match=tag)
    assert answer.status_code == 200
    assert answer.headers["ETag"] == etag(rfc_scim, f"/Users/{ada}")


def test_where_there_is_nothing_to_guard(rfc_scim: ScimClient, ada: str) -> None:
    """RFC 9110 13.2.1: no resource is selected by a POST, a list or an unknown id."""
    guard = {"If-Match": 'W/"7"', "If-None-Match": "*"}
    assert rfc_scim.post("/Users", user("bo"), headers=guard).status_code == 201
    assert len(listed(rfc_scim.get("/Users", headers=guard))) == 2
    for method in GUARDED:
        refused(changed(rfc_scim, method, "/Users/nobody", If_Match="*"), 404)


def test_an_old_version_in_a_body_is_no_condition(
    rfc_scim: ScimClient, ada: str
) -> None:
    """RFC 7643 3.1: meta is read-only; a client that echoes it is not refused."""
    path = f"/Users/{ada}"
    old = read(rfc_scim, "/Users", ada)
    patched(rfc_scim, "/Users", ada, RENAME)
    answer = rfc_scim.put(path, old | {"title": "Head"})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == 'W/"3"'
