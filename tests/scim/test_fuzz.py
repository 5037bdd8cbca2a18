"""Hostile requests: whatever arrives, the service answers in SCIM and loses nothing.

Two kinds: resources and PATCHes that are almost right, and requests of random bytes.
After each call the same is held of it (``Fuzzed.send``).
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from scim.models import (
    BearerToken,
    Department,
    DirectoryGroup,
    DirectoryUser,
    GroupMembership,
    Organization,
    ProvisioningEvent,
)
from tests.scim import strategies
from tests.scim.fuzzing import run_generated
from tests.scim.messages import ENTERPRISE, GROUP, PATCH_OP, USER, group, user

if TYPE_CHECKING:
    from tests.situations import ScimClient, Tenant

Document = dict[str, Any]
State = dict[str, list[dict[str, Any]]]

pytestmark = pytest.mark.django_db

TABLES: list[Any] = [DirectoryUser, DirectoryGroup, GroupMembership, Department]
"""What a client can change."""


def state_of(organization: Organization) -> State:
    """Every column of every row that a client of *organization* can change."""
    return {
        table.__name__: list(
            table.objects.for_organization(organization).order_by("pk").values()
        )
        for table in TABLES
    }


class Fuzzed:
    """An organization with people, beside another one that must never be touched."""

    def __init__(self, scim: ScimClient, mine: Tenant, others: Tenant) -> None:
        self.scim = scim
        self.tenant = mine
        self.others = others.organization
        self.client = Client(raise_request_exception=True)
        self.users = self._ids("/Users", user("ada"), user("bob", title="x"))
        self.groups = self._ids("/Groups", group(members=[{"value": self.users[0]}]))
        self.before = state_of(mine.organization)
        self.untouched = state_of(self.others)
        self.statuses: Counter[int] = Counter()

    def _ids(self, endpoint: str, *bodies: Document) -> list[str]:
        return [self.scim.post(endpoint, body).json()["id"] for body in bodies]

    def send(self, method: str, path: bytes, body: bytes = b"", **environ: Any) -> None:
        """Send a request, hold what must be true of every one, and undo it."""
        events = ProvisioningEvent.objects.count()
        with transaction.atomic():
            response = self.client.generic(
                method,
                "/",
                body,
                **{
                    "CONTENT_TYPE": "application/scim+json",
                    "HTTP_AUTHORIZATION": self.tenant.token.header,
                    "PATH_INFO": (self.scim.base.encode() + path).decode("latin-1"),
                    # The test client's own stream fails where a socket just ends.
                    "wsgi.input": io.BytesIO(body),
                    **environ,
                },
            )
            self.statuses[response.status_code] += 1
            self._check_answer(method, response)
            self._check_state(response)
            assert ProvisioningEvent.objects.count() == events + 1
            event = ProvisioningEvent.objects.latest("pk")
            assert event.status == response.status_code
            assert event.organization_id == self.tenant.organization.pk
            transaction.set_rollback(True)

    def _check_answer(self, method: str, response: Any) -> None:
        assert response.status_code < 500 or response.status_code == 501, response
        assert response.headers["Content-Type"] == "application/scim+json"
        if method == "HEAD" or response.status_code == 204:
            assert response.content == b""
            return
        document = json.loads(response.content)
        assert isinstance(document, dict)
        assert document["schemas"]
        if response.status_code >= 400:
            assert document["status"] == str(response.status_code)
            assert document["detail"].strip()
        shown = response.content.decode()
        assert "fabrikam" not in shown
        assert self.tenant.token.secret not in shown

    def _check_state(self, response: Any) -> None:
        after = state_of(self.tenant.organization)
        if response.status_code >= 400:
            assert after == self.before
        for row in [*after["DirectoryUser"], *after["DirectoryGroup"]]:
            self._check_document(row["data"])
        assert state_of(self.others) == self.untouched
        assert Organization.objects.count() == 2
        assert BearerToken.objects.count() == 2

    def _check_document(self, document: Document) -> None:
        """Nothing is stored under a key that nobody declared, a path above all."""
        for key in document:
            assert key == ENTERPRISE or key.isalnum(), key
        assert "password" not in document
        # SQLite would store what PostgreSQL cannot.
        assert "\\u0000" not in json.dumps(document)


@pytest.fixture
def fuzzed(
    rfc_scim: ScimClient,
    litware_tenant: Tenant,
    fabrikam_tenant: Tenant,
    fabrikam_scim: ScimClient,
) -> Fuzzed:
    person = fabrikam_scim.post("/Users", user("eve@fabrikam.example")).json()["id"]
    fabrikam_scim.post("/Groups", group("fabrikam", members=[{"value": person}]))
    return Fuzzed(rfc_scim, litware_tenant, fabrikam_tenant)


# ------------------------------------------------------------------------ almost right

_nasty = st.sampled_from(
    [
        "\0",
        "a\0b",
        "\ud83d\ude00",
        "x" * 255,
        "x" * 10_241,
        "İ" * 254,
        "%s %(x)s {0}",
        "' OR 1=1 --",
        "<script>",
        "\u202e\ufeff",
        "e\u0301" * 130,
    ]
)
_scalars = (
    _nasty
    | st.text(max_size=8)
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.none()
)
_anything = st.recursive(
    _scalars,
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(st.text(max_size=6) | _nasty, part, max_size=3)
    ),
    max_leaves=6,
)
_deep = st.integers(1, 400).map(lambda depth: _nested(depth))


def _nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


_keys = st.sampled_from(
    [
        *["userName", "USERNAME", "displayName", "externalId", "active", "ACTIVE"],
        *["emails", "emails.value", "name", "name.givenName", "name.x.y", "members"],
        *["groups", "id", "meta", "schemas", "password", "manager", ENTERPRISE],
        *[f"{ENTERPRISE}:manager", f"{ENTERPRISE}:manager.value", f"{USER}:title"],
        *[f"{ENTERPRISE}:department", f"{GROUP}:members", "urn:unknown:x", "$ref", ""],
        *['emails[type eq "work"].value', 'members[value eq "@u0"]', "addresses"],
        *["roles", "x509Certificates", "title[", "a.b.c.d", "emails[value eq ]", "\0"],
        'emails[type eq "work" and (value co "a" or not (primary pr))].display',
    ]
)
_twist = st.dictionaries(_keys, _anything | strategies.values | _deep, max_size=4)
_primaries = st.just([{"value": "a", "primary": True}, {"value": "b", "primary": True}])
_twisted_users = st.builds(
    lambda body, twist: body | twist,
    strategies.user_bodies,
    _twist | st.fixed_dictionaries({"emails": _primaries}),
)
_twisted_groups = st.builds(
    lambda body, twist: body | twist, strategies.group_bodies, _twist
)
_twisted_operation = st.builds(
    lambda operation, twist: operation | twist,
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "Replace", "REMOVE", "move", ""]) | _anything},
        optional={
            "path": _keys | _nasty | st.text(max_size=12),
            "value": _anything | _twist | strategies.values | strategies.members,
        },
    ),
    st.dictionaries(st.sampled_from(["PATH", "Op", "x"]), _anything, max_size=1),
)
_patches = st.builds(
    lambda operations, twist: {"schemas": [PATCH_OP], "Operations": operations} | twist,
    st.lists(_twisted_operation | _anything, max_size=4)
    | strategies.user_operations
    | strategies.group_operations,
    st.dictionaries(st.sampled_from(["schemas", "operations"]), _anything, max_size=1),
)
_searches = st.fixed_dictionaries(
    {},
    optional={
        "schemas": st.just(["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]),
        "filter": strategies.user_filters | _anything,
        "startIndex": _anything,
        "count": _anything,
        "attributes": st.lists(_keys) | _anything,
        "excludedAttributes": st.lists(_keys) | _anything,
        "sortBy": _keys,
    },
)
_calls = st.one_of(
    st.tuples(st.sampled_from(["POST /Users", "PUT /Users/@u0"]), _twisted_users),
    st.tuples(st.sampled_from(["POST /Groups", "PUT /Groups/@g0"]), _twisted_groups),
    st.tuples(st.sampled_from(["PATCH /Users/@u1", "PATCH /Groups/@g0"]), _patches),
    st.tuples(
        st.sampled_from(
            ["POST /.search", "POST /Users/.search", "POST /Groups/.search"]
        ),
        _searches,
    ),
)


def as_json(value: Any) -> bytes:
    """Return *value* as JSON; a lone surrogate stays an escape, as it would arrive."""
    return json.dumps(value).encode()


def test_what_is_almost_right(fuzzed: Fuzzed) -> None:
    """No 500, no partial write, no stranger's row, one event; whatever the JSON says."""

    def almost_right(call: tuple[str, Any], query: dict[str, str]) -> None:
        line, body = strategies.resolved(call, fuzzed.users, fuzzed.groups)
        method, path = line.split()
        text = "&".join(f"{name}={value}" for name, value in query.items())
        fuzzed.send(method, path.encode(), as_json(body), QUERY_STRING=text)

    run(almost_right, examples=500, call=_calls, query=strategies.projections)
    assert {200, 201, 400, 409} <= fuzzed.statuses.keys(), fuzzed.statuses


# ------------------------------------------------------------------------ random bytes

_json = _calls.map(lambda call: as_json(call[1]))
_bodies = (
    st.binary(max_size=60)
    | st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.builds(lambda raw, end: raw[:end], _json, st.integers(0, 80))
    | st.builds(
        lambda raw, at, byte: raw[:at] + byte + raw[at:],
        _json,
        st.integers(0, 80),
        st.binary(min_size=1, max_size=3),
    )
    | st.sampled_from([b"[" * 100_000, b'{"a":' * 5_000, b"\xff\xfe{\0}\0", b"1e999"])
)
_odd_paths = st.sampled_from(
    [
        *[b"", b"/", b"/Users", b"/users/", b"/Groups", b"/Users/@", b"/Me", b"/Bulk"],
        *[b"/.search", b"/Users/.search", b"/Schemas", b"/ResourceTypes/User", b"//"],
        *[b"/Users/\0", b"/Users/%00", b"/Users/a/b", b"/Users/\xff", b"/Users/\n"],
        *[b"/ServiceProviderConfig/", b"/../Users", b"/Users;x", b"/Schemas/\xe2\x80"],
    ]
) | st.binary(max_size=12).map(lambda raw: b"/" + raw)
_odd_methods = st.sampled_from(
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW", "get"]
)
_lines = st.sampled_from(
    [
        *[("POST", b"/Users"), ("PUT", b"/Users/@"), ("PATCH", b"/Users/@")],
        *[("POST", b"/Groups"), ("POST", b"/.search"), ("GET", b"/Users")],
        *[("GET", b"/Groups"), ("GET", b"/Users/@"), ("DELETE", b"/Users/@")],
    ]
) | st.tuples(_odd_methods, _odd_paths)
_latin = st.binary(max_size=20).map(lambda raw: raw.decode("latin-1"))
_queries = _latin | st.builds(
    "{}={}".format,
    st.sampled_from(["filter", "startIndex", "count", "attributes", "sortBy", "x"]),
    _latin
    | st.sampled_from(["%00", "%ff", "%F0%9F", "1" * 5_000, "9" * 400, "(" * 600]),
)
_types = st.just("application/scim+json") | st.sampled_from(
    [
        *["application/json", "application/scim+json; charset=utf-8", "", "text/html"],
        *["application/json; charset=utf-16", "application/json; charset=nothing"],
        *["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "/"],
    ]
)
_headers = st.dictionaries(
    st.sampled_from(
        [
            *["HTTP_ACCEPT", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_COOKIE"],
            *["HTTP_CONTENT_ENCODING", "HTTP_RANGE", "HTTP_ACCEPT_LANGUAGE", "HTTP_X"],
            *["HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_FORWARDED_FOR", "HTTP_ORIGIN"],
            *["HTTP_X_FORWARDED_PROTO", "HTTP_REFERER", "HTTP_EXPECT"],
        ]
    ),
    _latin,
    max_size=3,
)
_lengths = st.sampled_from([{}, {"CONTENT_LENGTH": "x"}, {"CONTENT_LENGTH": "-1"}]) | (
    st.just({"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""})
)


def test_random_bytes(fuzzed: Fuzzed) -> None:
    """As above, whatever method, path, query, headers, media type and body arrive."""

    def random_bytes(
        line: tuple[str, bytes],
        query: str,
        media_type: str,
        headers: dict[str, str],
        length: dict[str, str],
        body: bytes,
    ) -> None:
        method, path = line
        path = path.replace(b"@", fuzzed.users[0].encode())
        environ = {"QUERY_STRING": query, "CONTENT_TYPE": media_type}
        fuzzed.send(method, path, body, **environ, **headers, **length)

    run(
        random_bytes,
        examples=500,
        line=_lines,
        query=_queries,
        media_type=_types,
        headers=_headers,
        length=_lengths,
        body=_bodies,
    )
    assert {200, 400, 404, 405, 415, 501} <= fuzzed.statuses.keys(), fuzzed.statuses


def run(test: Callable[..., None], *, examples: int, **arguments: Any) -> None:
    """Call *test* with generated arguments (run_generated says how often)."""

    def once(chosen: settings) -> None:
        settings(chosen)(given(**arguments)(test))()

    run_generated(once, examples=examples)
