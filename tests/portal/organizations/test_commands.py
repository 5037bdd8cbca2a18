"""Set-up without a browser: create_organization and prepare."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from scim.models import BearerToken, Organization
from zportal.management.commands import prepare
from zportal.models import Administrator, AuthenticationSettings, Stage
from zportal.startup.secret_key import ensure_secret_key
from zportal.startup.static_files import collect_static_files

pytestmark = pytest.mark.django_db


def create_organization(*arguments: str) -> str:
    out = StringIO()
    call_command("create_organization", *arguments, stdout=out)
    return out.getvalue()


def created(*arguments: str) -> dict[str, Any]:
    lines = create_organization(*arguments, "--json").splitlines()
    assert len(lines) == 1
    document: dict[str, Any] = json.loads(lines[0])
    return document


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        create_organization(*arguments)
    assert caught.value.returncode == 1
    return str(caught.value)


# ------------------------------------------------------------- create_organization
def test_a_plain_organization() -> None:
    made = created("Northwind", "--domain", "northwind.example")

    organization = Organization.objects.named("northwind").get()
    assert made == {
        "org_id": organization.org_id,
        "name": "Northwind",
        "domains": ["northwind.example"],
        "profile": "zscaler",
        "package": "enterprise",
        "base_url": f"http://testserver/{organization.org_id}/scim",
    }
    assert not organization.connection.enabled


def test_everything_at_once() -> None:
    made = created(
        "Northwind",
        "--domain=Northwind.example",
        "--domain=nw.test",
        "--admin=Nancy",
        "--role=auditor",
        "--profile=rfc",
        "--enable-scim",
    )

    assert made["domains"] == ["northwind.example", "nw.test"]
    assert (made["profile"], made["admin_login"]) == ("rfc", "nancy")
    nancy = Administrator.objects.get(login="nancy")
    assert nancy.check_password(made["admin_password"])
    assert nancy.role == Administrator.Role.AUDITOR
    assert not nancy.is_superuser
    assert nancy.organization.org_id == made["org_id"]


def test_enabled_scim_is_open_with_saml_live() -> None:
    made = created("Northwind", "--domain=northwind.example", "--enable-scim")

    organization = Organization.objects.get(pk=made["org_id"])
    token = BearerToken.objects.for_organization(organization).live().get()
    rows = [AuthenticationSettings.objects.at(organization, stage) for stage in Stage]
    assert token.digest == sha256(made["bearer_token"].encode()).hexdigest()
    assert token.created_by == "create_organization"
    assert organization.connection.is_open
    assert all(row.pk for row in rows)
    assert [getattr(row, "is_saml", None) for row in rows] == [True, True]
    assert "admin_login" not in made


def test_an_identity_provider_can_use_the_answer() -> None:
    made = created("Northwind", "--domain=northwind.example", "--enable-scim")

    answer = Client().get(
        f"{made['base_url'].removeprefix('http://testserver')}/Users",
        headers={"Authorization": f"Bearer {made['bearer_token']}"},
    )

    assert (answer.status_code, answer.json()["totalResults"]) == (200, 0)


def test_a_business_organization() -> None:
    made = created("Northwind", "--domain=northwind.example", "--package=business")

    assert made["package"] == "business"


def test_for_people_it_prints_names_and_values() -> None:
    printed = create_organization("Northwind", "--domain=northwind.example")

    assert "domains:        northwind.example\n" in printed


def test_two_organizations_may_share_a_domain(contoso: Organization) -> None:
    assert created("Class 2", "--domain=contoso.example")["domains"] == [
        "contoso.example"
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["New", "--domain=contoso"], "“contoso” is not a domain name."),
        (["New", "--domain=https://new.example"], "is not a domain name."),
        (["New", "--domain=new.example", "--domain=a b.test"], "is not a domain name."),
        (["New", "--domain=new\n.example"], "is not a domain name."),
        (["New"], "An organization needs a domain"),
        (["  ", "--domain=new.example"], "An organization name is 1 to 254"),
        (["N" * 255, "--domain=new.example"], "An organization name is 1 to 254"),
        (["New\0", "--domain=new.example"], "An organization name is 1 to 254"),
        (["CONTOSO ", "--domain=new.example"], "named “CONTOSO” already"),
        (["New", "--domain=new.example", "--admin=ADMIN"], "login “ADMIN” already"),
        (["New", "--domain=new.example", "--admin=a b"], "A login is 1 to 128"),
        (["New", "--domain=new.example", "--admin="], "A login is 1 to 128"),
        (
            ["New", "--domain=new.example", "--package=business", "--enable-scim"],
            "SCIM needs the package enterprise.",
        ),
    ],
)
def test_it_refuses_with_a_sentence_and_makes_nothing(
    super_admin: Administrator, arguments: list[str], sentence: str
) -> None:
    assert sentence in refusal(*arguments)
    assert Organization.objects.count() == 1
    assert Administrator.objects.count() == 1


# ------------------------------------------------------------------------- prepare
def test_a_name_that_is_taken_at_this_moment_is_told(
    contoso: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the database, when it comes between the look and the making."""
    monkeypatch.setattr("scim.services.organizations.check_name", lambda name: None)
    said = refusal(contoso.name, "--domain=northwind.example")
    assert said == "That organization name or login was taken a moment ago."
    assert Organization.objects.count() == 1


@pytest.fixture
def fresh(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing was made yet."""
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.delenv("ORG_DOMAIN", raising=False)
    settings.VAR_DIR = tmp_path / "var"
    settings.SECRET_KEY_FILE = tmp_path / "var" / "secret_key"
    settings.STATIC_ROOT = tmp_path / "var" / "static"
    return tmp_path / "var"


def prepared() -> str:
    out = StringIO()
    call_command("prepare", stdout=out)
    return out.getvalue()


def test_the_first_start_makes_contoso_and_prints_how_to_sign_in(fresh: Path) -> None:
    printed = prepared()

    admin = Administrator.objects.get()
    password = printed.partition("Password")[2].split()[0]
    assert admin.login == "admin"
    assert admin.check_password(password)
    assert (admin.role, admin.is_superuser) == ("super-admin", True)
    assert (admin.organization.name, admin.organization.package) == (
        "Contoso",
        "enterprise",
    )
    assert [str(domain) for domain in admin.organization.domains.all()] == [
        "contoso.example"
    ]
    assert "http://testserver/" in printed
    assert list((fresh / "static").iterdir())


def test_a_directory_that_others_could_read_is_closed(fresh: Path) -> None:
    fresh.mkdir(mode=0o755)
    prepared()
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o700
    assert stat.S_IMODE((fresh / "secret_key").stat().st_mode) == 0o600


def test_the_second_start_changes_and_reveals_nothing(fresh: Path) -> None:
    prepared()
    key = (fresh / "secret_key").read_text()

    printed = prepared()

    assert printed == "zportal is at  http://testserver/\n"
    assert (fresh / "secret_key").read_text() == key
    assert Administrator.objects.count() == 1


def test_the_domain_of_the_first_organization_can_be_chosen(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORG_DOMAIN", "adatum.test")
    prepared()

    assert str(Organization.objects.get().domains.get()) == "adatum.test"


def test_a_malformed_first_domain_is_refused(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORG_DOMAIN", "adatum")

    with pytest.raises(CommandError, match="is not a domain name"):
        prepared()
    assert not Organization.objects.exists()


def test_an_organization_without_administrator_gets_one(fresh: Path) -> None:
    created("Northwind", "--domain=northwind.example")

    prepared()

    assert Administrator.objects.get().organization.name == "Northwind"


def test_an_administrator_of_a_pipeline_is_enough(
    fresh: Path, super_admin: Administrator
) -> None:
    assert prepare.make_first_administrator() is None


def test_unsafe_settings_stop_the_preparation(fresh: Path, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]

    with pytest.raises(SystemExit):
        prepared()
    assert not Organization.objects.exists()


# ---------------------------------------------------------------------- secret key
def test_the_secret_key_is_generated_once_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret_key"

    key = ensure_secret_key(path)

    assert len(key) == 64
    assert ensure_secret_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_starts_at_the_same_time_agree_on_the_secret_key(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: ensure_secret_key(path), range(32)))

    assert keys == {path.read_text().strip()}


# -------------------------------------------------------------------- static files
def test_static_files_are_collected_when_they_changed(
    settings: Any, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
        },
    }

    assert collect_static_files() is True
    assert collect_static_files() is False

    (tmp_path / "static" / "staticfiles.json").unlink()
    assert collect_static_files() is True
