"""The tab Advanced: the behaviour profile and its rules, in force at once."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from scim.profiles import PROFILES, BehaviourProfile
from zportal.advanced.rules import RULES
from zportal.models import AuditLog

if TYPE_CHECKING:
    from scim.models import Organization
    from tests.situations import ScimClient
    from zportal.models import Administrator

PAGE = "/administration/authentication-settings/advanced/"
CHOOSE = f"{PAGE}profile/"


def rules(profile: str = "zscaler", **changes: Any) -> dict[str, Any]:
    """The form as a browser sends it: a switch that is off is not in it."""
    sent = {"profile": profile, **asdict(PROFILES[profile]), **changes}
    return {
        name: "on" if value is True else value
        for name, value in sent.items()
        if value is not False
    }


def test_every_rule_of_the_profile_has_its_words() -> None:
    names = {field.name for field in fields(BehaviourProfile)}
    assert [rule.name for rule in RULES if rule.name not in names] == []
    assert {rule.name for rule in RULES} == names
    for rule in RULES:
        for profile in PROFILES.values():
            assert rule.text(getattr(profile, rule.name))


def test_the_tab_stands_beside_authentication_profile(signed_in: Client) -> None:
    for url in (PAGE, "/administration/authentication-settings/"):
        html = signed_in.get(url).content.decode()
        assert f'href="{PAGE}"' in html
        assert "Authentication Profile" in html


def test_the_page_explains_each_rule(auditor_signed_in: Client) -> None:
    html = auditor_signed_in.get(PAGE).content.decode()
    for rule in RULES:
        assert rule.label in html
        assert rule.source.replace("&", "&amp;") in html
    assert "Back to Zscaler" not in html
    assert ">Save</button>" not in html


def test_only_what_differs_is_stored_and_it_is_in_force_at_once(
    signed_in: Client, contoso: Organization, scim: ScimClient
) -> None:
    person = {"userName": "joni@elsewhere.example"}
    assert scim.post("/Users", person).status_code == 400
    page = signed_in.post(PAGE, rules(registered_domain_only=False), follow=True)
    assert b"1 rule differs from the profile zscaler" in page.content
    contoso.refresh_from_db()
    assert contoso.profile_overrides == {"registered_domain_only": False}
    assert scim.post("/Users", person).status_code == 201
    signed_in.post(PAGE, rules())
    contoso.refresh_from_db()
    assert contoso.profile_overrides == {}


def test_saving_is_recorded_in_words(signed_in: Client) -> None:
    signed_in.post(PAGE, rules())
    signed_in.post(PAGE, rules(unknown_members="ignore", max_page=500, default_page=50))
    assert AuditLog.objects.get().changes == {
        "Members who do not exist": ["Refuse the call", "Leave them out"],
        "Resources on a page, by default": ["1,000", "50"],
        "Resources on a page, at most": ["1,000", "500"],
    }


def test_choosing_a_profile_forgets_single_rules(
    signed_in: Client, contoso: Organization
) -> None:
    signed_in.post(PAGE, rules(user_name_length=20))
    assert b"Back to Zscaler" in signed_in.get(PAGE).content
    signed_in.post(CHOOSE, {"profile": "rfc"})
    contoso.refresh_from_db()
    assert (contoso.profile, contoso.profile_overrides) == ("rfc", {})
    signed_in.post(CHOOSE, {"profile": "zscaler"})
    contoso.refresh_from_db()
    assert contoso.behaviour == PROFILES["zscaler"]
    assert b"Back to Zscaler" not in signed_in.get(PAGE).content


def test_rules_shown_under_another_profile_are_not_saved(
    signed_in: Client, contoso: Organization
) -> None:
    signed_in.post(CHOOSE, {"profile": "rfc"})
    page = signed_in.post(PAGE, rules("zscaler"), follow=True)
    assert b"another behaviour profile meanwhile" in page.content
    contoso.refresh_from_db()
    assert contoso.profile_overrides == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"user_name_length": ""},
        {"user_name_length": "0"},
        {"user_name_length": "255"},
        {"user_name_length": "ten"},
        {"user_name_length": "9" * 400},
        {"max_page": "1001"},
        {"max_page": "10", "default_page": "11"},
        {"body_member_limit": "-1"},
        {"unknown_members": "<b>"},
        {"group_patch_answer": ""},
    ],
)
def test_a_rule_out_of_bounds_is_refused(
    signed_in: Client, contoso: Organization, changes: dict[str, str]
) -> None:
    page = signed_in.post(PAGE, rules(**changes))
    assert page.status_code == 200
    assert b"Nothing was saved" in page.content
    contoso.refresh_from_db()
    assert contoso.profile_overrides == {}


def test_rules_over_a_profile_that_does_not_exist_are_refused(
    signed_in: Client, contoso: Organization
) -> None:
    page = signed_in.post(
        PAGE, {**rules(max_page=5, default_page=5), "profile": "okta"}
    )
    assert b"Nothing was saved" in page.content
    contoso.refresh_from_db()
    assert contoso.profile_overrides == {}


@pytest.mark.parametrize("profile", ["", "okta", "x" * 500])
def test_other_profiles_do_not_exist(
    signed_in: Client, contoso: Organization, profile: str
) -> None:
    page = signed_in.post(CHOOSE, {"profile": profile}, follow=True)
    assert b"there is no such profile" in page.content
    contoso.refresh_from_db()
    assert contoso.profile == "zscaler"


# ------------------------------------------------------------------ who may do what
@pytest.mark.parametrize(
    ("url", "data"),
    [(PAGE, rules(max_page=5, default_page=5)), (CHOOSE, {"profile": "rfc"})],
)
def test_nobody_else_changes_contosos_behaviour(
    client: Client,
    auditor_signed_in: Client,
    stranger_signed_in: Client,
    super_admin: Administrator,
    contoso: Organization,
    url: str,
    data: dict[str, Any],
) -> None:
    assert client.post(url, data).headers["Location"].startswith("/sign-in/")
    assert auditor_signed_in.post(url, data).status_code == 403
    assert stranger_signed_in.post(url, data).status_code == 302
    unprotected = Client(enforce_csrf_checks=True)
    unprotected.force_login(super_admin)
    assert unprotected.post(url, data).status_code == 403
    contoso.refresh_from_db()
    assert contoso.behaviour == PROFILES["zscaler"]
