"""What clients could send, for hypothesis: resources, PATCH operations and queries.

``@u0`` and ``@g1`` stand for the first user and the second group of a test; the test
puts their ids in (``resolved``). Some values are wrong on purpose.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.scim.messages import ENTERPRISE, GROUP, PATCH_OP, USER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Strategy = st.SearchStrategy[Any]

UNKNOWN = "7a736361-6c65-7200-7363-696d7fffffff"
"""The id of a user that nobody has."""

_PLACE = re.compile(r"@([ug])(\d)")


def resolved(value: Any, users: Sequence[str], groups: Sequence[str]) -> Any:
    """Return *value* with ids in place of ``@u0`` and the like."""

    def scim_id(found: re.Match[str]) -> str:
        known = users if found[1] == "u" else groups
        index = int(found[2])
        return known[index] if index < len(known) else UNKNOWN

    return json.loads(_PLACE.sub(scim_id, json.dumps(value)))


def joined(*first: dict[str, str], **queries: dict[str, str]) -> dict[str, str]:
    """Return one query with the parameters of all."""
    parts = (*first, *queries.values())
    return {name: value for query in parts for name, value in query.items()}


def rarely(wrong: Strategy, right: Strategy) -> Strategy:
    # Hypothesis likes the ends of a range best, and 7 no better than others.
    return st.integers(0, 11).flatmap(lambda number: wrong if number == 7 else right)


def some(options: Mapping[str, Strategy], **required: Strategy) -> Strategy:
    """An object with the required and any of the other members."""
    return st.fixed_dictionaries(required, optional=dict(options))


users = st.sampled_from(["@u0", "@u1", "@u2", "@u0", "@u1", "@u9"])
groups = st.sampled_from(["@g0", "@g1", "@g0", "@g1", "@g9"])
filled = st.sampled_from(["Ada", "a_a", 'q"uote\\'])
words = st.sampled_from(
    ["Ada", "ada", "ÄDA", "100%", "a_a", 'q"uote\\', "true", "", " x"]
)
names = st.sampled_from(["ada", "Ada", "bob", "ÄDA", "äda", "ada@contoso.example", "c"])
kinds = st.sampled_from(["work", "home", "Work", "mobile"])
wrong: Strategy = st.sampled_from([5, 1.5, True, [], ["x"], {"a": "b"}, [[]], None])
wrong_entries: Strategy = st.sampled_from([5, 1.5, True, [], ["x"], "x", [[]]])
texts = rarely(wrong, words)
booleans = rarely(st.sampled_from(["maybe", [], 2, {}]), st.booleans())

name_parts = some({"givenName": texts, "familyName": texts, "formatted": words})
entries = some({"value": texts, "type": kinds, "display": words, "primary": booleans})
values = rarely(wrong, st.lists(rarely(wrong_entries, entries), max_size=3))
# Without $ref: ours goes with its manager (test_oracle_requests.DEVIATIONS).
managers = some({"displayName": words}, value=users | words)
enterprise = some(
    {
        "department": texts,
        "employeeNumber": texts,
        "costCenter": words,
        "manager": rarely(st.sampled_from([5, True]), managers),
        "unknown": words,
    }
)
attributes: dict[str, Strategy] = {
    "externalId": texts,
    "displayName": texts,
    "title": texts,
    "nickName": words,
    "profileUrl": words,
    "active": booleans,
    "password": words,
    "name": rarely(wrong, name_parts),
    "emails": values,
    "phoneNumbers": values,
    "roles": values,
    "photos": values,
    "addresses": st.lists(
        some({"locality": texts, "type": kinds, "primary": booleans}), max_size=2
    ),
    ENTERPRISE: rarely(st.sampled_from([5, "x", []]), enterprise),
    "id": words,
    "groups": st.just([{"value": "@g0"}]),
    "meta": st.just({"resourceType": "User", "version": 'W/"9"'}),
    "favouriteColour": words,
    "urn:example:unknown": st.just({"a": "b"}),
    "TITLE": words,
    "DisplayName": words,
}
user_schemas = st.sampled_from([[USER], [USER, ENTERPRISE], [ENTERPRISE, USER.upper()]])
user_bodies = some(
    attributes, schemas=user_schemas, userName=rarely(wrong, names)
) | some(attributes, schemas=user_schemas)

member = st.fixed_dictionaries(
    {"value": users}, optional={"type": st.just("User"), "display": words}
)
members = st.lists(member, max_size=4)
group_bodies = some(
    {"members": members, "externalId": texts, "unknown": words},
    schemas=st.just([GROUP]),
    displayName=rarely(wrong, names),
)

good_values = st.lists(
    some({"value": st.sampled_from(["Ada", "a_a"]), "type": kinds}), max_size=2
)
good_users = some(
    {
        "title": words,
        "name": some({"givenName": filled, "familyName": filled}),
        "active": st.booleans(),
        "emails": good_values,
        "roles": good_values,
        ENTERPRISE: some({"department": words, "manager": managers}),
    },
    schemas=user_schemas,
)
good_groups = some({"externalId": filled}, schemas=st.just([GROUP]), members=members)

# ------------------------------------------------------------------------------ PATCH

_ANY = filled | st.booleans() | name_parts | values | enterprise
user_paths: dict[str, Strategy] = {
    "title": texts,
    "TITLE": words,
    f"{USER}:title": words,
    "userName": names,
    "externalId": texts,
    "displayName": texts,
    "active": booleans,
    "name": name_parts,
    "name.givenName": texts,
    "emails": values | entries,
    "emails.value": words,
    'emails[type eq "work"]': entries,
    'emails[type eq "work"].value': rarely(wrong_entries, filled),
    'emails[type eq "work"].primary': booleans,
    'emails[type eq "home" and value eq "Ada"].display': filled,
    'emails[value ne "Ada"].display': filled,
    'phoneNumbers[type eq "mobile"].value': filled,
    "roles": values,
    "roles[primary eq true].value": filled,
    'addresses[type eq "work"].locality': filled,
    ENTERPRISE: enterprise,
    f"{ENTERPRISE}:department": texts,
    f"{ENTERPRISE}:employeeNumber": texts,
    f"{ENTERPRISE}:manager": managers,
    f"{ENTERPRISE}:manager.value": users,
    "password": words,
    "id": words,
    "meta.created": words,
    "groups": st.just([{"value": "@g0"}]),
    "schemas": st.just([USER]),
    "unknown": words,
    "title.part": words,
    "emails[": words,
    'emails[nothing eq "x"].value': words,
    "": words,
}
group_paths: dict[str, Strategy] = {
    "displayName": rarely(wrong, names),
    "externalId": texts,
    "members": members,
    "id": words,
    "unknown": words,
    "emails[": words,
}


def _operations(
    paths: dict[str, Strategy], whole: Strategy, unfit: Strategy
) -> Strategy:
    op = st.sampled_from(["add", "replace", "replace", "remove"])
    with_path = st.sampled_from(sorted(paths)).flatmap(
        lambda path: st.fixed_dictionaries(
            {"op": op, "path": st.just(path), "value": rarely(unfit, paths[path])}
        )
    )
    without = st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "replace"]), "value": whole}
    )
    one = rarely(without, with_path).map(_without_value_of_remove)
    return st.lists(one, min_size=1, max_size=4)


def _without_value_of_remove(operation: dict[str, Any]) -> dict[str, Any]:
    """RFC 7644 3.5.2.2: a remove has no value; what Entra adds is tested by name.

    So is a part of a selected entry that is removed (test_oracle_requests.DEVIATIONS).
    """
    if operation["op"] == "remove" and "]." in operation["path"]:
        return operation | {"op": "add"}
    if operation["op"] == "remove":
        return {key: operation[key] for key in ("op", "path")}
    return operation


user_operations = _operations(user_paths, some(attributes), _ANY)
_selections = st.sampled_from(
    ['members[value eq "@u0"]', 'members[value eq "@u1" or value eq "@u2"]']
).map(lambda path: [{"op": "remove", "path": path}])
group_operations = _selections | _operations(
    group_paths, some({"displayName": names, "members": members}), st.just(5)
)

# ---------------------------------------------------------------------------- queries

_strings = ["userName", "title", "TITLE", f"{USER}:displayName", "externalId", "emails"]
_strings += [
    "name.givenName",
    "emails.type",
    f"{ENTERPRISE}:department",
    "id",
    "schemas",
]
_strings += [
    f"{ENTERPRISE}:manager.value",
    "groups",
    "groups.display",
    "meta.resourceType",
]
_group_strings = ["displayName", "members", "members.value", "id", "externalId"]
_ops = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ"])
_quoted = (words | users | groups).map(json.dumps)
_other = st.sampled_from(
    [
        "active eq true",
        "active ne false",
        "title pr",
        "emails pr",
        "name pr",
        'emails[type eq "work" and value co "a"]',
        "emails[primary eq true]",
        'meta.created ge "2026-03-01T12:00:02Z"',
        'meta.lastModified lt "2026-03-01T13:00:04+01:00"',
        "title eq null",
        'unknown eq "x"',
        'title eq "x',
        "title eq",
        "",
        "active gt true",
        'title[value eq "x"]',
    ]
)


def _filters(attributes: list[str]) -> Strategy:
    simple = st.builds("{} {} {}".format, st.sampled_from(attributes), _ops, _quoted)
    return st.recursive(
        rarely(_other, simple) | _other,
        lambda part: (
            st.builds("{} and {}".format, part, part)
            | st.builds("{} or {} and {}".format, part, part, part)
            | st.builds("not ({})".format, part)
        ),
        max_leaves=3,
    )


user_filters = _filters(_strings)
group_filters = _filters(_group_strings)
equalities = st.sampled_from(
    [
        *['userName eq "person0"', 'userName eq "person1"', 'userName eq "ada"'],
        *['id eq "@u0"', 'id eq "@u1"', 'externalId eq "Ada"', 'title eq "Ada"'],
        *['displayName eq "ada"', 'emails eq "Ada"', 'groups eq "@g0"'],
        f'{ENTERPRISE}:manager.value eq "@u0"',
    ]
)
"""How clients look somebody up; most of them are indexed."""

_projected = st.lists(
    st.sampled_from(
        [
            *_strings,
            *["NAME", "members", "members.value", "meta", "meta.version", "unknown"],
            *[ENTERPRISE, f"{ENTERPRISE}:manager", "emails.value", "displayName"],
            "groups.value",
        ]
    ),
    min_size=1,
    max_size=3,
).map(",".join)
projections = some({"attributes": _projected}) | some(
    {"excludedAttributes": _projected}
)
_sorted_by = st.sampled_from(
    [
        *[name for name in _strings if name not in ("schemas", "meta.resourceType")],
        *["USERNAME", "active", "emails.primary", "meta.created", "meta.lastModified"],
        *["members", "members.value", "name", "unknown", "password", "emails[", ""],
        *["title pr", f"{ENTERPRISE}:manager", "addresses", "nickName"],
    ]
)
sorts: Strategy = some(
    {"sortOrder": rarely(st.just("up"), st.sampled_from(["ascending", "descending"]))},
    sortBy=_sorted_by,
) | st.just({})
good_sorts = some(
    {"sortOrder": st.sampled_from(["ascending", "descending"])},
    sortBy=st.sampled_from(["title", "displayName", "emails", "id", "groups.display"]),
)
_numbers = st.sampled_from(["-1", "0", "1", "2", "3", "50"])
sizes = some({"count": st.sampled_from(["0", "1", "2", "3", "50"])})
pages = some({"startIndex": _numbers, "count": _numbers})
wrong_pages = some(
    {
        "startIndex": rarely(st.just("x"), _numbers),
        "count": rarely(st.just("x"), _numbers),
    }
)

# ------------------------------------------------------------------------- conditions

guards = st.tuples(
    st.sampled_from(["If-Match", "If-None-Match"]),
    st.integers(-2, 1) | st.sampled_from(["*", '"x"']),
)
"""A header and a version: the number of one that was seen, or what it names."""

guarded_calls = st.sampled_from(
    [
        ("GET", None),
        ("DELETE", None),
        ("PUT", {"externalId": "x"}),
        ("PUT", {"externalId": "y"}),
        *(
            (
                "PATCH",
                {
                    "schemas": [PATCH_OP],
                    "Operations": [{"op": "replace", "path": "externalId", "value": v}],
                },
            )
            for v in "xy"
        ),
    ]
)
