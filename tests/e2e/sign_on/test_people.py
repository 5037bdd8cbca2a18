"""What a sign-on does to a person, also to one whom SCIM made and changes meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scim.models import Department, DirectoryGroup, DirectoryUser
from tests.e2e.sign_on.conftest import Scene
from tests.entra import ENTERPRISE, Entra, Person
from tests.saml.idp import ADELE
from zportal.models import SignOnSession

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

OF_SCIM = Person(ADELE, "Adele", "Vance-Miller", "Finance", "adelev")
"""Adele as the directory that SCIM is sent from has her."""

GROUP_OF_SCIM = "Finance EMEA"


def state_of(person: DirectoryUser) -> dict[str, Any]:
    """What sign-on may change of a person."""
    return {
        "data": person.data,
        "active": person.is_enabled,
        "department": person.department.name if person.department else None,
        "groups": groups_of(person),
    }


def groups_of(person: DirectoryUser) -> list[str]:
    return sorted(person.groups.values_list("scim_display_name", flat=True))


@pytest.fixture
def entra(scene: Scene) -> Iterator[Entra]:
    """It has provisioned Adele and a group of hers, over HTTP."""
    tenant_url = f"{scene.site}{scene.organization.scim_path}"
    with Entra(tenant_url, scene.token.secret) as entra:
        entra.provision(OF_SCIM)
        entra.provision_group(GROUP_OF_SCIM)
        entra.add_members(GROUP_OF_SCIM, [OF_SCIM])
        yield entra


def test_auto_provisioning_makes_the_person(scene: Scene) -> None:
    scene.set_up(auto_provisioning=True)
    scene.sign_on()
    scene.welcomed_as("Adele Vance")
    adele = DirectoryUser.objects.get()
    assert (adele.scim_username, adele.display_name) == (ADELE, "Adele Vance")
    assert adele.is_enabled
    assert adele.department == Department.objects.get(name="Retail")
    assert groups_of(adele) == ["All Staff", "Sales"]
    assert SignOnSession.objects.get().user_key == adele.pk
    assert scene.events() == [
        ("create", "User", "accepted"),
        ("create", "Group", "accepted"),
        ("create", "Group", "accepted"),
        ("sign-on", "User", "accepted"),
    ]


def test_without_it_an_unknown_person_is_refused(scene: Scene) -> None:
    scene.set_up(auto_provisioning=False)
    scene.sign_on()
    scene.refused_with("0xB0040")
    assert not DirectoryUser.objects.exists()
    assert not DirectoryGroup.objects.exists()
    assert not SignOnSession.objects.exists()


def test_whom_scim_made_is_left_alone_without_it(scene: Scene, entra: Entra) -> None:
    adele = DirectoryUser.objects.get()
    before = state_of(adele)
    assert before["department"] == "Finance"
    known = scene.events()
    scene.set_up(auto_provisioning=False)
    scene.sign_on()
    scene.welcomed_as("Adele Vance-Miller")
    adele.refresh_from_db()
    assert state_of(adele) == before
    assert scene.events() == [*known, ("sign-on", "User", "accepted")]
    assert not DirectoryGroup.objects.filter(scim_display_name="Sales").exists()


def test_whom_scim_made_is_overwritten_with_it(scene: Scene, entra: Entra) -> None:
    before = DirectoryUser.objects.get()
    scene.set_up(auto_provisioning=True)
    scene.sign_on()
    scene.welcomed_as("Adele Vance")
    adele = DirectoryUser.objects.get()
    assert state_of(adele) == {
        "data": {
            **before.data,
            "displayName": "Adele Vance",
            ENTERPRISE: {**before.data[ENTERPRISE], "department": "Retail"},
        },
        "active": True,
        "department": "Retail",
        "groups": ["All Staff", "Sales"],
    }
    # SCIM goes on with the person it made, and sees what the sign-on did.
    resource = entra.read(OF_SCIM)
    assert resource["displayName"] == "Adele Vance"
    assert sorted(item["display"] for item in resource["groups"]) == [
        "All Staff",
        "Sales",
    ]
    assert resource["externalId"] == OF_SCIM.mail_nickname
    assert DirectoryGroup.objects.get(scim_display_name=GROUP_OF_SCIM).pk


def test_what_the_assertion_leaves_out_is_removed_with_it(
    scene: Scene, entra: Entra
) -> None:
    scene.said = {}
    scene.set_up(auto_provisioning=True)
    scene.sign_on()
    scene.welcomed_as(ADELE)
    adele = DirectoryUser.objects.get()
    assert "displayName" not in adele.data
    assert "department" not in adele.data.get(ENTERPRISE, {})
    assert (adele.department, groups_of(adele)) == (None, [])
    assert adele.data["name"]["familyName"] == OF_SCIM.family_name
    assert DirectoryGroup.objects.get().scim_display_name == GROUP_OF_SCIM


def test_whom_scim_disabled_is_refused(scene: Scene, entra: Entra) -> None:
    scene.set_up(auto_provisioning=True)
    entra.disable(OF_SCIM)
    before = state_of(DirectoryUser.objects.get())
    scene.sign_on()
    scene.refused_with("0xE5639")
    assert state_of(DirectoryUser.objects.get()) == before
    assert not SignOnSession.objects.exists()


def test_whom_scim_disables_meanwhile_is_signed_on_no_longer(
    scene: Scene, entra: Entra
) -> None:
    scene.set_up()
    scene.sign_on()
    scene.welcomed_as("Adele Vance-Miller")
    entra.disable(OF_SCIM)
    scene.page.reload()
    alert = scene.page.get_by_role("alert")
    assert "0xE5639" in alert.inner_text()
    entra.restore(OF_SCIM)
    scene.page.reload()
    scene.welcomed_as("Adele Vance-Miller")
    entra.delete(OF_SCIM)
    scene.page.reload()
    assert "0xA010" in alert.inner_text()
