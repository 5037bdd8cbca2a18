"""The filters that clients match by, and the orders of lists, are served by indexes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scim.models import (
    DirectoryGroup,
    DirectoryUser,
    EmailAddress,
    GroupMembership,
    Organization,
)
from scim.models.email import INDEXED_LENGTH, email_keys
from tests.scim.messages import (
    ENTERPRISE,
    created,
    filter_query,
    found,
    listed,
    patch_op,
    patched,
    user,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.situations import ScimClient

SIZE = 3_000
"""Enough for PostgreSQL to prefer an index to reading the table."""


@pytest.fixture
def large(contoso: Organization, scim: ScimClient) -> ScimClient:
    """A client of an organization with SIZE users, and 300 groups of ten."""
    start = timezone.now() - timedelta(days=1)
    users = []
    for number in range(SIZE):
        moment = start + timedelta(seconds=number)
        row = DirectoryUser(organization=contoso, created=moment, modified=moment)
        row.assign(
            user(
                f"u{number}@contoso.example",
                externalId=f"key-{number}",
                displayName=f"Person {number}" if number % 2 else "",
                emails=[{"value": f"{number}@x.example", "type": "work"}],
                **{ENTERPRISE: {"manager": {"value": f"boss-{number // 5}"}}},
            )
        )
        users.append(row)
    users = DirectoryUser.objects.bulk_create(users, 500)
    emails = [row for person in users for row in EmailAddress.of(person)]
    EmailAddress.objects.bulk_create(emails)
    groups = []
    for number in range(SIZE // 10):
        team = DirectoryGroup(organization=contoso, created=start, modified=start)
        team.assign({"displayName": f"Team {number}", "externalId": f"key-{number}"})
        groups.append(team)
    groups = DirectoryGroup.objects.bulk_create(groups)
    GroupMembership.objects.bulk_create(
        GroupMembership(organization=contoso, group=groups[n // 10], user=person)
        for n, person in enumerate(users)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return scim


def queries_of(scim: ScimClient, address: str) -> list[str]:
    """Return the SELECTs that look for rows of *address*, which finds some."""
    with CaptureQueriesContext(connection) as captured:
        assert listed(scim.get(address))
    statements = [query["sql"] for query in captured.captured_queries]
    table = "scim_directoryuser" if "/Users" in address else "scim_directorygroup"
    return [sql for sql in statements if f'FROM "{table}"' in sql]


def plan_of(sql: str) -> list[str]:
    """Return the lines of the plan as the database would carry it out now."""
    prefix = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{prefix} {sql}")
        return [str(row[-1]) for row in cursor.fetchall()]


def shown(plans: dict[str, str]) -> str:
    return "\n\n".join(f"{asked}\n{plan}" for asked, plan in plans.items())


_WHOLE_TABLE = re.compile(r"^SCAN (?!element)|Seq Scan on scim_")
_WHOLE_ORGANIZATION = re.compile(r"SEARCH \S+ USING .*\(organization_id=\?\)$")

FILTERS = [
    # path, filter, what SQLite searches by, the index of PostgreSQL
    ("/Users", 'userName eq "U7@contoso.example"', "user_name_key=?", "user_name_uni"),
    ("/Users", 'externalId eq "key-7"', "scim_external_id=?", "scim_user_external"),
    ("/Users", 'displayName eq "PERSON 7"', "display_name_key=?", "scim_user_by_disp"),
    ("/Users", 'emails eq "7@X.example"', "value_key=?", "scim_email_value"),
    ("/Users", 'emails.value eq "7@x.example"', "value_key=?", "scim_email_value"),
    (
        "/Users",
        'emails[type eq "work"].value eq "7@x.example"',
        "value_key=?",
        "scim_email_value",
    ),
    (
        "/Users",
        'emails[type eq "work" and value eq "7@x.example"]',
        "value_key=?",
        "scim_email_value",
    ),
    ("/Users", 'id eq "@user"', "rowid=?", "scim_user_key"),
    (
        "/Users",
        f'{ENTERPRISE}:manager.value eq "boss-7"',
        "manager_value=?",
        "scim_user_manager",
    ),
    ("/Users", 'meta.lastModified gt "@late"', "modified>?", "scim_user_by_modified"),
    ("/Users", 'meta.lastModified ge "@late"', "modified>?", "scim_user_by_modified"),
    ("/Users", 'groups eq "@group"', "group_id=?", "scim_membership"),
    (
        "/Groups",
        'displayName eq "team 7"',
        "display_name_key=?",
        "scim_group_name_unique",
    ),
    ("/Groups", 'externalId eq "key-7"', "scim_external_id=?", "scim_group_external"),
    ("/Groups", 'members eq "@user"', "user_id=?", "scim_membership"),
    ("/Groups", 'members.value eq "@user"', "user_id=?", "scim_membership"),
    ("/Groups", 'members[value eq "@user"]', "user_id=?", "scim_membership"),
    ("/Groups", 'id eq "@group" and members eq "@user"', "rowid=?", "scim_membership"),
    ("/Groups", 'members eq "@user" and id eq "@group"', "rowid=?", "scim_membership"),
]


def written(text: str) -> str:
    member = GroupMembership.objects.select_related("user", "group")[17]
    late = DirectoryUser.objects.order_by("-modified")[5].modified
    return (
        text.replace("@user", member.user.scim_id)
        .replace("@group", member.group.scim_id)
        .replace("@late", late.isoformat())
    )


def test_a_filter_reads_what_it_finds(large: ScimClient) -> None:
    """One query by the index; nothing is counted, and no organization read through."""
    wrong = {}
    for path, text, searched, index in FILTERS:
        [sql] = queries_of(large, f"{path}?{filter_query(written(text))}")
        plan = plan_of(sql)
        whole = [
            line
            for line in plan
            if _WHOLE_TABLE.search(line) or _WHOLE_ORGANIZATION.search(line)
        ]
        expected = index if connection.vendor == "postgresql" else searched
        if "COUNT(" in sql or whole or expected not in "\n".join(plan):
            wrong[text] = "\n".join(plan)
    assert not wrong, shown(wrong)


ORDERS = {
    "": "scim_user_key",
    "userName": "scim_user_name_unique",
    "displayName": "scim_user_by_display",
    "meta.lastModified": "scim_user_by_modified",
    "id": "scim_user_key",
}
_SORTED = re.compile(r"Seq Scan|(?<!Incremental )Sort  \(")
_UNIQUE_IN_SQLITE = "sqlite_autoindex_scim_directoryuser"


def addresses(scim: ScimClient) -> Iterator[tuple[str, str]]:
    """Yield the index, and the address of a page that comes from it."""
    for sort_by, index in ORDERS.items():
        for direction in ("ascending", "descending"):
            query = "/Users?count=50"
            if sort_by:
                query += f"&sortBy={sort_by}&sortOrder={direction}"
            yield index, f"{query}&startIndex=1001"
            yield index, f"{query}&cursor="
            first: Any = scim.get(f"{query}&cursor=").json()
            yield index, f"{query}&cursor={first['nextCursor']}"


def test_an_order_comes_from_an_index(large: ScimClient) -> None:
    """Any page of it: keys from the index alone, then as many rows as are shown."""
    wrong = {}
    if connection.vendor == "postgresql":
        # So small a table is sorted as quickly; what is asked is whether it must be.
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
    for index, address in addresses(large):
        statements = queries_of(large, address)
        [sql] = [sql for sql in statements if "COUNT(" not in sql]
        plan = "\n".join(plan_of(sql))
        if connection.vendor == "postgresql":
            # That of the key serves as well where there is one organization.
            scan = re.search(rf"Index .*using ({index}|scim_directoryuser_pkey)", plan)
            served = scan is not None and not _SORTED.search(plan)
        else:
            name = _UNIQUE_IN_SQLITE if "unique" in index else index
            served = f"COVERING INDEX {name}" in plan and "TEMP B-TREE" not in plan
        if not served:
            wrong[address] = plan
    assert not wrong, shown(wrong)


# ---------------------------------------------------- the rows behind e-mail filters


def keys(scim_id: str) -> list[str]:
    row = DirectoryUser.objects.with_scim_id(scim_id).get()
    stored = EmailAddress.objects.filter(user=row).order_by("place")
    values = list(stored.values_list("value_key", flat=True))
    assert values == email_keys(row.search)
    return values


def test_addresses_follow_the_user(rfc_scim: ScimClient) -> None:
    """Created, changed, shortened, cleared and deleted with who has them."""

    def change(value: Any, op: str = "replace", path: str = "emails") -> list[str]:
        patched(rfc_scim, "/Users", ada, {"op": op, "path": path, "value": value})
        return keys(ada)

    entries = [{"type": "work", "value": "A@x"}, {"type": "home", "value": "b@x"}]
    ada = created(rfc_scim, "/Users", user("ada", emails=entries))["id"]
    assert keys(ada) == ["a@x", "b@x"]
    assert found(rfc_scim, "/Users", 'emails eq "B@X"') == {"ada"}
    assert change("C@x", path='emails[type eq "work"].value') == ["c@x", "b@x"]
    assert found(rfc_scim, "/Users", 'emails eq "a@x"') == set()
    assert change([{"value": "b@x"}]) == ["b@x"]
    assert change([{"value": "d@x"}, {"value": "D@x", "type": "home"}]) == ["d@x"]
    assert change([{"value": f"{n}@x"} for n in range(5)]) == [
        f"{n}@x" for n in range(5)
    ]
    rfc_scim.put(f"/Users/{ada}", user("ada"))
    assert keys(ada) == []
    assert change([{"value": "e@x"}], op="add") == ["e@x"]
    assert rfc_scim.delete(f"/Users/{ada}").status_code == 204
    assert not EmailAddress.objects.exists()


def test_long_addresses_are_told_apart(rfc_scim: ScimClient) -> None:
    """Their beginnings are looked up; the whole decides."""
    long = "x" * INDEXED_LENGTH
    for name in ("a", "b"):
        created(rfc_scim, "/Users", user(name, emails=[{"value": f"{long}{name}"}]))
    assert found(rfc_scim, "/Users", f'emails eq "{long}B"') == {"b"}
    assert found(rfc_scim, "/Users", f'emails eq "{long}"') == set()
    assert found(rfc_scim, "/Users", f'not (emails eq "{long}b")') == {"a"}
    assert found(rfc_scim, "/Users", f'emails ne "{long}b"') == {"a"}


def test_an_unchanged_address_costs_nothing(rfc_scim: ScimClient) -> None:
    ada = created(rfc_scim, "/Users", user("ada", emails=[{"value": "a@x"}]))["id"]
    with CaptureQueriesContext(connection) as queries:
        operation = {"op": "replace", "path": "title", "value": "x"}
        assert rfc_scim.patch(f"/Users/{ada}", patch_op(operation)).status_code == 200
    assert not [q for q in queries.captured_queries if "scim_emailaddress" in q["sql"]]


@pytest.mark.parametrize("query", ["", "sortBy=title&", "cursor=&sortBy=title&"])
def test_no_row_is_tested_twice(rfc_scim: ScimClient, query: str) -> None:
    """Not even where PostgreSQL has counted no rows yet, and takes the table for small.

    It tested every row once for every row, and 1,000 users took 40 seconds.
    """
    organization = Organization.objects.get()
    now = timezone.now()
    rows = [
        DirectoryUser(organization=organization, created=now, modified=now)
        for _ in range(200)
    ]
    for number, row in enumerate(rows):
        row.assign(user(f"u{number}", emails=[{"value": "x"}], title=f"{number}"))
    DirectoryUser.objects.bulk_create(rows)
    text = 'emails co "x"'
    address = f"/Users?{query}count=5&{filter_query(text)}"
    first, *_ = queries_of(rfc_scim, address)
    if connection.vendor != "postgresql":
        [plan] = [line for line in plan_of(first) if "LIST SUBQUERY" in line]
        assert "CORRELATED" not in plan
        return
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN ANALYZE {first}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    loops = re.findall(r"jsonb_array_elements.*loops=(\d+)", plan)
    assert loops, plan
    assert max(map(int, loops)) <= 200, plan
