"""The page: who may do what, what Save stores, what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from scim.models import Organization, ProvisioningConnection
from tests.portal.settings_form import CANCEL, GENERATE, PAGE, REAUTHENTICATE, form
from zportal.models import AuthenticationSettings, SamlConfiguration, Stage

if TYPE_CHECKING:
    from tests.situations import Tenant
    from zportal.models import Administrator


def staged(organization: Organization) -> AuthenticationSettings:
    return AuthenticationSettings.objects.get(
        organization=organization, stage=Stage.STAGED
    )


def is_on(organization: Organization) -> bool:
    return ProvisioningConnection.objects.get(organization=organization).enabled


# -------------------------------------------------------------- who may do what
@pytest.mark.parametrize("url", [PAGE, GENERATE, CANCEL, REAUTHENTICATE])
def test_anonymous_visitors_are_sent_to_sign_in(
    contoso: Organization, url: str
) -> None:
    answer = Client().post(url, form(scim=None))
    assert answer.headers["Location"] == f"/sign-in/?next={url}"
    assert is_on(contoso)


@pytest.mark.parametrize("url", [PAGE, GENERATE, CANCEL, REAUTHENTICATE])
def test_an_auditor_changes_nothing(
    contoso: Organization, auditor_signed_in: Client, url: str
) -> None:
    tokens = contoso.tokens.count()
    answer = auditor_signed_in.post(url, form(scim=None))
    assert answer.status_code == 403
    assert b"<h1>Not allowed</h1>" in answer.content
    assert is_on(contoso)
    assert contoso.tokens.count() == tokens
    assert not SamlConfiguration.objects.exists()


def test_an_auditor_reads_everything_and_gets_no_buttons(
    contoso: Organization, auditor_signed_in: Client
) -> None:
    page = auditor_signed_in.get(PAGE)
    html = page.content.decode()
    assert f"/{contoso.org_id}/scim" in html
    assert ">Save<" not in html
    assert "Generate Token" not in html
    assert all(field.field.disabled for field in page.context["form"])
    # The file is not shown, nor what is about certificates while there is none.
    assert html.count("disabled") >= len(page.context["form"].fields) - 3


def test_a_stranger_changes_only_their_own_organization(
    contoso: Organization, fabrikam: Organization, stranger_signed_in: Client
) -> None:
    page = stranger_signed_in.get(PAGE).content.decode()
    assert f"/{fabrikam.org_id}/scim" in page
    assert str(contoso.org_id) not in page
    answer = stranger_signed_in.post(
        PAGE, form(scim=None, organization=contoso.pk, org_id=contoso.pk)
    )
    assert answer.status_code == 302
    assert not is_on(fabrikam)
    assert is_on(contoso)


def test_a_super_admin_who_was_switched_off_changes_nothing(
    contoso: Organization, signed_in: Client, super_admin: Administrator
) -> None:
    super_admin.is_active = False
    super_admin.save()
    assert signed_in.post(PAGE, form(scim=None)).status_code == 302
    assert is_on(contoso)


@pytest.mark.parametrize("url", [PAGE, GENERATE, CANCEL, REAUTHENTICATE])
def test_a_post_without_the_csrf_token_is_refused(
    contoso: Organization, super_admin: Administrator, url: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(super_admin)
    answer = client.post(url, form(scim=None))
    assert answer.status_code == 403
    assert b"<h1>The form has expired</h1>" in answer.content
    assert is_on(contoso)


@pytest.mark.parametrize("url", [GENERATE, CANCEL, REAUTHENTICATE])
def test_the_address_of_an_action_leads_back_and_does_nothing(
    contoso: Organization, signed_in: Client, url: str
) -> None:
    signed_in.post(GENERATE)
    tokens = contoso.tokens.count()
    assert signed_in.get(url).headers["Location"] == PAGE
    assert contoso.tokens.count() == tokens


# ------------------------------------------------------------------ what Save does
def test_save_stages_sign_on_and_switches_provisioning_at_once(
    contoso: Organization, signed_in: Client
) -> None:
    answer = signed_in.post(
        PAGE, form(authentication_type="form-based", scim=None), follow=True
    )
    assert answer.redirect_chain == [(PAGE, 302)]
    assert staged(contoso).authentication_type == "form-based"
    active = AuthenticationSettings.objects.get(
        organization=contoso, stage=Stage.ACTIVE
    )
    assert active.authentication_type == "saml"
    assert not is_on(contoso)
    html = answer.content.decode()
    assert "Authentication Settings are saved." in html
    assert "<strong>1 change is saved but not active.</strong>" in html


def test_nothing_waits_when_staged_and_active_are_the_same(signed_in: Client) -> None:
    signed_in.post(PAGE, form())
    assert "not active" not in signed_in.get(PAGE).content.decode()


def test_the_switch_remembers_who_changed_it_last(
    contoso: Organization, signed_in: Client
) -> None:
    signed_in.post(PAGE, form())
    contoso.connection.refresh_from_db()
    assert contoso.connection.changed_by == "tests"
    signed_in.post(PAGE, form(scim=None))
    contoso.connection.refresh_from_db()
    assert contoso.connection.changed_by == "admin"
    assert "Switched off by <bdi>admin</bdi>" in signed_in.get(PAGE).content.decode()


def test_switching_off_closes_the_service_and_keeps_the_token(
    contoso_tenant: Tenant, signed_in: Client, scim: Any
) -> None:
    assert scim.get("/Users").status_code == 200
    signed_in.post(PAGE, form(scim=None))
    assert scim.get("/Users").status_code == 403
    signed_in.post(PAGE, form())
    assert scim.get("/Users").status_code == 200


# --------------------------------------------------------------- what Save refuses
def test_form_based_is_refused_while_scim_is_on(
    contoso: Organization, signed_in: Client
) -> None:
    answer = signed_in.post(PAGE, form(authentication_type="form-based"))
    assert answer.status_code == 200
    reasons = answer.context["form"].errors["authentication_type"]
    assert "Enable SCIM-Based Provisioning is on" in reasons[0]
    assert staged(contoso).authentication_type == "saml"
    assert is_on(contoso)


def test_scim_is_refused_without_the_package_enterprise(
    contoso: Organization, signed_in: Client
) -> None:
    Organization.objects.update(package=Organization.Package.BUSINESS)
    answer = signed_in.post(PAGE, form(portal_url="https://idp.example/"))
    reasons = answer.context["form"].errors["scim"]
    assert "needs the package Enterprise; Contoso has Business" in reasons[0]
    assert not SamlConfiguration.objects.exists()
    assert signed_in.post(GENERATE).status_code == 403
    assert "Generate Token" not in signed_in.get(PAGE).content.decode()
    assert signed_in.post(PAGE, form(scim=None)).status_code == 302


def test_a_package_lost_after_validation_is_a_refusal(
    contoso: Organization, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "zportal.authentication.settings_form.check_provisioning", lambda *_: None
    )
    Organization.objects.update(package=Organization.Package.BUSINESS)
    answer = signed_in.post(PAGE, form())
    assert answer.status_code == 200
    assert "needs the package Enterprise" in answer.context["form"].errors["scim"][0]
    assert not SamlConfiguration.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"authentication_type": "kerberos"},
        {"authentication_type": None},
        {"authentication_type": "sa\0ml"},
        {"portal_url": "https://idp.example/\0"},
        {"login_name_attribute": "Name\0ID"},
        {"login_name_attribute": "x" * 255},
        {"display_name_attribute": "x" * 100_000},
    ],
    ids=str,
)
def test_hostile_values_are_refused_and_change_nothing(
    contoso: Organization, signed_in: Client, changes: dict[str, str]
) -> None:
    answer = signed_in.post(PAGE, form(scim=None, **changes))
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert "Nothing was saved." in answer.content.decode()
    assert is_on(contoso)
    assert not SamlConfiguration.objects.exists()


def test_save_is_one_transaction(
    contoso: Organization, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(
        "zportal.authentication.settings_services.activate_token", fails
    )
    signed_in.raise_request_exception = False
    answer = signed_in.post(PAGE, form(portal_url="https://idp.example/", scim=None))
    assert answer.status_code == 500
    assert not SamlConfiguration.objects.exists()
    assert is_on(contoso)
