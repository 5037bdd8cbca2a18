"""Superusers move between organizations and make them; nobody else does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from scim.models import Domain, Organization
from tests.portal import factories
from tests.situations import PASSWORD, administrator_of, signed_in_as
from zportal.frame.middleware import WORKING_IN
from zportal.models import Administrator, AuditLog

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

LIST = "/administration/organizations/"
SWITCH = f"{LIST}switch/"
NEW = f"{LIST}new/"
USERS = "/administration/user-management/users/"
SETTINGS = "/administration/authentication-settings/"
PROFILE = "/administration/company-profile/"


@pytest.fixture
def superuser(contoso: Organization) -> Administrator:
    return administrator_of(contoso, "root", is_superuser=True)


@pytest.fixture
def root(superuser: Administrator) -> Client:
    return signed_in_as(superuser)


def switch_to(client: Client, organization: Organization) -> Response:
    return client.post(SWITCH, {"organization": organization.pk})


def new(**changes: str) -> dict[str, str]:
    return {
        "name": "Tailspin",
        "domains": "tailspin.example",
        "package": "enterprise",
        "profile": "zscaler",
        "admin": "tara",
        **changes,
    }


# ------------------------------------------------------------------------ switching
def test_every_page_belongs_to_the_organization_that_was_switched_to(
    root: Client, contoso: Organization, fabrikam: Organization
) -> None:
    factories.person(contoso, "adele@contoso.example")
    factories.person(fabrikam, "joni@fabrikam.example")
    assert b"adele@" in root.get(USERS).content
    assert switch_to(root, fabrikam).headers["Location"] == "/"
    users = root.get(USERS).content.decode()
    assert "joni@fabrikam.example" in users
    assert "adele@" not in users
    settings = root.get(SETTINGS).content.decode()
    assert f"/{fabrikam.pk}/scim" in settings
    assert f"/{contoso.pk}/scim" not in settings
    assert f'id="company-id">{fabrikam.pk}<' in root.get(PROFILE).content.decode()


def test_actions_change_the_organization_that_was_switched_to(
    root: Client, contoso: Organization, fabrikam: Organization
) -> None:
    switch_to(root, fabrikam)
    root.post(f"{PROFILE}add-domain/", {"domain": "new.example"})
    assert not Domain.objects.for_organization(contoso).filter(name="new.example")
    assert Domain.objects.for_organization(fabrikam).filter(name="new.example")
    assert AuditLog.objects.get().organization == fabrikam


def test_switching_is_the_sessions_and_is_not_stored(
    root: Client, superuser: Administrator, fabrikam: Organization
) -> None:
    switch_to(root, fabrikam)
    superuser.refresh_from_db()
    assert superuser.organization != fabrikam
    other = signed_in_as(superuser)
    page = other.get(PROFILE).content.decode()
    assert f'id="company-id">{fabrikam.pk}<' not in page


def test_a_form_of_the_organization_before_changes_nothing(
    superuser: Administrator, contoso: Organization, fabrikam: Organization
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(superuser)
    page = client.get(PROFILE).content.decode()
    match = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert match
    stale = {"csrfmiddlewaretoken": match.group(1)}
    assert (
        client.post(SWITCH, {"organization": fabrikam.pk, **stale}).status_code == 302
    )
    answer = client.post(PROFILE, {"name": "Contoso 2", "package": "business", **stale})
    assert answer.status_code == 403
    fabrikam.refresh_from_db()
    assert fabrikam.name == "Fabrikam"


@pytest.mark.parametrize(
    "key", ["", "1", "abc", "00000000", "9" * 30, "12345678", "٣" * 8]
)
def test_an_organization_that_does_not_exist_is_not_switched_to(
    root: Client, key: str
) -> None:
    page = root.post(SWITCH, {"organization": key}, follow=True)
    assert b"There is no such organization" in page.content
    assert WORKING_IN not in root.session


def test_a_deleted_organization_leads_home(
    root: Client, contoso: Organization, fabrikam: Organization
) -> None:
    switch_to(root, fabrikam)
    fabrikam.delete()
    assert f'id="company-id">{contoso.pk}<' in root.get(PROFILE).content.decode()
    assert WORKING_IN not in root.session


def test_a_session_that_names_another_organization_is_no_superuser(
    signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    session = signed_in.session
    session[WORKING_IN] = fabrikam.pk
    session.save()
    assert f'id="company-id">{contoso.pk}<' in signed_in.get(PROFILE).content.decode()
    assert WORKING_IN not in signed_in.session


def test_who_is_no_longer_superuser_is_led_home(
    root: Client,
    superuser: Administrator,
    contoso: Organization,
    fabrikam: Organization,
) -> None:
    switch_to(root, fabrikam)
    Administrator.objects.filter(pk=superuser.pk).update(is_superuser=False)
    assert f'id="company-id">{contoso.pk}<' in root.get(PROFILE).content.decode()


def test_an_ordinary_administrator_object_refuses_to_move(
    super_admin: Administrator, fabrikam: Organization
) -> None:
    with pytest.raises(PermissionDenied):
        super_admin.work_in(fabrikam)


def test_the_corner_lists_the_others_for_a_superuser_only(
    root: Client, signed_in: Client, fabrikam: Organization
) -> None:
    assert f'value="{fabrikam.pk}"><bdi>Fabrikam' in root.get(PROFILE).content.decode()
    page = signed_in.get(PROFILE).content.decode()
    assert "Fabrikam" not in page
    assert SWITCH not in page


# ------------------------------------------------------------------------- the list
def test_the_list_finds_by_the_beginning_of_the_name_and_by_company_id(
    root: Client, fabrikam: Organization, litware: Organization
) -> None:
    for term in ("FABR", str(fabrikam.pk)):
        page = root.get(LIST, {"q": term}).content.decode()
        assert 'scope="row"><bdi>Fabrikam</bdi>' in page
        assert 'scope="row"><bdi>Litware</bdi>' not in page
    assert b"Nothing matches" in root.get(LIST, {"q": "a\0%_"}).content


# --------------------------------------------------------------------------- making
def test_an_organization_is_made_with_its_administrator(root: Client) -> None:
    answer = root.post(NEW, new(enable_scim="on"))
    page = answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    made = Organization.objects.named("tailspin").get()
    assert f'id="company-id">{made.pk}<' in page
    match = re.search(r'id="password">([a-z2-9-]+)<', page)
    assert match
    password = match.group(1)
    tara = Client()
    tara.post("/sign-in/", {"username": "tara", "password": password})
    assert f'id="company-id">{made.pk}<' in tara.get(PROFILE).content.decode()
    token = re.search(r'id="bearer-token">([\w-]{43})<', page)
    assert token
    for kept in (password, token.group(1)):
        assert kept not in str(dict(root.session))
        assert kept not in str(list(AuditLog.objects.values()))
        assert kept not in root.get(LIST).content.decode()


def test_the_new_administrator_is_an_ordinary_super_admin(root: Client) -> None:
    root.post(NEW, new())
    tara = Administrator.objects.get(login="tara")
    assert (tara.role, tara.is_superuser) == (Administrator.Role.SUPER_ADMIN, False)


def test_making_is_recorded_in_the_new_organization(root: Client) -> None:
    root.post(NEW, new())
    row = AuditLog.objects.get()
    assert row.organization.name == "Tailspin"
    assert (row.actor, row.action) == ("root", "create")
    assert row.changes["Administrator"] == ["", "tara"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": ""}, "needs a name"),
        ({"name": "CONTOSO"}, "There is an organization named"),
        ({"name": "x" * 300}, "254 characters"),
        ({"domains": ""}, "needs a domain"),
        ({"domains": ","}, "needs a domain"),
        ({"domains": "ok.example, not_ok"}, "is not a domain name"),
        ({"domains": "<b>x</b>"}, "is not a domain name"),
        ({"domains": " ".join(f"d{n}.example" for n in range(101))}, "more than 100"),
        ({"admin": "root"}, "There is an administrator with the login"),
        ({"admin": "two words"}, "without spaces"),
        ({"package": "platinum"}, "Select a valid choice"),
        ({"profile": "okta"}, "Select a valid choice"),
        ({"package": "business", "enable_scim": "on"}, "needs the package Enterprise"),
    ],
)
def test_what_cannot_be_made_is_refused_whole(
    root: Client, changes: dict[str, str], reason: str
) -> None:
    answer = root.post(NEW, new(**changes))
    assert answer.status_code == 200
    assert reason in answer.content.decode()
    assert Organization.objects.count() == 1
    assert Administrator.objects.count() == 1


def test_sending_the_form_twice_makes_one(root: Client) -> None:
    root.post(NEW, new())
    again = root.post(NEW, new())
    assert b"There is an organization named" in again.content
    assert Organization.objects.named("tailspin").count() == 1


# ------------------------------------------------------------------ who may do what
def test_nobody_but_a_superuser_gets_in(
    signed_in: Client,
    auditor_signed_in: Client,
    stranger_signed_in: Client,
    contoso: Organization,
) -> None:
    for client in (signed_in, auditor_signed_in, stranger_signed_in):
        assert client.get(LIST).status_code == 403
        assert client.get(NEW).status_code == 403
        assert client.post(NEW, new()).status_code == 403
        assert switch_to(client, contoso).status_code == 403
    assert Organization.objects.named("tailspin").count() == 0


def test_a_superuser_who_audits_switches_and_makes_nothing(
    contoso: Organization, fabrikam: Organization
) -> None:
    client = signed_in_as(
        administrator_of(contoso, "eye", role="auditor", is_superuser=True)
    )
    assert switch_to(client, fabrikam).status_code == 302
    assert f'id="company-id">{fabrikam.pk}<' in client.get(PROFILE).content.decode()
    assert client.post(NEW, new()).status_code == 403
    add = client.post(f"{PROFILE}add-domain/", {"domain": "new.example"})
    assert add.status_code == 403


def test_signing_in_again_starts_at_home(
    superuser: Administrator, contoso: Organization, fabrikam: Organization
) -> None:
    client = signed_in_as(superuser)
    switch_to(client, fabrikam)
    client.post("/log-out/")
    client.post("/sign-in/", {"username": "root", "password": PASSWORD})
    assert f'id="company-id">{contoso.pk}<' in client.get(PROFILE).content.decode()
