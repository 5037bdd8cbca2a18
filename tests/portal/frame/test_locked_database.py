"""While somebody else holds the database, pages are read and what writes says so.

The lock is a real one, of another connection: to all of SQLite, and to every table of
PostgreSQL, which may still be read.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.shortcuts import redirect
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from scim.extensions import ExtensionAttribute
from scim.services import organizations, schema_extensions
from tests.portal import factories
from tests.portal.advanced.test_advanced import rules
from tests.portal.extension_forms import seen
from tests.portal.frame.test_every_url import NAMES, address, rows
from tests.portal.settings_form import certificate, form, upload
from tests.saml.conftest import Browser, configure
from tests.saml.test_administration import idp_metadata
from tests.scim.trouble import write_lock
from tests.situations import PASSWORD, administrator_of, signed_in_as
from zportal.authentication.staging import revision
from zportal.frame.middleware import WORKING_IN
from zportal.models import AdministratorSession, AuditLog, SigningKey, SignOnTest
from zportal.saml.codes import Refused
from zportal.saml.messages import Posted
from zportal.saml.report import report_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from scim.models import Organization
    from zportal.models import Administrator

pytestmark = pytest.mark.django_db(transaction=True)

SETTINGS = "/administration/authentication-settings/"
NEWEST = str(2**63 - 1)
NOTHING = "Nothing was stored, and nothing was changed."
LOOK_FIRST = "Look at the page before you send it again"
OTHER_PASSWORD = "umber-Harbour-29-thistle"
"""The new one of the test that changes the password."""


def locked(waiting: str = "50") -> AbstractContextManager[None]:
    return write_lock(*connection.introspection.table_names(), waiting=waiting)


def stored() -> dict[str, list[Any]]:
    everything = rows()
    for model in (AuditLog, AdministratorSession):
        everything[model._meta.label] = list(model.objects.order_by("pk").values())
    return everything


@pytest.fixture
def root(contoso: Organization) -> Administrator:
    return administrator_of(contoso, "root", is_superuser=True)


@pytest.fixture
def visitor(root: Administrator) -> Client:
    """A visitor in which root has seen a page."""
    client = signed_in_as(root)
    client.raise_request_exception = False
    client.get("/profile/")
    return client


@pytest.fixture
def keys(contoso: Organization) -> dict[str, int]:
    user = factories.person(contoso, groups=[factories.group(contoso)], dept="Sales")
    assert user.department is not None
    key = SigningKey.objects.create(
        organization=contoso, certificate=certificate().decode()
    )
    report = report_of(Posted("", b"", ""), None, Refused("0xA001", "unreadable"))
    test = SignOnTest.objects.create(organization=contoso, actor="root", report=report)
    return {
        "scim_directoryuser": user.pk,
        "scim_directorygroup": user.groups.get().pk,
        "scim_department": user.department.pk,
        "zportal_signingkey": key.pk,
        "zportal_signontest": test.pk,
    }


# ------------------------------------------------------------------------ what is read
@pytest.mark.parametrize("name", NAMES)
def test_every_page_is_read(visitor: Client, keys: dict[str, int], name: str) -> None:
    url = address(name, keys)
    usual = visitor.get(url).status_code
    # The session is to be noted again by now.
    with time_machine.travel(timezone.now() + timedelta(minutes=2)), locked():
        under_lock = visitor.get(url)

    assert under_lock.status_code == usual
    assert usual in {200, 302, 403, 405}


@pytest.mark.parametrize("url", ["/sign-in/", "/sign-on/", "/signed-on/", "/"])
def test_strangers_read_their_pages(contoso: Organization, url: str) -> None:
    with locked():
        assert Client().get(url).status_code in {200, 302}


def test_no_reader_waits_as_long_as_a_writer(visitor: Client) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        begun = time.monotonic()
        with locked(waiting="30000"):
            assert visitor.get("/profile/").status_code == 200
        assert time.monotonic() - begun < 15


def test_a_message_is_shown_again_when_that_cannot_be_noted(visitor: Client) -> None:
    visitor.post("/profile/theme/", {"theme": "plaid"})
    words = "Nothing was saved: choose System, Light or Dark."
    with locked():
        assert words in visitor.get("/profile/").content.decode()
    assert words in visitor.get("/profile/").content.decode()
    assert words not in visitor.get("/profile/").content.decode()


def test_a_session_that_is_over_ends_although_its_row_stays(
    visitor: Client, root: Administrator
) -> None:
    cookie = visitor.cookies["sessionid"].value
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        with locked():
            assert visitor.get("/profile/")["Location"].startswith("/sign-in/")
        assert visitor.cookies["sessionid"].value == ""
        visitor.cookies["sessionid"] = cookie
        assert visitor.get("/profile/").status_code == 302


def test_a_page_writes_nothing_but_once_a_minute(
    visitor: Client,
) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert writes_of(visitor) == []
        clock.shift(timedelta(seconds=61))
        (noted,) = writes_of(visitor)
        assert 'UPDATE "zportal_administratorsession"' in noted
        assert writes_of(visitor) == []


def writes_of(visitor: Client) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert visitor.get("/profile/").status_code == 200
    verbs = ("INSERT", "UPDATE", "DELETE")
    return [query["sql"] for query in queries if query["sql"].startswith(verbs)]


# --------------------------------------------------------------------- what is written
def forms(contoso: Organization) -> dict[str, dict[str, Any]]:
    """By the name of its address, what each form sends that changes something."""
    extension = {"extension": "Contoso"}
    badge = {"name": "badge", "type": "string", "seen": seen(contoso)}
    other = AdministratorSession.objects.order_by("pk").first()
    assert other is not None
    return {
        "activation": {"revision": revision(contoso)},
        "activation_discard": {"revision": revision(contoso)},
        "add_attribute": extension | {"name": "floor", "type": "integer"},
        "add_domain": {"domain": "contoso.test"},
        "add_extension": {"name": "Second"},
        "advanced": rules(max_page=500, default_page=50),
        "authentication_settings": form(password_strength="strong"),
        "authentication_settings_cancel": {},
        "bearer_token": {},
        "change_attribute": extension | badge | {"description": "On the door"},
        "change_password": {
            "old_password": PASSWORD,
            "new_password1": OTHER_PASSWORD,
            "new_password2": OTHER_PASSWORD,
        },
        "choose_profile": {"profile": "rfc"},
        "choose_theme": {"theme": "dark"},
        "company_profile": {"name": "Contoso Ltd", "package": "enterprise"},
        "describe_extension": extension | {"description": "Doors"},
        "end_other_sessions": {},
        "end_session": {"session": other.pk},
        "import_idp_metadata": {"revision": NEWEST, "text": idp_metadata("one")},
        "login": {"username": "root", "password": PASSWORD},
        "logout": {},
        "make_signing_key": {},
        "new_organization": {
            "name": "Northwind",
            "domains": "northwind.example",
            "package": "enterprise",
            "profile": "rfc",
            "admin": "trainee",
        },
        "reauthentication": {},
        "register_domain": {"domain": "tailspin.example"},
        "remove_attribute": extension | {"name": "badge"},
        "remove_domain": {"domain": "spare.example"},
        "remove_extension": extension,
        "save_retention": {
            "event_days": 3,
            "event_mib": 2048,
            "event_mib_a_day": 16,
            "audit_months": 1,
        },
        "switch_organization": {"organization": contoso.pk},
    }


NO_FORMS = {
    "index",
    "organizations",
    "profile",
    "saml_metadata",
    "saml_sign_on",
    "schema_extensions",
    "search",
    "start_saml_test",
}
"""Addresses that take no POST, beside those of single rows and their lists."""

FORMS = [
    name.removeprefix("admin:")
    for name in NAMES
    if not name.startswith(("admin:scim_", "admin:zportal_"))
    and name.removeprefix("admin:") not in NO_FORMS
]


@pytest.fixture
def prepared(contoso: Organization, root: Administrator, visitor: Client) -> None:
    """Whatever the forms change is there; something is pending, and saved."""
    signed_in_as(root).get("/profile/")
    organizations.register_domain(organization=contoso, name="spare.example")
    factories.refusal(contoso)
    schema_extensions.add_extension(
        organization=contoso, name="Contoso", description=""
    )
    schema_extensions.add_attribute(
        organization=contoso,
        extension="Contoso",
        attribute=ExtensionAttribute("badge", "string", ""),
    )
    staged = form(portal_url="https://idp.example/", certificate=upload(certificate()))
    assert visitor.post(SETTINGS, staged).status_code == 302
    assert visitor.post(f"{SETTINGS}bearer-token/").status_code == 200


@pytest.mark.usefixtures("prepared")
@pytest.mark.parametrize("name", FORMS)
def test_what_writes_says_that_nothing_was_stored(
    visitor: Client, contoso: Organization, name: str
) -> None:
    if name == "login":
        visitor.cookies.clear()
    url, data = reverse(f"admin:{name}"), forms(contoso)[name]
    before = stored()
    with locked():
        refused = visitor.post(url, data)

    assert refused.status_code == 503
    assert int(refused["Retry-After"]) > 0
    assert refused["Cache-Control"] == "no-store"
    page = unescape(refused.content.decode())
    # To switch changes nothing but the session, which is stored behind all pages.
    assert (LOOK_FIRST if name == "switch_organization" else NOTHING) in page
    assert stored() == before

    # The same again is taken, in the same session.
    assert visitor.post(url, data).status_code in {200, 302}
    if name == "switch_organization":
        assert visitor.session[WORKING_IN] == contoso.pk
    else:
        assert stored() != before


def test_every_form_is_here(contoso: Organization, prepared: None) -> None:
    """A new page that takes a form says here what it is sent."""
    assert sorted(forms(contoso)) == FORMS


def test_signing_off_says_so_too(contoso: Organization) -> None:
    configure(contoso, auto_provisioning=True)
    person = Browser(contoso)
    assert person.sign_on().status_code == 303
    assert b"You are signed on" in person.client.get("/signed-on/").content
    with locked():
        assert b"You are signed on" in person.client.get("/signed-on/").content
        assert person.client.post("/signed-on/sign-off/").status_code == 503
    assert b"You are signed on" in person.client.get("/signed-on/").content


# ------------------------------------------------- what comes behind the change itself
def test_a_change_whose_message_cannot_be_kept_is_not_called_unstored(
    visitor: Client, root: Administrator
) -> None:
    """Somebody takes the lock between the change and the session of who made it."""
    holding = ExitStack()
    with (
        holding,
        patch(
            "zportal.profile.views.redirect",
            side_effect=lambda page: (holding.enter_context(locked()), redirect(page))[
                1
            ],
        ),
    ):
        answer = visitor.post("/profile/theme/", {"theme": "dark"})
    assert answer.status_code == 503
    assert LOOK_FIRST in unescape(answer.content.decode())
    root.refresh_from_db()
    assert root.theme == "dark"


def test_a_session_that_ended_meanwhile_leads_to_sign_in(visitor: Client) -> None:
    """Signed out in another tab, while this request is at work: no bad request."""

    def sign_out(page: str) -> Any:
        Session.objects.all().delete()
        return redirect(page)

    with patch("zportal.profile.views.redirect", side_effect=sign_out):
        answer = visitor.post("/profile/theme/", {"theme": "dark"})
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert visitor.cookies["sessionid"].value == ""
