"""The certificate runs out: said 30 days ahead and afterwards, wherever it helps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from tests.portal.settings_form import PAGE, certificate, form, upload
from zportal.models import AuthenticationSettings, SamlConfiguration, Stage

if TYPE_CHECKING:
    from scim.models import Organization

ACTIVATION = "/activation/"
USERS = "/administration/user-management/users/"
MARK = "rail__number--"


def store(organization: Organization, *, staged: int, active: int | None) -> None:
    """Store certificates that run out in these days."""
    for stage, days in ((Stage.STAGED, staged), (Stage.ACTIVE, active)):
        if days is not None:
            SamlConfiguration.objects.update_or_create(
                organization=organization,
                stage=stage,
                defaults={"certificate": certificate(days=days).decode()},
            )


@pytest.mark.parametrize("url", [PAGE, ACTIVATION])
@pytest.mark.parametrize(
    ("days", "level", "words"),
    [
        (31, "", ""),
        (30, "warn", "in 29 days."),
        (2, "warn", "in 1 day."),
        (1, "warn", "in less than a day."),
        (-1, "error", "sign-on with SAML fails."),
    ],
)
def test_it_is_told_in_time(
    contoso: Organization,
    signed_in: Client,
    url: str,
    days: int,
    level: str,
    words: str,
) -> None:
    store(contoso, staged=days, active=days)
    page = signed_in.get(url).content.decode()
    assert (f'notice--{level}">The certificate of the identity' in page) == bool(level)
    assert words in page
    assert (MARK in page) == bool(level)


def test_the_rail_tells_it_on_every_page(
    contoso: Organization, signed_in: Client, auditor_signed_in: Client
) -> None:
    store(contoso, staged=-3, active=-3)
    day = timezone.now() - timedelta(days=3)
    for client in (signed_in, auditor_signed_in):
        page = client.get(USERS).content.decode()
        assert 'class="rail__number rail__number--error"' in page
        assert f"expired on {day:%-d %B %Y}" in page
        assert '<span class="badge badge--off">certificate</span>' in page


def test_a_newer_one_that_is_saved_has_to_be_activated(
    contoso: Organization, signed_in: Client
) -> None:
    store(contoso, staged=300, active=5)
    page = signed_in.get(PAGE).content.decode()
    assert "The certificate that sign-on uses expires on" in page
    assert "A newer one is saved: activate it." in page


def test_form_based_sign_on_needs_no_certificate(
    contoso: Organization, signed_in: Client
) -> None:
    store(contoso, staged=-1, active=-1)
    AuthenticationSettings.objects.update(authentication_type="form-based")
    assert MARK not in signed_in.get(PAGE).content.decode()


def test_a_certificate_that_cannot_be_read_breaks_no_page(
    contoso: Organization, signed_in: Client
) -> None:
    SamlConfiguration.objects.create(
        organization=contoso, stage=Stage.STAGED, certificate="junk"
    )
    assert signed_in.get(PAGE).status_code == 200
    page = signed_in.get(ACTIVATION).content.decode()
    assert "a certificate that cannot be read" in page


def test_another_organizations_certificate_is_its_own(
    contoso: Organization, stranger_signed_in: Client
) -> None:
    store(contoso, staged=-1, active=-1)
    assert MARK not in stranger_signed_in.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("name", "is_told"),
    [("entra.pem", False), ("entra", False), ("contoso.2026.pem", True)],
)
def test_more_dots_in_the_file_name_are_a_hint(
    contoso: Organization, signed_in: Client, name: str, is_told: bool
) -> None:
    answer = signed_in.post(
        PAGE, form(certificate=upload(certificate(), name)), follow=True
    )
    page = answer.content.decode()
    assert "Authentication Settings are saved." in page
    assert ("no dot but the one before pem" in page) == is_told
    staged = SamlConfiguration.objects.get(organization=contoso, stage=Stage.STAGED)
    assert staged.certificate


def test_markup_in_the_file_name_is_text(signed_in: Client) -> None:
    answer = signed_in.post(
        PAGE, form(certificate=upload(certificate(), "<b>.x.pem")), follow=True
    )
    assert "<b>.x.pem" not in answer.content.decode()
    assert "&lt;b&gt;.x.pem" in answer.content.decode()
