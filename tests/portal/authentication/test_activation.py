"""Activation: what is pending, who may act, what it demands, what it leaves."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from tests.portal.settings_form import PAGE as SETTINGS
from tests.portal.settings_form import certificate, form, upload
from tests.situations import administrator_of, signed_in_as
from zportal.authentication.activation import activate
from zportal.authentication.staging import Staging, revision
from zportal.models import (
    Activation,
    AuditLog,
    AuthenticationSettings,
    SamlConfiguration,
    Stage,
)

if TYPE_CHECKING:
    from scim.models import Organization
    from zportal.models import Administrator

PAGE = "/activation/"
DISCARD = f"{PAGE}discard/"
USERS = "/administration/user-management/users/"


def changes(organization: Organization) -> dict[str, list[str]]:
    return Staging.of(organization).changes


def stage_everything(client: Client) -> None:
    """Save a portal URL and a certificate, so that activation may go ahead."""
    answer = client.post(
        SETTINGS,
        form(portal_url="https://idp.example/", certificate=upload(certificate())),
    )
    assert answer.status_code == 302


def shown(organization: Organization) -> dict[str, int]:
    """What the form of the page posts."""
    return {"revision": revision(organization)}


@pytest.fixture
def staged(contoso: Organization, signed_in: Client) -> Organization:
    """Contoso with two changes that wait for activation."""
    stage_everything(signed_in)
    assert len(changes(contoso)) == 2
    return contoso


# ------------------------------------------------------------------ what is shown
def test_nothing_is_pending(contoso: Organization, signed_in: Client) -> None:
    page = signed_in.get(PAGE).content.decode()
    assert "No Activations Pending" in page
    assert "Nobody has activated yet." in page
    assert ">Activate<" not in page
    assert "rail__number" not in page


def test_pending_changes_tell_old_new_who_and_when(
    staged: Organization, signed_in: Client
) -> None:
    answer = signed_in.get(PAGE)
    portal_url, pem = answer.context["pending"]
    assert portal_url.label == "SAML Portal URL"
    assert (portal_url.old, portal_url.new) == ("", "https://idp.example/")
    assert portal_url.actor == "admin"
    assert portal_url.time == AuditLog.objects.get().time
    assert pem.label == "Public SSL Certificate"
    page = answer.content.decode()
    assert "not set" in page
    assert "<bdi>admin</bdi>, <time" in page


def test_each_change_names_its_own_maker(
    staged: Organization, signed_in: Client
) -> None:
    second = administrator_of(staged, "second")
    signed_in_as(second).post(
        SETTINGS, form(portal_url="https://idp.example/", login_name_attribute="mail")
    )
    makers = {
        change.label: change.actor for change in signed_in.get(PAGE).context["pending"]
    }
    assert makers == {
        "SAML Portal URL": "admin",
        "Login Name Attribute": "second",
        "Public SSL Certificate": "admin",
    }


def test_a_change_of_the_command_line_names_nobody(
    contoso: Organization, signed_in: Client
) -> None:
    AuthenticationSettings.objects.filter(stage=Stage.ACTIVE).delete()
    assert "at set-up" in signed_in.get(PAGE).content.decode()


@pytest.mark.parametrize("url", [SETTINGS, USERS])
def test_the_number_and_the_banner_are_on_every_page(
    staged: Organization, signed_in: Client, auditor_signed_in: Client, url: str
) -> None:
    page = signed_in.get(url).content.decode()
    assert "<strong>2 changes are saved but not active.</strong>" in page
    assert "Review and activate" in page
    assert 'rail__number">2<' in page
    page = auditor_signed_in.get(url).content.decode()
    assert "until a Super Admin activates them" in page


def test_markup_in_a_value_is_text(contoso: Organization, signed_in: Client) -> None:
    signed_in.post(SETTINGS, form(login_name_attribute="<b>x</b>"))
    page = signed_in.get(PAGE).content.decode()
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>x</b>" not in page


# ---------------------------------------------------------------------- Activate
def test_activate_makes_active_what_was_saved(
    staged: Organization, signed_in: Client
) -> None:
    answer = signed_in.post(PAGE, shown(staged), follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    page = answer.content.decode()
    assert "Activated. 2 changes are in effect for sign-on now." in page
    assert "No Activations Pending" in page
    assert "<strong><bdi>admin</bdi></strong>" in page
    active = SamlConfiguration.objects.get(organization=staged, stage=Stage.ACTIVE)
    assert active.portal_url == "https://idp.example/"
    assert changes(staged) == {}
    done = Activation.objects.get(organization=staged)
    assert done.actor == "admin"
    assert done.changes["SAML Portal URL"] == ["", "https://idp.example/"]
    entry = AuditLog.objects.get(action="activate")
    assert entry.changes == done.changes
    assert entry.client_ip == "127.0.0.1"


@pytest.mark.parametrize(
    ("saved", "missing"),
    [
        ({"login_name_attribute": "mail"}, "SAML Portal URL and Public SSL"),
        ({"portal_url": "https://idp.example/"}, "needs Public SSL Certificate"),
    ],
)
def test_saml_demands_portal_url_and_certificate(
    contoso: Organization, signed_in: Client, saved: dict[str, str], missing: str
) -> None:
    signed_in.post(SETTINGS, form(**saved))
    assert missing in signed_in.get(PAGE).content.decode()
    answer = signed_in.post(PAGE, shown(contoso))
    page = answer.content.decode()
    assert "Nothing was activated." in page
    assert missing in page
    assert f'href="{SETTINGS}#configure-saml"' in page
    assert changes(contoso)
    assert not Activation.objects.exists()


def test_form_based_demands_neither(contoso: Organization, signed_in: Client) -> None:
    signed_in.post(SETTINGS, form(authentication_type="form-based", scim=None))
    signed_in.post(PAGE, shown(contoso))
    assert changes(contoso) == {}


@pytest.mark.parametrize("url", [PAGE, DISCARD])
def test_a_second_press_does_nothing(
    staged: Organization, signed_in: Client, url: str
) -> None:
    data = shown(staged)
    signed_in.post(url, data)
    answer = signed_in.post(url, data, follow=True)
    assert "Nothing was done: no activations are pending." in answer.content.decode()
    assert AuditLog.objects.exclude(action="update").count() == 1


@pytest.mark.parametrize("url", [PAGE, DISCARD])
@pytest.mark.parametrize(
    "data", [{}, {"revision": "x"}, {"revision": "-1"}, {"revision": "9" * 40}], ids=str
)
def test_a_form_that_showed_something_else_is_refused(
    staged: Organization, signed_in: Client, url: str, data: dict[str, str]
) -> None:
    answer = signed_in.post(url, data)
    assert answer.status_code == 200
    assert "have changed since this page was opened" in answer.content.decode()
    assert len(changes(staged)) == 2


def test_what_was_saved_meanwhile_is_not_activated_unseen(
    staged: Organization, signed_in: Client
) -> None:
    opened = shown(staged)
    signed_in.post(
        SETTINGS, form(portal_url="https://evil.example/", login_name_attribute="x")
    )
    answer = signed_in.post(PAGE, opened)
    page = answer.content.decode()
    assert "have changed since this page was opened" in page
    assert "https://evil.example/" in page
    assert len(changes(staged)) == 3
    signed_in.post(PAGE, shown(staged))
    assert changes(staged) == {}


@pytest.mark.django_db(transaction=True)
def test_two_activations_at_once_are_one(staged: Organization) -> None:
    administrators = [administrator_of(staged, f"admin{n}") for n in range(3)]
    seen = revision(staged)
    start = Barrier(len(administrators))
    outcomes: list[str] = []

    def press(administrator: Administrator) -> None:
        try:
            start.wait(timeout=30)
            activate(administrator=administrator, client_ip=None, seen=seen)
            outcomes.append("activated")
        except ValidationError as reason:
            outcomes.append(str(reason.code))
        finally:
            connection.close()

    threads = [Thread(target=press, args=(who,)) for who in administrators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["activated", "nothing-pending", "nothing-pending"]
    assert Activation.objects.count() == 1


# ----------------------------------------------------------------------- Discard
def test_discard_restores_what_is_active(
    staged: Organization, signed_in: Client
) -> None:
    answer = signed_in.post(DISCARD, shown(staged), follow=True)
    assert "Discarded. 2 changes are back" in answer.content.decode()
    assert changes(staged) == {}
    row = SamlConfiguration.objects.get(organization=staged, stage=Stage.STAGED)
    assert row.portal_url == ""
    staged.connection.refresh_from_db()
    assert staged.connection.enabled
    entry = AuditLog.objects.get(action="discard")
    assert entry.changes["SAML Portal URL"] == ["https://idp.example/", ""]


def test_discard_keeps_saml_while_scim_needs_it(
    contoso: Organization, signed_in: Client
) -> None:
    AuthenticationSettings.objects.filter(stage=Stage.ACTIVE).delete()
    answer = signed_in.post(DISCARD, shown(contoso))
    assert "which the active settings do not allow" in answer.content.decode()
    assert "Authentication Type" in changes(contoso)


def test_the_address_of_discard_leads_back(
    staged: Organization, signed_in: Client
) -> None:
    assert signed_in.get(DISCARD).headers["Location"] == PAGE
    assert len(changes(staged)) == 2


# ---------------------------------------------------------------- who may do what
@pytest.mark.parametrize("url", [PAGE, DISCARD])
def test_anonymous_visitors_are_sent_to_sign_in(staged: Organization, url: str) -> None:
    for answer in (Client().get(url), Client().post(url, shown(staged))):
        assert answer.headers["Location"] == f"/sign-in/?next={url}"
    assert len(changes(staged)) == 2


@pytest.mark.parametrize("url", [PAGE, DISCARD])
def test_an_auditor_sees_and_changes_nothing(
    staged: Organization, auditor_signed_in: Client, url: str
) -> None:
    page = auditor_signed_in.get(PAGE).content.decode()
    assert "https://idp.example/" in page
    assert ">Activate<" not in page
    assert ">Discard<" not in page
    assert auditor_signed_in.post(url, shown(staged)).status_code == 403
    assert len(changes(staged)) == 2


@pytest.mark.parametrize("url", [PAGE, DISCARD])
def test_a_stranger_neither_sees_nor_changes_contoso(
    staged: Organization, stranger_signed_in: Client, url: str
) -> None:
    page = stranger_signed_in.get(PAGE).content.decode()
    assert "idp.example" not in page
    stranger_signed_in.post(
        url, {**shown(staged), "organization": staged.pk, "org_id": staged.pk}
    )
    assert len(changes(staged)) == 2


@pytest.mark.parametrize("url", [PAGE, DISCARD])
def test_a_post_without_the_csrf_token_is_refused(
    staged: Organization, super_admin: Administrator, url: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(super_admin)
    assert client.post(url, shown(staged)).status_code == 403
    assert len(changes(staged)) == 2


@pytest.mark.parametrize("url", [PAGE, DISCARD])
def test_other_methods_are_refused(
    staged: Organization, signed_in: Client, url: str
) -> None:
    for method in ("put", "patch", "delete"):
        assert getattr(signed_in, method)(url).status_code == 405
    assert len(changes(staged)) == 2


def test_the_page_costs_a_fixed_number_of_queries(
    staged: Organization, signed_in: Client, django_assert_max_num_queries: object
) -> None:
    # The first one forgets the message of the last form, which is written.
    signed_in.get(PAGE)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        signed_in.get(PAGE)
