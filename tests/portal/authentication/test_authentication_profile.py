"""The fields of the tab Authentication Profile: stored, staged, judged."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client

from tests.portal.settings_form import PAGE, REAUTHENTICATE, form
from tests.situations import administrator_of, signed_in_as
from zportal.authentication.settings_services import save_authentication_settings
from zportal.authentication.staging import ChangedMeanwhile
from zportal.models import (
    AuditLog,
    AuthenticationSettings,
    ForcedReauthentication,
    Stage,
)

if TYPE_CHECKING:
    from scim.models import Organization
    from zportal.models import Administrator

NAMES = AuthenticationSettings.setting_names()


def stored(organization: Organization, stage: str = Stage.STAGED) -> dict[str, Any]:
    found = AuthenticationSettings.objects.get(organization=organization, stage=stage)
    return found.values()


def errors(client: Client, **changes: Any) -> dict[str, list[str]]:
    answer = client.post(PAGE, form(**changes))
    assert answer.status_code == 200
    assert "Nothing was saved." in answer.content.decode()
    found: dict[str, list[str]] = answer.context["form"].errors
    return found


# ------------------------------------------------------------------------ stored
def test_every_field_is_stored_and_staged(
    contoso: Organization, signed_in: Client
) -> None:
    chosen = {
        "user_repository_type": "open-ldap",
        "authentication_frequency": "custom",
        "custom_frequency_days": 30,
        "authentication_type": "form-based",
        "temporary_authentication": "one-time-link",
        "password_strength": "strong",
        "password_expiration": "six-months",
    }
    assert list(chosen) == NAMES
    before = stored(contoso, Stage.ACTIVE)
    assert signed_in.post(PAGE, form(scim=None, **chosen)).status_code == 302
    assert stored(contoso) == chosen
    assert stored(contoso, Stage.ACTIVE) == before
    page = signed_in.get(PAGE)
    assert page.context["form"].initial.items() >= chosen.items()
    assert "<strong>7 changes are saved but not active.</strong>" in (
        page.content.decode()
    )


def test_the_defaults_are_the_vendors(contoso: Organization, signed_in: Client) -> None:
    values = AuthenticationSettings(organization=contoso)
    shown = {name: values.shown(name) for name in NAMES}
    assert shown == {
        "user_repository_type": "Hosted DB",
        "authentication_frequency": "Only Once",
        "custom_frequency_days": "",
        "authentication_type": "Form-Based",
        "temporary_authentication": "None",
        "password_strength": "Medium",
        "password_expiration": "Never",
    }


def test_fields_of_form_based_sign_on_say_so(signed_in: Client) -> None:
    page = signed_in.get(PAGE).content.decode()
    assert page.count("Takes effect with form-based sign-on.") == 3


# ------------------------------------------------------------------------ judged
@pytest.mark.parametrize("days", ["1", "180", " 30 "])
def test_custom_takes_days(contoso: Organization, signed_in: Client, days: str) -> None:
    signed_in.post(
        PAGE, form(authentication_frequency="custom", custom_frequency_days=days)
    )
    assert stored(contoso)["custom_frequency_days"] == int(days)


@pytest.mark.parametrize(
    "days", [None, "", "0", "181", "-1", "1.5", "x", "<b>", "9" * 5000, "1\0"], ids=repr
)
def test_custom_without_good_days_is_refused(
    signed_in: Client, days: str | None
) -> None:
    found = errors(
        signed_in, authentication_frequency="custom", custom_frequency_days=days
    )
    assert found == {"custom_frequency_days": ["Write a number of days from 1 to 180."]}


@pytest.mark.parametrize("days", ["90", "0", "junk"])
def test_days_without_custom_do_not_count(
    contoso: Organization, signed_in: Client, days: str
) -> None:
    answer = signed_in.post(
        PAGE, form(authentication_frequency="daily", custom_frequency_days=days)
    )
    assert answer.status_code == 302
    assert stored(contoso)["custom_frequency_days"] is None


@pytest.mark.parametrize(
    "value", [None, "", "other", "<script>", "x" * 10_000], ids=repr
)
@pytest.mark.parametrize(
    "name", [name for name in NAMES if name != "custom_frequency_days"]
)
def test_a_value_that_is_not_offered_is_refused(
    contoso: Organization, signed_in: Client, name: str, value: str | None
) -> None:
    before = stored(contoso)
    assert name in errors(signed_in, **{name: value})
    assert "<script>x" not in str(stored(contoso))
    assert stored(contoso) == before


@pytest.mark.parametrize("repository", ["active-directory", "open-ldap"])
def test_other_repositories_go_only_without_scim(
    contoso: Organization, signed_in: Client, repository: str
) -> None:
    found = errors(signed_in, user_repository_type=repository)
    assert "go only without SCIM" in found["user_repository_type"][0]
    answer = signed_in.post(PAGE, form(user_repository_type=repository, scim=None))
    assert answer.status_code == 302
    assert stored(contoso)["user_repository_type"] == repository


# --------------------------------------------------------- two administrators at once
def opened(client: Client) -> str:
    """The revision that the page shows."""
    return str(client.get(PAGE).context["revision"])


def test_the_second_save_is_told_what_changed(
    contoso: Organization, signed_in: Client, second: Client
) -> None:
    seen = opened(signed_in)
    second.post(
        PAGE, form(revision=opened(second), portal_url="https://theirs.example/")
    )
    mine = form(revision=seen, portal_url="https://mine.example/")
    answer = signed_in.post(PAGE, mine)
    assert answer.status_code == 200
    (change,) = answer.context["meanwhile"]
    assert (change.label, change.value, change.actor) == (
        "SAML Portal URL",
        "https://theirs.example/",
        "second",
    )
    page = answer.content.decode()
    assert "these settings have changed since you opened the page" in page
    assert 'value="https://mine.example/"' in page
    theirs = contoso.samlconfiguration_set.get(stage=Stage.STAGED)
    assert theirs.portal_url == "https://theirs.example/"
    # Repeated deliberately, from the page that told.
    again = form(
        revision=answer.context["revision"], portal_url="https://mine.example/"
    )
    assert signed_in.post(PAGE, again).status_code == 302
    theirs.refresh_from_db()
    assert theirs.portal_url == "https://mine.example/"


@pytest.mark.django_db(transaction=True)
def test_of_saves_at_once_one_is_stored_and_the_others_are_told(
    contoso: Organization,
) -> None:
    administrators = [administrator_of(contoso, f"admin{n}") for n in range(3)]
    start = Barrier(len(administrators))
    outcomes: list[str] = []

    def save(administrator: Administrator) -> None:
        try:
            start.wait(timeout=30)
            save_authentication_settings(
                administrator=administrator,
                client_ip=None,
                profile={
                    "authentication_type": "saml",
                    "user_repository_type": "hosted-db",
                },
                saml={"portal_url": f"https://{administrator.login}.example/"},
                scim=True,
                seen=0,
            )
            outcomes.append(administrator.login)
        except ChangedMeanwhile as meanwhile:
            outcomes.append(f"told of {meanwhile}")
        finally:
            connection.close()

    threads = [Thread(target=save, args=(who,)) for who in administrators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (first,) = [text for text in outcomes if not text.startswith("told")]
    assert outcomes.count("told of SAML Portal URL") == 2
    row = contoso.samlconfiguration_set.get(stage=Stage.STAGED)
    assert row.portal_url == f"https://{first}.example/"
    assert [entry.actor for entry in AuditLog.objects.all()] == [first]


def test_a_refused_save_switches_nothing(
    contoso: Organization, signed_in: Client, second: Client
) -> None:
    seen = opened(signed_in)
    second.post(PAGE, form(password_strength="strong"))
    tokens = list(contoso.tokens.values())
    signed_in.post(PAGE, form(revision=seen, scim=None))
    contoso.connection.refresh_from_db()
    assert contoso.connection.enabled
    assert list(contoso.tokens.values()) == tokens
    assert AuditLog.objects.count() == 1


def test_a_mistake_does_not_make_one_see_what_others_saved(
    signed_in: Client, second: Client
) -> None:
    seen = opened(signed_in)
    second.post(PAGE, form(password_strength="strong"))
    answer = signed_in.post(PAGE, form(revision=seen, portal_url="http://plain"))
    assert str(answer.context["revision"]) == seen
    assert signed_in.post(PAGE, form(revision=seen)).status_code == 200


def test_a_double_press_of_save_is_no_conflict(
    contoso: Organization, signed_in: Client
) -> None:
    posted = form(revision=opened(signed_in), password_strength="strong")
    for _ in range(2):
        assert signed_in.post(PAGE, posted).status_code == 302
    assert AuditLog.objects.count() == 1


@pytest.mark.parametrize("revision", [None, "", "x", "-5", "9" * 40, "<b>"], ids=repr)
def test_a_form_that_does_not_say_what_it_showed_overwrites_nothing(
    contoso: Organization, signed_in: Client, revision: str | None
) -> None:
    signed_in.post(PAGE, form(password_strength="strong"))
    answer = signed_in.post(PAGE, form(revision=revision, password_strength="none"))
    assert answer.context["meanwhile"]
    assert stored(contoso)["password_strength"] == "strong"


def test_another_organizations_saves_are_no_conflict(
    contoso: Organization, signed_in: Client, stranger_signed_in: Client
) -> None:
    seen = opened(signed_in)
    stranger_signed_in.post(PAGE, form(portal_url="https://theirs.example/"))
    mine = form(revision=seen, portal_url="https://mine.example/")
    assert signed_in.post(PAGE, mine).status_code == 302


def test_the_foot_tells_who_saved_last(
    contoso: Organization, signed_in: Client, second: Client
) -> None:
    assert "Saved by" not in signed_in.get(PAGE).content.decode()
    second.post(PAGE, form(password_strength="strong"))
    page = signed_in.get(PAGE).content.decode()
    assert "Saved by <bdi>second</bdi>, <time" in page
    assert " today</time>" in page


# ------------------------------------------------ Force Reauthentication for all Users
def test_start_is_recorded_and_shown(contoso: Organization, signed_in: Client) -> None:
    assert "Never run." in signed_in.get(PAGE).content.decode()
    answer = signed_in.post(REAUTHENTICATE, follow=True)
    page = answer.content.decode()
    assert "All users have to authenticate again from now on." in page
    assert "Last run by <bdi>admin</bdi>" in page
    done = ForcedReauthentication.objects.get()
    assert (done.organization, done.actor) == (contoso, "admin")
    entry = AuditLog.objects.get()
    assert (entry.action, entry.resource) == (
        "run",
        "Force Reauthentication for all Users",
    )


def test_start_is_the_super_admins(
    contoso: Organization, auditor_signed_in: Client, stranger_signed_in: Client
) -> None:
    assert ">Start<" not in auditor_signed_in.get(PAGE).content.decode()
    assert auditor_signed_in.post(REAUTHENTICATE).status_code == 403
    stranger_signed_in.post(REAUTHENTICATE, {"organization": contoso.pk})
    rows = ForcedReauthentication.objects.for_organization(contoso)
    assert not rows.exists()


@pytest.fixture
def second(super_admin: Administrator) -> Client:
    """The browser of Contoso's other Super Admin."""
    return signed_in_as(administrator_of(super_admin.organization, "second"))
