"""Writers at once, on a server of several processes (design, section 7: nothing lost)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2
import pytest

from tests.scim.bulks import bulk, patch, post
from tests.scim.messages import group, members, patch_op, user
from tests.scim.racing import ROUNDS, WRITERS, at_once, create, some_users

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live import LiveService


@pytest.fixture
def http(service: LiveService) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {service.secret}"}
    with httpx2.Client(headers=headers, timeout=30) as client:
        client.base_url = service.base_url
        yield client


def test_one_user(http: httpx2.Client) -> None:
    """Different attributes at once: every change of every writer is there."""
    [ada] = some_users(http, 1)

    def writer(number: int) -> set[int]:
        statuses = set()
        for turn in range(ROUNDS):
            value = [{"value": f"{number}-{turn}@x.example"}]
            title = f"urn:ietf:params:scim:schemas:core:2.0:User:{TITLES[number]}"
            operations = patch_op(
                {"op": "add", "path": "emails", "value": value},
                {"op": "replace", "path": title, "value": str(turn)},
            )
            answer = http.patch(f"/Users/{ada}", json=operations)
            statuses.add(answer.status_code)
        return statuses

    statuses = at_once(*(partial(writer, number) for number in range(WRITERS)))
    assert statuses == [{200}] * WRITERS
    after = http.get(f"/Users/{ada}").json()
    assert {email["value"] for email in after["emails"]} == {
        f"{number}-{turn}@x.example"
        for number in range(WRITERS)
        for turn in range(ROUNDS)
    }
    assert [after[name] for name in TITLES] == [str(ROUNDS - 1)] * WRITERS
    assert after["meta"]["version"] == f'W/"{1 + WRITERS * ROUNDS}"'


TITLES = ["title", "nickName", "locale", "userType"]


def test_one_group(http: httpx2.Client) -> None:
    """Members added and removed at once: none lost, none left behind."""
    people = some_users(http, WRITERS * ROUNDS)
    leaving = people[::2]
    risk = create(http, "/Groups", group(str(uuid4()), members=members(*leaving)))

    def writer(number: int) -> set[int]:
        statuses = set()
        for scim_id in people[number::WRITERS]:
            remove = {"op": "remove", "path": f'members[value eq "{scim_id}"]'}
            add = {"op": "add", "path": "members", "value": members(scim_id)}
            operation = remove if scim_id in leaving else add
            answer = http.patch(f"/Groups/{risk}", json=patch_op(operation))
            statuses.add(answer.status_code)
        return statuses

    statuses = at_once(*(partial(writer, number) for number in range(WRITERS)))
    assert statuses == [{200}] * WRITERS
    after = http.get(f"/Groups/{risk}").json()
    assert sorted(member["value"] for member in after["members"]) == people[1::2]
    assert after["meta"]["version"] == f'W/"{1 + len(people)}"'


def test_one_user_name(http: httpx2.Client) -> None:
    """Two spellings of a name at once: one user, and 409 for everybody else."""
    for turn in range(ROUNDS):
        name = f"ada-{turn}-{uuid4()}@x.example"
        spellings = [name, name.upper(), name.title(), name]

        def post(spelling: str) -> int:
            return http.post("/Users", json=user(spelling)).status_code

        statuses = at_once(*(partial(post, spelling) for spelling in spellings))
        assert sorted(statuses) == [201, 409, 409, 409]
        found = http.get("/Users", params={"filter": f'userName eq "{name}"'}).json()
        assert found["totalResults"] == 1


def test_one_department(http: httpx2.Client) -> None:
    """Four people who arrive with the same new department at once: all get in."""
    urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    for _ in range(ROUNDS):
        extension = {urn: {"department": f"Risk {uuid4()}"}}

        def post(extension: dict[str, Any] = extension) -> int:
            body = user(str(uuid4()), **extension)
            return http.post("/Users", json=body).status_code

        assert at_once(*[post] * WRITERS) == [201] * WRITERS


def test_a_member_who_is_being_deleted(http: httpx2.Client) -> None:
    """Added by one call while another deletes the user: no membership without a user."""
    risk = create(http, "/Groups", group(str(uuid4())))
    for _ in range(ROUNDS):
        ada, bo = some_users(http, 2)
        add = patch_op({"op": "add", "path": "members", "value": members(ada, bo)})
        added, deleted, again = at_once(
            partial(http.patch, f"/Groups/{risk}", json=add),
            partial(http.delete, f"/Users/{ada}"),
            partial(http.patch, f"/Groups/{risk}", json=add),
        )
        assert deleted.status_code == 204
        assert {added.status_code, again.status_code} == {200}
        values = [m["value"] for m in http.get(f"/Groups/{risk}").json()["members"]]
        assert bo in values
        assert ada not in values


@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
def test_one_version(http: httpx2.Client, endpoint: str) -> None:
    """RFC 7644 3.14: of writers who name the same version, exactly one gets in."""
    name = "userName" if endpoint == "/Users" else "displayName"
    body = user(str(uuid4())) if endpoint == "/Users" else group(str(uuid4()))
    path = f"{endpoint}/{create(http, endpoint, body)}"
    for turn in range(ROUNDS):
        tag = http.get(path).headers["ETag"]

        def change(number: int, turn: int = turn, tag: str = tag) -> httpx2.Response:
            value = {"op": "replace", "path": "externalId", "value": f"{turn}-{number}"}
            headers = {"If-Match": tag}
            return http.patch(path, json=patch_op(value), headers=headers)

        answers = at_once(*(partial(change, number) for number in range(WRITERS)))
        assert sorted(each.status_code for each in answers) == [200, 412, 412, 412]
        [winner] = [each for each in answers if each.status_code == 200]
        now = http.get(path)
        assert now.json() == winner.json()
        assert now.headers["ETag"] == winner.headers["ETag"]
    after = http.get(path)
    assert after.json()["meta"]["version"] == f'W/"{1 + ROUNDS}"'
    assert after.json()[name] == body[name]


def test_one_version_with_groups(http: httpx2.Client) -> None:
    """A user who is in a group: the digest in the version does not let two writers in."""
    [ada] = some_users(http, 1)
    create(http, "/Groups", group(str(uuid4()), members=members(ada)))
    tag = http.get(f"/Users/{ada}").headers["ETag"]

    def change(number: int) -> int:
        value = {"op": "replace", "path": "title", "value": str(number)}
        headers = {"If-Match": tag}
        path = f"/Users/{ada}"
        return http.patch(path, json=patch_op(value), headers=headers).status_code

    statuses = at_once(*(partial(change, number) for number in range(WRITERS)))
    assert sorted(statuses) == [200, 412, 412, 412]


def test_bulks_beside_single_calls(http: httpx2.Client) -> None:
    """No operation of a Bulk and no call beside it loses what the other did."""
    people = some_users(http, WRITERS * ROUNDS)
    [ada] = some_users(http, 1)
    risk = create(http, "/Groups", group(str(uuid4())))

    def add(scim_id: str) -> dict[str, Any]:
        return patch_op({"op": "add", "path": "members", "value": members(scim_id)})

    def note(value: str) -> dict[str, Any]:
        value_list = [{"value": value}]
        return patch_op({"op": "add", "path": "emails", "value": value_list})

    def in_bulk(mine: list[str]) -> set[str]:
        operations = [
            patch(path, data)
            for scim_id in mine
            for path, data in (
                (f"/Groups/{risk}", add(scim_id)),
                (f"/Users/{ada}", note(scim_id)),
            )
        ]
        answer = http.post("/Bulk", json=bulk(*operations)).json()
        return {result["status"] for result in answer["Operations"]}

    def one_by_one(mine: list[str]) -> set[str]:
        answers = [
            http.patch(path, json=data)
            for scim_id in mine
            for path, data in (
                (f"/Groups/{risk}", add(scim_id)),
                (f"/Users/{ada}", note(scim_id)),
            )
        ]
        return {str(answer.status_code) for answer in answers}

    shares = [people[number::WRITERS] for number in range(WRITERS)]
    statuses = at_once(
        *(partial(in_bulk, mine) for mine in shares[:2]),
        *(partial(one_by_one, mine) for mine in shares[2:]),
    )
    assert statuses == [{"200"}] * WRITERS
    values = [each["value"] for each in http.get(f"/Groups/{risk}").json()["members"]]
    assert sorted(values) == sorted(people)
    after = http.get(f"/Users/{ada}").json()
    assert sorted(each["value"] for each in after["emails"]) == sorted(people)
    assert after["meta"]["version"] == f'W/"{1 + len(people)}"'


def test_one_name_in_several_bulks(http: httpx2.Client) -> None:
    """The same people in four Bulks at once: each is made once, and 409 elsewhere."""
    names = [str(uuid4()) for _ in range(ROUNDS)]
    body = bulk(*(post("/Users", name, user(name)) for name in names))

    def send() -> list[str]:
        answer = http.post("/Bulk", json=body).json()
        return [result["status"] for result in answer["Operations"]]

    for statuses in zip(*at_once(*[send] * WRITERS), strict=True):
        assert sorted(statuses) == ["201", "409", "409", "409"]
