"""The audit trail: who changed what in the portal, from where, and never a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client

from tests.portal import factories
from tests.portal.settings_form import (
    CANCEL,
    GENERATE,
    PAGE,
    certificate,
    form,
    upload,
)
from zportal.frame import audit
from zportal.models import AuditLog

if TYPE_CHECKING:
    from scim.models import Organization
    from zportal.models import Administrator

REGISTER = "/administration/user-management/users/register-domain/"


def entries(organization: Organization) -> list[AuditLog]:
    return list(AuditLog.objects.for_organization(organization).order_by("pk"))


def test_save_records_who_from_where_and_what(
    contoso: Organization, signed_in: Client
) -> None:
    signed_in.post(
        PAGE,
        form(
            authentication_type="form-based",
            portal_url="https://idp.example/",
            scim=None,
        ),
        REMOTE_ADDR="192.0.2.9",
    )
    (entry,) = entries(contoso)
    assert (entry.actor, entry.client_ip) == ("admin", "192.0.2.9")
    assert entry.category == AuditLog.Category.AUTHENTICATION_SETTINGS
    assert (entry.action, entry.resource) == ("update", "Authentication Settings")
    assert entry.changes == {
        "Authentication Type": ["SAML", "Form-Based"],
        "SAML Portal URL": ["", "https://idp.example/"],
        "Enable SCIM-Based Provisioning": ["on", "off"],
    }


def test_a_save_that_changes_nothing_leaves_no_entry(
    contoso: Organization, signed_in: Client
) -> None:
    signed_in.post(PAGE, form())
    signed_in.post(PAGE, form())
    assert entries(contoso) == []


def test_a_refused_save_leaves_no_entry(
    contoso: Organization, signed_in: Client
) -> None:
    signed_in.post(PAGE, form(portal_url="http://plain.example/"))
    assert entries(contoso) == []


def test_a_certificate_is_told_by_name_day_and_fingerprint(
    contoso: Organization, signed_in: Client
) -> None:
    signed_in.post(PAGE, form(certificate=upload(certificate())))
    old, new = entries(contoso)[0].changes["Public SSL Certificate"]
    assert old == ""
    assert new.startswith("CN=Federated SSO, valid to ")
    assert "BEGIN" not in new


def test_a_token_is_told_by_its_prefix_and_no_secret_is_kept(
    contoso: Organization, signed_in: Client
) -> None:
    before = contoso.tokens.live().get()
    secret = signed_in.post(GENERATE, form()).context["secret"]
    signed_in.post(PAGE, form())
    generated, saved = entries(contoso)
    assert generated.resource == f"Bearer Token {secret[:6]}…"
    assert saved.changes == {"Bearer Token": [str(before), f"{secret[:6]}…"]}
    assert secret not in str(list(AuditLog.objects.values()))


def test_cancel_records_the_token_that_it_drops(
    contoso: Organization, signed_in: Client
) -> None:
    secret = signed_in.post(GENERATE, form()).context["secret"]
    signed_in.post(CANCEL)
    signed_in.post(CANCEL)
    assert [entry.action for entry in entries(contoso)] == ["create", "delete"]
    assert entries(contoso)[1].resource == f"Bearer Token {secret[:6]}…"


def test_registering_a_domain_is_recorded(
    contoso: Organization, signed_in: Client
) -> None:
    factories.refusal(contoso)
    signed_in.post(REGISTER, {"domain": "tailspin.example"})
    (entry,) = entries(contoso)
    assert entry.category == AuditLog.Category.COMPANY_PROFILE
    assert (entry.action, entry.resource) == ("create", "Domain tailspin.example")


def test_an_entry_belongs_to_the_organization_that_was_changed(
    contoso: Organization, fabrikam: Organization, stranger_signed_in: Client
) -> None:
    stranger_signed_in.post(PAGE, form(portal_url="https://idp.example/"))
    assert entries(contoso) == []
    assert [entry.actor for entry in entries(fabrikam)] == ["stranger"]


def test_an_entry_that_cannot_be_written_undoes_the_change(
    contoso: Organization, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("zportal.frame.audit.record", fails)
    signed_in.raise_request_exception = False
    assert signed_in.post(PAGE, form(scim=None)).status_code == 500
    contoso.connection.refresh_from_db()
    assert contoso.connection.enabled


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_write_outside_of_a_transaction(
    super_admin: Administrator,
) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        audit.record(
            administrator=super_admin,
            client_ip=None,
            category=AuditLog.Category.ACTIVATION,
            action=AuditLog.Action.RUN,
            resource="x",
        )
    assert not AuditLog.objects.exists()


def test_texts_are_shortened_to_what_the_column_holds(
    super_admin: Administrator,
) -> None:
    entry = audit.record(
        administrator=super_admin,
        client_ip=None,
        category=AuditLog.Category.ACTIVATION,
        action=AuditLog.Action.RUN,
        resource="r" * 300,
        note="n" * 2000,
    )
    entry.refresh_from_db()
    assert len(entry.resource) == 254
    assert entry.note.endswith("n…")
