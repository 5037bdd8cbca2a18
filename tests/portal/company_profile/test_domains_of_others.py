"""Domains that other organizations have, in whichever spelling they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection

from scim.models import Domain, Organization, ProvisioningEvent
from scim.models.event import CLIENT
from scim.models.organization import DomainQuerySet
from scim.services import organizations as services
from tests.portal import factories
from tests.scim.messages import created, refused, user
from tests.scim.racing import at_once
from tests.situations import administrator_of, open_tenant, signed_in_as
from zportal.models import AuditLog

if TYPE_CHECKING:
    from django.test import Client

    from tests.situations import ScimClient
    from zportal.models import Administrator

PROFILE = "/administration/company-profile/"
ADD = f"{PROFILE}add-domain/"
USERS = "/administration/user-management/users/"
BUTTON = f"{USERS}register-domain/"
IDN = "xn--bcher-kva.example"


def domains(organization: Organization) -> list[str]:
    rows = Domain.objects.for_organization(organization)
    return list(rows.values_list("name", flat=True))


def superuser_of(organization: Organization) -> Client:
    return signed_in_as(administrator_of(organization, "root", is_superuser=True))


# ---------------------------------------------------------------- domains of others
@pytest.mark.parametrize(
    "spelling", ["fabrikam.example", "FABRIKAM.example", " fabrikam.example. "]
)
def test_an_administrator_takes_nothing_of_others(
    signed_in: Client, contoso: Organization, fabrikam: Organization, spelling: str
) -> None:
    """The refusal says who can give it, and not whose it is."""
    page = signed_in.post(ADD, {"domain": spelling}).content.decode()
    assert "A superuser can register it here as well" in page
    assert fabrikam.name not in page
    assert str(fabrikam.pk) not in page
    assert domains(contoso) == ["contoso.example"]
    assert not AuditLog.objects.exists()


def test_the_button_takes_nothing_of_others(
    signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    factories.refusal(contoso, "ada@fabrikam.example")
    page = signed_in.get(USERS).content.decode()
    assert "a superuser can register it here as well" in page
    assert BUTTON not in page
    answer = signed_in.post(BUTTON, {"domain": "fabrikam.example"}, follow=True)
    assert "A superuser can register it here as well" in answer.content.decode()
    assert domains(contoso) == ["contoso.example"]


@pytest.mark.parametrize("address", [ADD, BUTTON])
def test_a_superuser_gives_a_domain_of_others(
    contoso: Organization, fabrikam: Organization, address: str
) -> None:
    factories.refusal(contoso, "ada@fabrikam.example")
    browser = superuser_of(contoso)
    assert BUTTON in browser.get(USERS).content.decode()
    answer = browser.post(address, {"domain": "fabrikam.example"}, follow=True)
    assert "fabrikam.example is registered" in answer.content.decode()
    assert domains(contoso) == ["contoso.example", "fabrikam.example"]
    assert domains(fabrikam) == ["fabrikam.example"]


def test_a_superuser_is_told_that_it_is_shared(
    contoso: Organization, fabrikam: Organization
) -> None:
    answer = superuser_of(contoso).post(
        ADD, {"domain": "fabrikam.example"}, follow=True
    )
    assert "as it is in 1 other organization." in answer.content.decode()


def test_a_superuser_who_only_reads_gives_nothing(
    contoso: Organization, fabrikam: Organization
) -> None:
    auditor = administrator_of(contoso, "root", is_superuser=True, role="auditor")
    answer = signed_in_as(auditor).post(ADD, {"domain": "fabrikam.example"})
    assert answer.status_code == 403
    assert domains(contoso) == ["contoso.example"]


def test_what_a_superuser_made_may_share(fabrikam: Organization) -> None:
    browser = superuser_of(fabrikam)
    form = {
        "name": "Training",
        "domains": "fabrikam.example",
        "package": "enterprise",
        "profile": "zscaler",
    }
    assert browser.post("/administration/organizations/new/", form).status_code == 200
    call_command("create_organization", "School", "--domain", "Fabrikam.Example.")
    for name in ("Training", "School"):
        assert domains(Organization.objects.get(name=name)) == ["fabrikam.example"]


def test_a_domain_that_was_given_up_is_free(
    signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    services.register_domain(organization=fabrikam, name="other.example")
    services.unregister_domain(organization=fabrikam, name="fabrikam.example")
    signed_in.post(ADD, {"domain": "fabrikam.example"})
    assert "fabrikam.example" in domains(contoso)
    with pytest.raises(ValidationError):
        services.register_domain(organization=fabrikam, name="fabrikam.example")


@pytest.mark.django_db(transaction=True)
def test_two_who_take_a_free_domain_at_once() -> None:
    """One gets it, whoever it is, and the other one is told. Each on its connection."""
    organizations = [
        open_tenant(name, f"{name}.example").organization
        for name in ("alpine", "breeze")
    ]
    browsers = [
        signed_in_as(administrator_of(each, f"admin-{each.pk}"))
        for each in organizations
    ]
    for number in range(10):
        name = f"free{number}.example"

        def take(browser: Client, name: str = name) -> bytes:
            try:
                answer = browser.post(ADD, {"domain": name}, follow=True)
                assert answer.status_code == 200
                return bytes(answer.content)
            finally:
                connection.close()

        pages = at_once(*[lambda b=browser: take(b) for browser in browsers])
        told = [b"A superuser can register it" in page for page in pages]
        assert sorted(told) == [False, True]
        assert Domain.objects.filter(name=name).count() == 1


def test_only_the_database_notices(
    contoso: Organization, fabrikam: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one's row comes between the look and the own one."""
    look = DomainQuerySet.exists

    def slow_look(rows: Any) -> bool:
        found = look(rows)
        Domain.objects.create(organization=fabrikam, name="free.example", given=False)
        return found

    monkeypatch.setattr(DomainQuerySet, "exists", slow_look)
    with pytest.raises(ValidationError, match="another organization of this portal"):
        services.register_domain(organization=contoso, name="free.example")
    assert domains(contoso) == ["contoso.example"]


# ------------------------------------------------------------------------- spellings
@pytest.mark.parametrize(
    "spelling",
    [
        "bücher.example",
        "BÜCHER.Example.",
        "bu\u0308cher.example",
        "xn--bcher-kva.example",
        "XN--BCHER-KVA.EXAMPLE",
    ],
)
def test_every_spelling_is_the_same_domain(
    signed_in: Client, scim: ScimClient, contoso: Organization, spelling: str
) -> None:
    """Registered twice, it is one; people arrive with every spelling of it."""
    signed_in.post(ADD, {"domain": spelling})
    signed_in.post(ADD, {"domain": IDN})
    assert domains(contoso) == ["contoso.example", IDN]
    created(scim, "/Users", user(f"ada@{spelling.removesuffix('.')}"))
    with pytest.raises(ValidationError, match="ada@"):
        services.unregister_domain(organization=contoso, name=IDN)
    assert IDN in domains(contoso)


def test_a_refused_spelling_is_registered_by_the_button(
    signed_in: Client, scim: ScimClient, contoso: Organization
) -> None:
    assert IDN in refused(
        scim.post("/Users", user("ada@bücher.example")), 400, "invalidValue"
    )
    assert ProvisioningEvent.objects.get().refused_domain == IDN
    signed_in.post(BUTTON, {"domain": IDN})
    created(scim, "/Users", user("ada@bücher.example"))


@pytest.mark.parametrize(
    "name", ["xn--a.example", "xn--.example", "ü_.example", "contoso", "a..example"]
)
def test_what_is_no_domain_is_refused(
    signed_in: Client, contoso: Organization, name: str
) -> None:
    page = signed_in.post(ADD, {"domain": name}).content.decode()
    assert "is not a domain name" in page
    assert domains(contoso) == ["contoso.example"]


def test_a_look_alike_domain_is_another_one_and_looks_so(
    signed_in: Client, contoso: Organization
) -> None:
    """With a Cyrillic letter; it is shown as the DNS has it."""
    page = signed_in.post(ADD, {"domain": "\u0441ontoso.example"}, follow=True)
    assert "xn--ontoso-hrf.example is registered" in page.content.decode()
    assert domains(contoso) == ["contoso.example", "xn--ontoso-hrf.example"]


# ------------------------------------------------------------------- refused domains
def test_the_two_pages_tell_of_the_same_domains(
    signed_in: Client, super_admin: Administrator, contoso: Organization
) -> None:
    """Also when many calls came after the refusal."""
    services.set_provisioning(organization=contoso, enabled=True, actor="tests")
    factories.refusal(contoso)
    ProvisioningEvent.objects.bulk_create(
        ProvisioningEvent(organization=contoso, actor=f"{CLIENT}abc…", action="read")
        for _ in range(1_001)
    )
    for address in (USERS, "/administration/authentication-settings/"):
        assert "tailspin.example" in signed_in.get(address).content.decode()
