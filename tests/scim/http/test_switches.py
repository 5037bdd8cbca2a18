"""Limits and quirks of the real service, which an organization may switch on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx2
import pytest
import time_machine

from scim.models import DirectoryUser, Organization, ProvisioningEvent
from tests.live import installed, run, served
from tests.scim.messages import created, group, members, patch_op, read, refused, user

if TYPE_CHECKING:
    from pathlib import Path

    from tests.situations import ScimClient


def switch(organization: Organization, **rules: object) -> None:
    organization.profile_overrides = rules
    organization.save()


# --------------------------------------------------------------- requests a second
def test_more_requests_than_a_second_takes(
    scim: ScimClient, contoso: Organization
) -> None:
    """RFC 6585 section 4: 429, and when to come back; nothing of the call is done."""
    switch(contoso, requests_per_second=2)
    with time_machine.travel(1_800_000_000.2, tick=False) as clock:
        created(scim, "/Users", user("ada@contoso.example"))
        assert scim.get("/Users").status_code == 200
        response = scim.post("/Users", user("bo@contoso.example"))
        assert "Advanced" in refused(response, 429)
        assert response.headers["Retry-After"] == "1"
        event = ProvisioningEvent.objects.newest_first()[0]
        assert (event.outcome, event.status) == ("refused", 429)
        clock.shift(1)
        created(scim, "/Users", user("bo@contoso.example"))
    assert DirectoryUser.objects.count() == 2


@pytest.mark.parametrize("seconds", [2, 3_600])
def test_a_clock_that_went_back(
    scim: ScimClient, contoso: Organization, seconds: int
) -> None:
    """Calls are served as before, after a second at the most, and still counted."""
    switch(contoso, requests_per_second=2)
    with time_machine.travel(1_800_000_000.2, tick=False) as clock:
        for _ in range(2):
            assert scim.get("/Users").status_code == 200
        refused(scim.get("/Users"), 429)
        clock.shift(-seconds)
        for _ in range(2):
            assert scim.get("/Users").status_code == 200
        refused(scim.get("/Users"), 429)


def test_a_late_call_does_not_begin_its_second_again(
    scim: ScimClient, contoso: Organization
) -> None:
    """Of two processes, one may look at the clock before a second ends and count after."""
    switch(contoso, requests_per_second=2)
    with time_machine.travel(1_800_000_001.0, tick=False) as clock:
        assert scim.get("/Users").status_code == 200
        clock.shift(-0.1)
        assert scim.get("/Users").status_code == 200
        refused(scim.get("/Users"), 429)
        clock.shift(0.1)
        refused(scim.get("/Users"), 429)


def test_others_are_not_counted(
    scim: ScimClient, fabrikam_scim: ScimClient, contoso: Organization
) -> None:
    """Neither another organization's calls, nor those without a valid token."""
    switch(contoso, requests_per_second=1)
    with time_machine.travel(1_800_000_000.2, tick=False):
        for _ in range(3):
            assert fabrikam_scim.get("/Users").status_code == 200
            scim.secret, secret = "wrong", scim.secret
            assert scim.get("/Users").status_code == 401
            scim.secret = None
            assert scim.get("/Schemas").status_code == 200
            scim.secret = secret
        assert scim.get("/Users").status_code == 200
        refused(scim.get("/Users"), 429)


def test_processes_count_together(tmp_path: Path) -> None:
    """Four writers on two processes: never more than the limit within a second."""
    limit = 7
    code = (
        "from scim.models import Organization\n"
        "organization = Organization.objects.get()\n"
        f"organization.profile_overrides = {{'requests_per_second': {limit}}}\n"
        "organization.save()"
    )
    with installed(tmp_path) as here:
        run(here.environment, "shell", "--no-imports", "--command", code)
        with (
            served(here.environment, tmp_path / "log", here.address),
            httpx2.Client(
                headers={"Authorization": f"Bearer {here.secret}"},
                base_url=here.base_url,
                timeout=30,
            ) as http,
            ThreadPoolExecutor(4) as pool,
        ):
            answers = list(pool.map(lambda _: http.get("/Users?count=0"), range(60)))
        served_in: dict[str, int] = {}
        for answer in answers:
            assert answer.status_code in {200, 429}
        listing = (
            "from scim.models import ProvisioningEvent\n"
            "for event in ProvisioningEvent.objects.filter(action='list'):\n"
            "    print(event.time.timestamp())"
        )
        printed = run(here.environment, "shell", "--no-imports", "--command", listing)
        for line in printed.splitlines():
            second = line.partition(".")[0]
            served_in[second] = served_in.get(second, 0) + 1
    accepted = sum(answer.status_code == 200 for answer in answers)
    assert accepted == sum(served_in.values())
    # A call that was counted in one second may end in the next.
    assert accepted <= limit * (len(served_in) + 1)
    assert accepted < len(answers)


# ------------------------------------------------------------------- groups of a user
def test_one_group_too_many(scim: ScimClient, contoso: Organization) -> None:
    """Zscaler, “Understanding SCIM”: a user is in 128 groups at most; here in two."""
    switch(contoso, groups_per_user=2)
    ada = created(scim, "/Users", user("ada@contoso.example"))["id"]
    bo = created(scim, "/Users", user("bo@contoso.example"))["id"]
    for name in ("Risk", "Audit"):
        created(scim, "/Groups", group(name, members=members(ada)))
    sales = created(scim, "/Groups", group("Sales"))["id"]
    add = patch_op({"op": "add", "path": "members", "value": members(bo, ada)})
    assert "ada@contoso.example is in 2 groups" in refused(
        scim.patch(f"/Groups/{sales}", add), 400, "invalidValue"
    )
    assert "members" not in read(scim, "/Groups", sales)
    body = group("Board", members=members(ada))
    refused(scim.post("/Groups", body), 400, "invalidValue")
    only_bo = patch_op({"op": "add", "path": "members", "value": members(bo)})
    assert scim.patch(f"/Groups/{sales}", only_bo).status_code == 204


def test_members_who_are_there_already_are_not_counted_again(
    scim: ScimClient, contoso: Organization
) -> None:
    ada = created(scim, "/Users", user("ada@contoso.example"))["id"]
    risk = created(scim, "/Groups", group("Risk", members=members(ada)))["id"]
    switch(contoso, groups_per_user=1)
    again = patch_op({"op": "replace", "path": "members", "value": members(ada)})
    assert scim.patch(f"/Groups/{risk}", again).status_code == 204
    body = group("Risk 2", members=members(ada))
    assert scim.put(f"/Groups/{risk}", body).status_code == 200


# ---------------------------------------------------------------- the id in the body
@pytest.fixture
def two(scim: ScimClient) -> tuple[str, str]:
    ada = created(scim, "/Users", user("ada@contoso.example"))["id"]
    bo = created(scim, "/Users", user("bo@contoso.example"))["id"]
    return ada, bo


def test_put_ignores_the_id_in_the_body(scim: ScimClient, two: tuple[str, str]) -> None:
    """RFC 7644 section 3.5.1: readOnly values in the body are ignored."""
    ada, bo = two
    body = user("ada@contoso.example", id=bo, title="Head")
    assert scim.put(f"/Users/{ada}", body).status_code == 200
    assert read(scim, "/Users", ada)["title"] == "Head"
    assert "title" not in read(scim, "/Users", bo)


def test_put_goes_by_the_id_in_the_body(
    scim: ScimClient, contoso: Organization, two: tuple[str, str]
) -> None:
    """GitHub, scim-for-keycloak issue 114: the server looks for the body's id."""
    ada, bo = two
    switch(contoso, put_trusts_body_id=True)
    body = user("ada@contoso.example", title="Head")
    refused(scim.put(f"/Users/{ada}", body | {"id": "5d2f"}), 404)
    assert "title" not in read(scim, "/Users", ada)
    assert scim.put(f"/Users/{ada}", body).status_code == 200
    other = user("bo@contoso.example", id=bo, title="Deputy")
    assert scim.put(f"/Users/{ada}", other).json()["id"] == bo
    assert read(scim, "/Users", bo)["title"] == "Deputy"
    assert read(scim, "/Users", ada)["title"] == "Head"


@pytest.mark.parametrize("sent", [None, 7, "", [], {"a": 1}, "x" * 10_000])
def test_an_id_that_is_none(
    scim: ScimClient, contoso: Organization, two: tuple[str, str], sent: object
) -> None:
    switch(contoso, put_trusts_body_id=True)
    response = scim.put(f"/Users/{two[0]}", user("ada@contoso.example", id=sent))
    assert response.status_code in {200, 400, 404}


def test_the_body_names_nobody_of_another_organization(
    scim: ScimClient, fabrikam_scim: ScimClient, contoso: Organization
) -> None:
    theirs = created(fabrikam_scim, "/Users", user("eve@fabrikam.example"))["id"]
    ada = created(scim, "/Users", user("ada@contoso.example"))["id"]
    switch(contoso, put_trusts_body_id=True)
    body = user("ada@contoso.example", id=theirs)
    refused(scim.put(f"/Users/{ada}", body), 404)
    assert read(fabrikam_scim, "/Users", theirs)["userName"] == "eve@fabrikam.example"
