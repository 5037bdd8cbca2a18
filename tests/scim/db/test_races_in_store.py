"""Races between groups, their members and names; the database is looked at afterwards."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx2
import pytest

from tests.live import Installation, installed, run, served
from tests.scim.messages import ENTERPRISE, group, members, patch_op, user
from tests.scim.racing import (
    ROUNDS,
    WRITERS,
    at_once,
    create,
    members_of,
    some_users,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_GROUPS = 3
CHECK = """
import json
from collections import Counter
from django.db.models import F, Q
from scim.models import (
    Department, DirectoryGroup, DirectoryUser, GroupMembership, ProvisioningEvent
)

pairs = list(GroupMembership.objects.values_list("user", "group"))
users = set(DirectoryUser.objects.values_list("pk", flat=True))
groups = set(DirectoryGroup.objects.values_list("pk", flat=True))
foreign = ~Q(organization=F("user__organization"))
foreign |= ~Q(organization=F("group__organization"))
done = ProvisioningEvent.objects.filter(status__lt=300).exclude(changes={})
done = done.filter(action="change", resource_type="User")
changes = Counter(done.values_list("resource_key", flat=True))
print(json.dumps({
    "dangling": sum(u not in users or g not in groups for u, g in pairs),
    "foreign": GroupMembership.objects.filter(foreign).count(),
    "doubled members": len(pairs) - len(set(pairs)),
    "departments": sorted(Department.objects.values_list("name_key", flat=True)),
    "without event": sum(
        user.version - 1 != changes[user.pk] for user in DirectoryUser.objects.all()
    ),
    "answers of 500": ProvisioningEvent.objects.filter(status=500).count(),
    "answers of 503": ProvisioningEvent.objects.filter(status=503).count(),
}))
"""


class Race:
    """A client of an installation of its own, and what that installation stores."""

    def __init__(self, here: Installation, http: httpx2.Client) -> None:
        self.here = here
        self.http = http

    def stored(self) -> dict[str, Any]:
        printed = run(self.here.environment, "shell", "--no-imports", "-c", CHECK)
        facts: dict[str, Any] = json.loads(printed)
        return facts

    def switch(self, **rules: int) -> None:
        code = (
            "from scim.models import Organization\n"
            f"Organization.objects.update(profile_overrides={rules!r})"
        )
        run(self.here.environment, "shell", "--no-imports", "-c", code)


@pytest.fixture(scope="module")
def race(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Race]:
    directory = tmp_path_factory.mktemp("races")
    log = directory / "gunicorn.log"
    with (
        installed(directory) as here,
        served(here.environment, log, here.address),
        httpx2.Client(
            headers={"Authorization": f"Bearer {here.secret}"},
            base_url=here.base_url,
            timeout=60,
        ) as http,
    ):
        race = Race(here, http)
        yield race
        facts = race.stored()
        departments = facts.pop("departments")
        assert len(departments) == len(set(departments))
        assert facts == dict.fromkeys(facts, 0)
        assert "Traceback" not in log.read_text()


def statuses_of(answers: list[Any]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def add(*scim_ids: str) -> dict[str, Any]:
    return patch_op({"op": "add", "path": "members", "value": members(*scim_ids)})


def remove(scim_id: str) -> dict[str, Any]:
    return patch_op({"op": "remove", "path": f'members[value eq "{scim_id}"]'})


def test_the_same_members_in_opposite_order(race: Race) -> None:
    """Many writers, two groups, and people who are changed and deleted meanwhile."""
    http = race.http
    risk = create(http, "/Groups", group(str(uuid4())))
    audit = create(http, "/Groups", group(str(uuid4())))
    for _ in range(ROUNDS):
        people = some_users(http, 6)
        leaving = people[0]
        title = patch_op({"op": "add", "path": "title", "value": "Head"})
        answers = at_once(
            partial(http.patch, f"/Groups/{risk}", json=add(*people)),
            partial(http.patch, f"/Groups/{audit}", json=add(*people[::-1])),
            partial(http.patch, f"/Groups/{audit}", json=add(*people)),
            partial(http.patch, f"/Groups/{risk}", json=add(*people[::-1])),
            partial(http.delete, f"/Users/{leaving}"),
            *(partial(http.patch, f"/Users/{one}", json=title) for one in people[1:4]),
        )
        assert statuses_of(answers) == [200] * 7 + [204]
        for scim_id in (risk, audit):
            found = members_of(http, scim_id)
            assert set(people[1:]) <= found
            assert leaving not in found


def test_a_deadlock_is_tried_again(race: Race) -> None:
    """Deleting a member locks the member, then the group; adding one, in turn."""
    http = race.http
    risk = create(http, "/Groups", group(str(uuid4())))
    for _ in range(ROUNDS):
        people = some_users(http, WRITERS)
        assert http.patch(f"/Groups/{risk}", json=add(*people)).status_code == 200
        answers = at_once(
            *(partial(http.delete, f"/Users/{one}") for one in people),
            *(
                partial(http.patch, f"/Groups/{risk}", json=change)
                for one in people
                for change in (remove(one), add(one))
            ),
        )
        assert set(statuses_of(answers)) == {200, 204}
        assert members_of(http, risk) == set()


def test_a_group_that_is_made_and_deleted(race: Race) -> None:
    """With members who are deleted at the same time: nothing is left behind."""
    http = race.http
    for _ in range(ROUNDS):
        ada, bo = some_users(http, 2)
        old = create(http, "/Groups", group(str(uuid4()), members=members(ada, bo)))
        new = group(str(uuid4()), members=members(ada, bo))
        made, gone, *_ = answers = at_once(
            partial(http.post, "/Groups", json=new),
            partial(http.delete, f"/Groups/{old}"),
            partial(http.delete, f"/Users/{ada}"),
            partial(http.patch, f"/Groups/{old}", json=add(bo)),
            partial(http.delete, f"/Groups/{old}"),
        )
        assert (made.status_code, answers[2].status_code) == (201, 204)
        assert statuses_of([gone, answers[4]]) == [204, 404]
        assert answers[3].status_code in {200, 404}
        assert members_of(http, made.json()["id"]) == {bo}
        assert http.get(f"/Groups/{old}").status_code == 404
        memberships = http.get(f"/Users/{bo}").json()["groups"]
        assert [each["value"] for each in memberships] == [made.json()["id"]]


def test_one_group_replaced_and_changed(race: Race) -> None:
    """PUT and PATCH take turns: the last one decides, and none is half done."""
    http = race.http
    ada, bo, cy, dee = some_users(http, 4)
    name = str(uuid4())
    risk = create(http, "/Groups", group(name))
    for _ in range(ROUNDS):
        first = group(name, externalId="1", members=members(ada, bo))
        second = group(name, externalId="2", members=members(cy))
        answers = at_once(
            partial(http.put, f"/Groups/{risk}", json=first),
            partial(http.put, f"/Groups/{risk}", json=second),
            partial(http.patch, f"/Groups/{risk}", json=add(dee)),
            partial(http.patch, f"/Groups/{risk}", json=remove(bo)),
        )
        assert statuses_of(answers) == [200] * 4
        external = http.get(f"/Groups/{risk}").json()["externalId"]
        found = members_of(http, risk) - {dee}
        expected = {"1": [{ada, bo}, {ada}], "2": [{cy}]}
        assert found in expected[external]


def test_never_in_more_groups_than_one_may_be(race: Race) -> None:
    http = race.http
    race.switch(groups_per_user=MOST_GROUPS)
    try:
        for _ in range(ROUNDS // 2):
            ada, bo = some_users(http, 2)
            groups = [
                create(http, "/Groups", group(str(uuid4())))
                for _ in range(2 * MOST_GROUPS)
            ]
            orders = [(ada, bo), (bo, ada)] * MOST_GROUPS
            answers = at_once(
                *(
                    partial(http.patch, f"/Groups/{one}", json=add(*order))
                    for one, order in zip(groups, orders, strict=True)
                )
            )
            expected = [200] * MOST_GROUPS + [400] * MOST_GROUPS
            assert statuses_of(answers) == expected
            for scim_id in (ada, bo):
                found = http.get(f"/Users/{scim_id}").json()["groups"]
                assert len(found) == MOST_GROUPS
    finally:
        race.switch()


@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
def test_renamed_to_one_name(race: Race, endpoint: str) -> None:
    """In different spellings, by PUT and PATCH: one gets it, the others keep theirs."""
    http, attribute = race.http, {"/Users": "userName", "/Groups": "displayName"}
    make, key = {"/Users": user, "/Groups": group}[endpoint], attribute[endpoint]
    for _ in range(ROUNDS):
        old = [f"old-{uuid4()}" for _ in range(WRITERS)]
        ids = [create(http, endpoint, make(name)) for name in old]
        name = f"new-{uuid4()}"
        spellings = [name, name.upper(), name.title(), name]
        jobs = []
        for number, (scim_id, spelling) in enumerate(zip(ids, spellings, strict=True)):
            path = f"{endpoint}/{scim_id}"
            rename = patch_op({"op": "replace", "path": key, "value": spelling})
            jobs.append(
                partial(http.patch, path, json=rename)
                if number % 2
                else partial(http.put, path, json=make(spelling))
            )
        assert statuses_of(at_once(*jobs)) == [200, 409, 409, 409]
        names = [http.get(f"{endpoint}/{scim_id}").json()[key] for scim_id in ids]
        kept = [one for one in names if one in old]
        assert len(kept) == WRITERS - 1


def test_a_department_in_several_spellings(race: Race) -> None:
    """New, and everybody's at once: one department, and everybody is in it."""
    names = [f"risk {uuid4()}" for _ in range(ROUNDS)]
    for name in names:
        spellings = [name, name.upper(), name.title(), name]
        answers = at_once(
            *(
                partial(
                    race.http.post,
                    "/Users",
                    json=user(str(uuid4()), **{ENTERPRISE: {"department": spelling}}),
                )
                for spelling in spellings
            )
        )
        assert statuses_of(answers) == [201] * WRITERS
    departments = race.stored()["departments"]
    assert [departments.count(name) for name in names] == [1] * ROUNDS
