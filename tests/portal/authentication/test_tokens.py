"""Generate Token, Save, Cancel: when a secret is shown, when a token works."""

from __future__ import annotations

import re
from datetime import timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from scim.models import BearerToken, ProvisioningEvent
from tests.portal.settings_form import CANCEL, GENERATE, PAGE, form, upload
from tests.situations import ScimClient, administrator_of, signed_in_as
from zportal.authentication.settings_services import save_authentication_settings

if TYPE_CHECKING:
    from django.test import Client
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from scim.models import Organization
    from tests.situations import Token

SECRET = re.compile(r'id="bearer-token">([A-Za-z0-9_-]{43})<')


def secret_in(answer: Response) -> str:
    found = SECRET.search(answer.content.decode())
    assert found, "no secret in the answer"
    return found[1]


def works(organization: Organization, secret: str) -> bool:
    answer = ScimClient(organization.scim_path, secret).get("/Users?count=1")
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


@pytest.fixture
def without_token(contoso: Organization) -> Organization:
    contoso.tokens.all().delete()
    return contoso


# ---------------------------------------------------------------- Generate Token
def test_a_generated_token_is_shown_once_and_does_not_work_yet(
    contoso: Organization, contoso_token: Token, signed_in: Client
) -> None:
    answer = signed_in.post(GENERATE, form())
    secret = secret_in(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Content-Security-Policy" in answer.headers
    assert "it works once you press Save" in answer.content.decode()
    assert (
        "Paste into Entra as <strong>Secret Token</strong>" in answer.content.decode()
    )
    assert not works(contoso, secret)
    assert works(contoso, contoso_token.secret)
    again = signed_in.get(PAGE).content.decode()
    assert secret not in again
    assert f"<code>{secret[:6]}…</code>" in again
    assert "not saved" in again


def test_without_a_script_the_page_keeps_what_was_typed(signed_in: Client) -> None:
    answer = signed_in.post(
        GENERATE,
        form(
            portal_url="http://not yet right",
            login_name_attribute="mail",
            sign_request="on",
            scim=None,
            certificate=upload(b"anything"),
        ),
    )
    html = answer.content.decode()
    assert secret_in(answer)
    assert "data-window-open" in html
    assert 'value="http://not yet right"' in html
    assert 'value="mail"' in html
    shown = answer.context["form"]
    assert shown["sign_request"].value()
    assert not shown["scim"].value()
    assert not shown.errors
    assert "choose the certificate again" in html


def test_a_script_gets_the_row_alone(signed_in: Client) -> None:
    answer = signed_in.post(GENERATE, headers={"X-Fragment": "bearer-token"})
    assert secret_in(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    assert b"<html" not in answer.content


# -------------------------------------------------------------------------- Save
def test_save_activates_the_newest_and_revokes_the_old(
    contoso: Organization, contoso_token: Token, signed_in: Client
) -> None:
    first = secret_in(signed_in.post(GENERATE, form()))
    second = secret_in(signed_in.post(GENERATE, form()))
    answer = signed_in.post(PAGE, form(), follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    assert works(contoso, second)
    assert not works(contoso, first)
    assert not works(contoso, contoso_token.secret)
    html = answer.content.decode()
    assert "The new Bearer Token is live. The one before it no longer works." in html
    assert second not in html
    assert f"<code>{second[:6]}…</code>" in html
    assert "Created by <bdi>admin</bdi>" in html


def test_save_without_a_generated_token_keeps_the_live_one(
    contoso: Organization, contoso_token: Token, signed_in: Client
) -> None:
    assert signed_in.post(PAGE, form()).status_code == 302
    assert works(contoso, contoso_token.secret)


def test_save_with_scim_on_and_no_token_makes_one_and_shows_it(
    without_token: Organization, signed_in: Client
) -> None:
    answer = signed_in.post(PAGE, form())
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    secret = secret_in(answer)
    html = answer.content.decode()
    assert "data-window-open" in html
    assert "it is saved and works already" in html
    assert works(without_token, secret)
    assert secret not in signed_in.get(PAGE).content.decode()


def test_save_with_scim_off_makes_no_token(
    without_token: Organization, signed_in: Client
) -> None:
    assert signed_in.post(PAGE, form(scim=None)).status_code == 302
    assert not without_token.tokens.exists()


def test_a_refused_save_leaves_the_token_pending(
    contoso: Organization, contoso_token: Token, signed_in: Client
) -> None:
    secret = secret_in(signed_in.post(GENERATE, form()))
    signed_in.post(PAGE, form(portal_url="http://idp.example/"))
    assert works(contoso, contoso_token.secret)
    signed_in.post(PAGE, form())
    assert works(contoso, secret)


def test_another_administrators_pending_token_is_not_activated(
    contoso: Organization, contoso_token: Token, signed_in: Client
) -> None:
    other = signed_in_as(administrator_of(contoso, "second"))
    theirs = secret_in(other.post(GENERATE, form()))
    signed_in.post(PAGE, form())
    assert works(contoso, contoso_token.secret)
    other.post(PAGE, form())
    assert works(contoso, theirs)


def test_a_pending_token_is_forgotten_after_an_hour(
    contoso: Organization, contoso_token: Token, signed_in: Client
) -> None:
    with time_machine.travel(timezone.now() - timedelta(minutes=61)):
        signed_in_as(contoso.administrators.get(login="admin")).post(GENERATE, form())
    signed_in.post(PAGE, form())
    assert works(contoso, contoso_token.secret)


def test_a_token_survives_its_issuer(contoso: Organization, signed_in: Client) -> None:
    secret = secret_in(signed_in.post(GENERATE, form()))
    signed_in.post(PAGE, form())
    contoso.administrators.all().delete()
    assert works(contoso, secret)


# ------------------------------------------------------------------------ Cancel
def test_cancel_deletes_the_pending_token(
    contoso: Organization, contoso_token: Token, signed_in: Client
) -> None:
    secret = secret_in(signed_in.post(GENERATE, form()))
    answer = signed_in.post(CANCEL, form(scim=None))
    assert answer.headers["Location"] == PAGE
    signed_in.post(PAGE, form())
    assert not works(contoso, secret)
    assert works(contoso, contoso_token.secret)


def test_cancel_by_script_answers_with_the_row(signed_in: Client) -> None:
    signed_in.post(GENERATE, form())
    answer = signed_in.post(CANCEL, headers={"X-Fragment": "bearer-token"})
    assert answer.status_code == 200
    assert b"not saved" not in answer.content
    assert b"live" in answer.content


# ----------------------------------------------------------------- what it leaves
def test_secrets_are_nowhere_else(
    contoso: Organization,
    without_token: Organization,
    signed_in: Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    generated = secret_in(signed_in.post(GENERATE, form()))
    signed_in.post(PAGE, form(), follow=True)
    contoso.tokens.all().delete()
    made = secret_in(signed_in.post(PAGE, form()))
    everything = [str(session.get_decoded()) for session in Session.objects.all()]
    everything += [str(row) for row in BearerToken.objects.values()]
    everything += [str(row) for row in ProvisioningEvent.objects.values()]
    everything += [caplog.text, str(signed_in.cookies)]
    for secret in (generated, made):
        assert not any(secret in text for text in everything)


def test_an_error_report_shows_no_secret(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def fails(*args: Any, **kwargs: object) -> None:
        shown.append(str(args[2]["secret"]))
        raise RuntimeError

    monkeypatch.setattr("zportal.authentication.settings_views.render", fails)
    signed_in.raise_request_exception = False
    answer = signed_in.post(GENERATE, form())
    assert answer.status_code == 500
    assert len(shown[0]) == 43
    assert shown[0] not in answer.content.decode()


def test_the_row_tells_when_and_from_where_the_token_was_used(
    contoso: Organization, contoso_token: Token, signed_in: Client
) -> None:
    page = signed_in.get(PAGE).content.decode()
    assert "Created by <bdi>tests</bdi>" in page
    assert "never used" in page
    assert contoso_token.secret not in page
    contoso.tokens.update(
        last_used_at=timezone.now() - timedelta(minutes=5),
        last_used_from="192.0.2.7",
    )
    page = signed_in.get(PAGE).content.decode().replace("\xa0", " ")
    assert "last used 5 minutes ago from 192.0.2.7" in page


@pytest.mark.django_db(transaction=True)
def test_two_saves_at_once_leave_one_live_token(without_token: Organization) -> None:
    administrators = [administrator_of(without_token, f"admin{n}") for n in range(4)]
    start = Barrier(len(administrators))
    secrets: list[str | None] = []

    def save(number: int) -> None:
        try:
            start.wait(timeout=30)
            secrets.append(
                save_authentication_settings(
                    administrator=administrators[number],
                    client_ip="192.0.2.1",
                    profile={
                        "authentication_type": "saml",
                        "user_repository_type": "hosted-db",
                    },
                    saml={},
                    scim=True,
                    seen=2**62,
                )
            )
        finally:
            connection.close()

    threads = [Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [secret for secret in secrets if secret]
    assert len(secrets) == 4
    assert len(made) == 1
    assert works(without_token, made[0])
    assert without_token.tokens.live().count() == 1
