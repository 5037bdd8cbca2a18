"""The page Company Profile: name, package, registered domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.test import Client

from scim.models import Domain, Organization
from scim.services import organizations
from tests.portal import factories
from tests.situations import administrator_of, signed_in_as
from zportal.company_profile.services import save_company_profile
from zportal.models import AuditLog

if TYPE_CHECKING:
    from tests.situations import ScimClient
    from zportal.models import Administrator

PAGE = "/administration/company-profile/"
ADD = f"{PAGE}add-domain/"
REMOVE = f"{PAGE}remove-domain/"
SERVICE = "zportal.company_profile.services"


@pytest.fixture
def superuser_signed_in(contoso: Organization) -> Client:
    return signed_in_as(administrator_of(contoso, "root", is_superuser=True))


def domains(organization: Organization) -> list[str]:
    rows = Domain.objects.for_organization(organization)
    return list(rows.values_list("name", flat=True))


def profile(**changes: str) -> dict[str, str]:
    return {"name": "Contoso", "package": "enterprise", **changes}


def rename(administrator: Administrator, name: str) -> None:
    save_company_profile(
        administrator=administrator, client_ip=None, name=name, package="enterprise"
    )


# ------------------------------------------------------------------------ the page
def test_the_page_shows_the_organization(
    signed_in: Client, contoso: Organization
) -> None:
    html = signed_in.get(PAGE).content.decode()
    assert f'id="company-id">{contoso.org_id}<' in html
    assert 'data-copy="company-id"' in html
    assert "zscalerone.net" in html
    assert 'value="Contoso"' in html
    assert "contoso.example" in html


def test_an_auditor_reads_it_and_finds_nothing_to_press(
    auditor_signed_in: Client,
) -> None:
    html = auditor_signed_in.get(PAGE).content.decode()
    assert "contoso.example" in html
    assert "signed in as Auditor" in html
    assert REMOVE not in html
    assert ">Save</button>" not in html


# ------------------------------------------------------------------- name, package
def test_a_super_admin_renames_the_organization(
    signed_in: Client, contoso: Organization
) -> None:
    page = signed_in.post(PAGE, profile(name=" Contoso Ltd "), follow=True)
    assert b"The Company Profile is saved." in page.content
    contoso.refresh_from_db()
    assert (contoso.name, contoso.name_key) == ("Contoso Ltd", "contoso ltd")


def test_a_name_that_is_taken_at_this_moment_is_told(
    contoso: Organization,
    fabrikam: Organization,
    super_admin: Administrator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the database notices, when it comes between the look and the change."""
    monkeypatch.setattr(f"{SERVICE}.check_name", lambda name, of: None)
    with pytest.raises(ValidationError, match="taken a moment ago"):
        rename(super_admin, fabrikam.name.upper())
    contoso.refresh_from_db()
    assert contoso.name == "Contoso"


def test_another_fault_is_no_taken_name(
    contoso: Organization, super_admin: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**wishes: object) -> None:
        nothing: Any = None
        AuditLog.objects.create(organization=contoso, resource=nothing)

    monkeypatch.setattr(f"{SERVICE}.audit.record", broken)
    with pytest.raises(IntegrityError):
        rename(super_admin, "Contoso Ltd")
    contoso.refresh_from_db()
    assert contoso.name == "Contoso"


def test_changing_the_letter_case_of_the_own_name_is_possible(
    signed_in: Client, contoso: Organization
) -> None:
    signed_in.post(PAGE, profile(name="CONTOSO"))
    contoso.refresh_from_db()
    assert contoso.name == "CONTOSO"


@pytest.mark.usefixtures("fabrikam")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "needs a name"),
        ("  ", "needs a name"),
        ("FABRIKAM", "There is an organization named"),
        ("x" * 255, "254 characters"),
        ("a\u200bb", "printable"),
        ("a\0b", "Null characters"),
    ],
)
def test_a_name_that_is_none_is_refused(
    signed_in: Client, contoso: Organization, name: str, reason: str
) -> None:
    page = signed_in.post(PAGE, profile(name=name))
    assert page.status_code == 200
    assert reason in page.content.decode()
    assert b"Nothing was saved" in page.content
    contoso.refresh_from_db()
    assert contoso.name == "Contoso"


def test_markup_in_a_name_stays_text(signed_in: Client) -> None:
    page = signed_in.post(PAGE, profile(name="<b>x</b>"), follow=True)
    assert b"<b>x</b>" not in page.content
    assert b"&lt;b&gt;x&lt;/b&gt;" in page.content


def test_only_a_superuser_changes_the_package(
    signed_in: Client,
    super_admin: Administrator,
    superuser_signed_in: Client,
    contoso: Organization,
) -> None:
    signed_in.post(PAGE, profile(package="business"))
    contoso.refresh_from_db()
    assert contoso.package == Organization.Package.ENTERPRISE
    with pytest.raises(PermissionDenied):
        save_company_profile(
            administrator=super_admin,
            client_ip=None,
            name="Contoso",
            package="business",
        )
    superuser_signed_in.post(PAGE, profile(package="business"))
    contoso.refresh_from_db()
    assert contoso.package == Organization.Package.BUSINESS


def test_losing_enterprise_while_scim_is_on_says_what_happens(
    superuser_signed_in: Client, scim: ScimClient
) -> None:
    assert scim.get("/Users").status_code == 200
    before = superuser_signed_in.get(PAGE).content.decode()
    assert "with Business, its calls get 403" in before
    page = superuser_signed_in.post(PAGE, profile(package="business"), follow=True)
    assert "its calls get 403 until the package is Enterprise" in page.content.decode()
    assert scim.get("/Users").status_code == 403
    superuser_signed_in.post(PAGE, profile())
    assert scim.get("/Users").status_code == 200


def test_a_package_that_does_not_exist_is_refused(
    superuser_signed_in: Client, contoso: Organization
) -> None:
    page = superuser_signed_in.post(PAGE, profile(package="platinum"))
    assert "Select a valid choice" in page.content.decode()


# -------------------------------------------------------------------------- domains
def test_a_domain_is_added_in_lower_case(
    signed_in: Client, contoso: Organization
) -> None:
    for _ in range(2):
        page = signed_in.post(ADD, {"domain": " Tailspin.Example "}, follow=True)
        assert b"tailspin.example is registered." in page.content
    assert domains(contoso) == ["contoso.example", "tailspin.example"]


@pytest.mark.parametrize(
    "name",
    ["", "no spaces.example", "user@contoso.example", "a", "x" * 300, "<b>", "a\0.b"],
)
def test_what_is_no_domain_is_not_added(
    signed_in: Client, contoso: Organization, name: str
) -> None:
    page = signed_in.post(ADD, {"domain": name})
    assert page.status_code == 200
    assert b'class="field-error"' in page.content
    assert domains(contoso) == ["contoso.example"]


def test_a_domain_that_nobody_uses_is_removed(
    signed_in: Client, contoso: Organization
) -> None:
    organizations.register_domain(organization=contoso, name="tailspin.example")
    factories.person(contoso, "joni@not-tailspin.example")
    page = signed_in.post(REMOVE, {"domain": "tailspin.example"}, follow=True)
    assert b"tailspin.example is no longer registered." in page.content
    assert domains(contoso) == ["contoso.example"]
    again = signed_in.post(REMOVE, {"domain": "tailspin.example"}, follow=True)
    assert b"it is not registered" in again.content


def test_a_domain_in_use_is_kept_and_says_by_whom(
    signed_in: Client, contoso: Organization
) -> None:
    organizations.register_domain(organization=contoso, name="tailspin.example")
    for name in ("Ada", "ben", "cleo", "dave"):
        factories.person(contoso, f"{name}@Contoso.Example")
    page = signed_in.post(REMOVE, {"domain": "contoso.example"}, follow=True)
    html = page.content.decode()
    assert "in use by 4 people: Ada@Contoso.Example, ben@Contoso.Example" in html
    assert "and 1 more" in html
    assert domains(contoso) == ["contoso.example", "tailspin.example"]


def test_another_organizations_people_do_not_hold_a_domain(
    signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    for organization in (contoso, fabrikam):
        organizations.register_domain(
            organization=organization, name="shared.example", may_share=True
        )
    factories.person(fabrikam, "joni@shared.example")
    signed_in.post(REMOVE, {"domain": "shared.example"})
    assert domains(contoso) == ["contoso.example"]
    assert "shared.example" in domains(fabrikam)


def test_the_last_domain_is_kept(signed_in: Client, contoso: Organization) -> None:
    page = signed_in.post(REMOVE, {"domain": "contoso.example"}, follow=True)
    assert b"the last registered domain" in page.content
    assert domains(contoso) == ["contoso.example"]


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 5000, "fabrikam.example"])
def test_removing_what_is_not_registered_here_changes_nothing(
    signed_in: Client, contoso: Organization, fabrikam: Organization, name: str
) -> None:
    page = signed_in.post(REMOVE, {"domain": name}, follow=True)
    assert b"it is not registered" in page.content
    assert domains(fabrikam) == ["fabrikam.example"]


# ------------------------------------------------------------------ who may do what
POSTS = [
    (PAGE, profile(name="Taken over")),
    (ADD, {"domain": "evil.example"}),
    (REMOVE, {"domain": "contoso.example"}),
]


@pytest.mark.parametrize(("url", "data"), POSTS)
def test_an_auditor_changes_nothing(
    auditor_signed_in: Client, contoso: Organization, url: str, data: dict[str, str]
) -> None:
    assert auditor_signed_in.post(url, data).status_code == 403
    contoso.refresh_from_db()
    assert contoso.name == "Contoso"
    assert domains(contoso) == ["contoso.example"]


@pytest.mark.parametrize(("url", "data"), POSTS)
def test_a_form_without_a_token_changes_nothing(
    super_admin: Administrator, url: str, data: dict[str, str]
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(super_admin)
    assert browser.post(url, data).status_code == 403


@pytest.mark.parametrize(("url", "data"), POSTS)
def test_nobody_signed_in_is_led_to_sign_in(
    client: Client, contoso: Organization, url: str, data: dict[str, str]
) -> None:
    assert client.post(url, data).headers["Location"].startswith("/sign-in/")
    assert domains(contoso) == ["contoso.example"]


def test_a_stranger_changes_their_own_organization_only(
    stranger_signed_in: Client, contoso: Organization, fabrikam: Organization
) -> None:
    stranger_signed_in.post(ADD, {"domain": "new.example", "organization": contoso.pk})
    assert domains(contoso) == ["contoso.example"]
    assert domains(fabrikam) == ["fabrikam.example", "new.example"]


def test_each_change_is_recorded(
    superuser_signed_in: Client, contoso: Organization
) -> None:
    superuser_signed_in.post(PAGE, profile())
    superuser_signed_in.post(PAGE, profile(name="Contoso Ltd", package="business"))
    superuser_signed_in.post(ADD, {"domain": "tailspin.example"})
    superuser_signed_in.post(REMOVE, {"domain": "tailspin.example"})
    superuser_signed_in.post(REMOVE, {"domain": "tailspin.example"})
    rows = AuditLog.objects.for_organization(contoso).order_by("pk")
    assert [(row.action, row.resource, row.changes) for row in rows] == [
        (
            "update",
            "Company Profile",
            {"Name": ["Contoso", "Contoso Ltd"], "Package": ["Enterprise", "Business"]},
        ),
        ("create", "Domain tailspin.example", {}),
        ("delete", "Domain tailspin.example", {}),
    ]
    assert {(row.actor, row.client_ip) for row in rows} == {("root", "127.0.0.1")}
