"""Test sign-on: every verdict with the saved settings, and nothing else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from scim.models import DirectoryUser, Organization, ProvisioningEvent
from tests.portal import factories
from tests.saml.conftest import configure
from tests.saml.idp import Answer, Asked, key_pair
from tests.saml.test_administration import TAB
from tests.situations import administrator_of, signed_in_as
from zportal.models import (
    Administrator,
    SignOnSession,
    SignOnTest,
    Stage,
)


def run_test(admin: Client, **says: Any) -> str:
    asked = Asked(admin.get(f"{TAB}test/")["Location"])
    idp = Client()
    answer = idp.post(
        "/sfc_sso",
        {
            "SAMLResponse": Answer(asked.id, **says).encoded(),
            "RelayState": asked.relay_state,
        },
    )
    assert answer.status_code == 302
    return str(answer["Location"])


def test_a_test_uses_what_is_saved_and_signs_nobody_on(
    contoso: Organization, admin: Client
) -> None:
    factories.group(contoso, "All Staff")
    configure(
        contoso, Stage.STAGED, auto_provisioning=True, org_specific_entity_id=True
    )
    url = run_test(
        admin,
        audience=f"http://testserver/sfc_sso/{contoso.pk}",
        attributes={"displayName": ["Adele"], "memberOf": ["All Staff", "Sales"]},
    )

    page = " ".join(admin.get(url).content.decode().split())

    assert "All checks passed" in page
    assert "The person would be made." in page
    assert "joins <bdi>Sales</bdi>, which would be made" in page
    assert "&lt;samlp:Response" in page
    assert SignOnTest.objects.get().actor == "admin"
    assert not SignOnSession.objects.exists()
    assert not DirectoryUser.objects.exists()
    assert not ProvisioningEvent.objects.exists()


def test_a_failed_test_shows_every_verdict(
    contoso: Organization, admin: Client
) -> None:
    page = admin.get(
        run_test(admin, audience="somebody.else", keys=key_pair("wrong"))
    ).content.decode()
    assert "Sign-on would be refused" in page
    codes = re.findall(r'badge--off">(0x\w+)<', page)
    assert codes == ["0xB003", "0xA022", "0xB0040"]


def test_a_test_has_one_answer(admin: Client, contoso: Organization) -> None:
    asked = Asked(admin.get(f"{TAB}test/")["Location"])
    data = {
        "SAMLResponse": Answer(asked.id, audience="x").encoded(),
        "RelayState": asked.relay_state,
    }
    report = admin.post("/sfc_sso", data)["Location"]
    assert "Sign-on would be refused" in admin.get(report).content.decode()
    data["SAMLResponse"] = Answer(asked.id).encoded()
    second = admin.post("/sfc_sso", data)
    assert second.status_code == 403
    assert "0xE5640" in second.content.decode()
    assert SignOnTest.objects.count() == 1


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "auditor"}])
def test_who_may_not_test_any_more_gets_no_report(
    contoso: Organization, admin: Client, change: dict[str, Any]
) -> None:
    asked = Asked(admin.get(f"{TAB}test/")["Location"])
    Administrator.objects.filter(login="admin").update(**change)
    data = {
        "SAMLResponse": Answer(asked.id).encoded(),
        "RelayState": asked.relay_state,
    }
    assert Client().post("/sfc_sso", data).status_code == 403
    assert not SignOnTest.objects.exists()


def test_a_test_that_comes_late_leaves_no_report(admin: Client) -> None:
    asked = Asked(admin.get(f"{TAB}test/")["Location"])
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        data = {
            "SAMLResponse": Answer(asked.id).encoded(),
            "RelayState": asked.relay_state,
        }
        assert "0xB004" in Client().post("/sfc_sso", data).content.decode()
    assert not SignOnTest.objects.exists()


def test_a_test_finds_what_the_rules_of_the_directory_forbid(
    contoso: Organization, admin: Client
) -> None:
    configure(contoso, Stage.STAGED, auto_provisioning=True)
    url = run_test(admin, attributes={"memberOf": ["x" * 129]})
    page = admin.get(url).content.decode()
    assert "displayName is longer than 128 characters." in page
    assert "Sign-on would be refused" in page
    assert not DirectoryUser.objects.exists()


def test_only_a_super_admin_of_the_organization_tests(
    contoso: Organization, admin: Client, auditor: Client
) -> None:
    url = run_test(admin)
    fabrikam = administrator_of(Organization.objects.create(name="Fabrikam"), "joni")

    assert Client().get(f"{TAB}test/")["Location"].startswith("/sign-in/")
    assert auditor.get(f"{TAB}test/").status_code == 403
    assert auditor.get(url).status_code == 200
    assert signed_in_as(fabrikam).get(url).status_code == 404
    assert Client().get(url)["Location"].startswith("/sign-in/")


def test_attributes_named_like_methods_are_reported(
    contoso: Organization, admin: Client
) -> None:
    configure(contoso, Stage.STAGED, auto_provisioning=True)
    names = ["items", "keys", "values", "update", "get", "pop", "0"]
    url = run_test(admin, attributes={name: [f"claim {name}"] for name in names})

    page = admin.get(url).content.decode()
    for name in names:
        assert f"<code>{name}</code>" in page
        assert f"<bdi>claim {name}</bdi>" in page
    assert "The person would be made." in page
    assert "<code>userName</code>" in page
