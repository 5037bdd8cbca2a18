"""What was true once and comes again, at another time, or in another browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client

from scim.models import DirectoryUser, ProvisioningEvent
from tests.saml.attacking import CLOSED, GRADY, SETTINGS, Scene, Table
from tests.saml.conftest import Browser, configure
from tests.saml.idp import ADELE
from tests.saml.provider import Says
from zportal.models import SamlReceipt, SignOnSession
from zportal.saml.receipts import use_once

table = Table("Replay, races and what changes meanwhile")

AGAIN = "0xE5640"
LATE = "0xB004"
NOBODY = "0xB0040"


def refused(response: Any, code: str) -> None:
    assert response.status_code == 403
    assert f"<code>{code}</code>" in response.content.decode()
    last = ProvisioningEvent.objects.order_by("pk").last()
    assert last is not None
    assert last.outcome == "refused"
    assert last.detail.startswith(f"{code}: ")


@table.told("The same response twice", AGAIN)
def test_the_same_response_twice(scene: Scene) -> None:
    forgery = scene.forgery()
    scene.is_accepted(forgery.post(scene.browser))

    refused(forgery.post(scene.browser), AGAIN)

    refused(forgery.post(Browser(scene.browser.organization)), AGAIN)
    assert SignOnSession.objects.count() == 1


@table.told("A second assertion for the same request", AGAIN)
def test_a_second_assertion_for_the_same_request(scene: Scene) -> None:
    forgery = scene.forgery()
    scene.is_accepted(forgery.post(scene.browser))
    forgery.root = scene.provider.answer(
        Says(forgery.request_id, name_id=GRADY), "assertion"
    )

    refused(forgery.post(scene.browser), AGAIN)

    assert SignOnSession.objects.count() == 1


@table.told("The same assertion in another response, unsolicited", AGAIN)
def test_the_same_assertion_in_another_response(scene: Scene) -> None:
    organization = scene.browser.organization
    configure(organization, idp_initiated=True, **SETTINGS)
    where = f"/sso_upd/{organization.pk}"
    says = Says(None, reply_url=f"http://testserver{where}")
    forgery = scene.forgery()
    forgery.url, forgery.relay_state = where, ""
    forgery.root = scene.provider.answer(says, "assertion")
    assert forgery.post(scene.browser).status_code == 303
    forgery.root.set("ID", "_another")

    refused(forgery.post(scene.browser), AGAIN)

    assert SignOnSession.objects.count() == 1


@table.told("An unsolicited response while IdP-initiated sign-on is off", "0xB001")
@pytest.mark.parametrize("relay_state", ["", "https://evil.example/"])
def test_an_unsolicited_response(scene: Scene, relay_state: str) -> None:
    where = f"/sso_upd/{scene.browser.organization.pk}"
    says = Says(None, reply_url=f"http://testserver{where}")
    forgery = scene.forgery()
    forgery.url, forgery.relay_state = where, relay_state
    forgery.root = scene.provider.answer(says, "assertion")

    scene.is_refused(forgery.post(scene.browser), "0xB001")


@table.told("The same response from several connections at once: one counts", AGAIN)
@pytest.mark.django_db(transaction=True)
def test_the_same_response_at_once(scene: Scene) -> None:
    forgery = scene.forgery()
    browsers = [Browser(scene.browser.organization) for _ in range(4)]
    start = Barrier(len(browsers))
    statuses: list[int] = []

    def post(browser: Browser) -> None:
        try:
            start.wait(timeout=30)
            statuses.append(forgery.post(browser).status_code)
        finally:
            connection.close()

    threads = [Thread(target=post, args=(each,)) for each in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [303, 403, 403, 403]
    assert SignOnSession.objects.count() == 1
    events = ProvisioningEvent.objects.filter(outcome="refused")
    assert [event.detail[:8] for event in events] == [f"{AGAIN}:"] * 3


@table.told("The same response after its receipt is gone", LATE)
def test_after_the_receipt_is_gone(scene: Scene) -> None:
    with time_machine.travel(datetime.now(UTC), tick=True):
        forgery = scene.forgery()
        scene.is_accepted(forgery.post(scene.browser))
    kept = max(receipt.expires for receipt in SamlReceipt.objects.all())

    with time_machine.travel(kept + timedelta(seconds=1), tick=True):
        SamlReceipt.objects.expired().delete()
        assert not SamlReceipt.objects.exists()
        refused(forgery.post(scene.browser), LATE)


@table.told("The same response a second before its receipt is gone", LATE)
def test_before_the_receipt_is_gone(scene: Scene) -> None:
    forgery = scene.forgery()
    scene.is_accepted(forgery.post(scene.browser))
    kept = min(receipt.expires for receipt in SamlReceipt.objects.all())

    with time_machine.travel(kept - timedelta(seconds=1), tick=True):
        refused(forgery.post(scene.browser), LATE)
    assert SignOnSession.objects.count() == 1


@table.told("The answer to a request of long ago", LATE)
def test_the_answer_to_an_old_request(scene: Scene) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(minutes=31), tick=True):
        asked = scene.browser.start()
    forgery = scene.forgery()
    forgery.root = scene.provider.answer(Says(asked.id), "assertion")
    forgery.relay_state = asked.relay_state

    scene.is_refused(forgery.post(scene.browser), LATE)


# ---------------------------------------------------------------------- another browser
@table.told(
    "The answer to another browser's request: nobody is signed on there", CLOSED
)
def test_the_answer_to_another_browsers_request(scene: Scene) -> None:
    """The attacker signs on and makes somebody else post the answer."""
    forgery = scene.forgery()
    victim = Browser(scene.browser.organization)
    victim.start()

    forgery.post(victim)

    page = victim.client.get("/signed-on/").content.decode()
    assert "Nobody is signed on in this browser" in page
    assert "Adele" not in page


@table.told("A stolen session cookie without the cookie of its browser", CLOSED)
def test_a_stolen_cookie(scene: Scene) -> None:
    scene.is_accepted(scene.forgery().post(scene.browser))
    thief = Client()
    thief.cookies["sign_on"] = scene.browser.client.cookies["sign_on"].value

    assert b"Nobody is signed on" in thief.get("/signed-on/").content


# ---------------------------------------------------------------- who is not there
@table.told("Somebody whom nobody knows, without auto-provisioning", NOBODY)
def test_nobody_knows(scene: Scene) -> None:
    configure(scene.browser.organization, auto_provisioning=False)
    forgery = scene.forgery(name_id="mallory@contoso.example")

    scene.is_refused(forgery.post(scene.browser), NOBODY)
    assert DirectoryUser.objects.count() == 2


def disable() -> None:
    adele = DirectoryUser.objects.get(user_name_key=ADELE)
    adele.assign({**adele.data, "active": False})
    adele.save()


@table.told("Somebody who is disabled", "0xE5639")
def test_disabled(scene: Scene) -> None:
    forgery = scene.forgery()
    disable()

    scene.is_refused(forgery.post(scene.browser), "0xE5639")


@table.told("Somebody who is disabled after the checks", "0xE5639")
def test_disabled_between(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def disabled_meanwhile(judgement: Any) -> None:
        disable()
        use_once(judgement)

    monkeypatch.setattr("zportal.saml.services.use_once", disabled_meanwhile)
    forgery = scene.forgery()

    scene.is_refused(forgery.post(scene.browser), "0xE5639")


@table.told("Somebody who is disabled after signing on", "0xE5639")
def test_disabled_after(scene: Scene) -> None:
    scene.is_accepted(scene.forgery().post(scene.browser))
    disable()

    page = scene.browser.client.get("/signed-on/")

    assert page.status_code == 403
    assert b"<code>0xE5639</code>" in page.content


@table.told("Somebody who is deleted after signing on", "0xA010")
def test_deleted_after(scene: Scene) -> None:
    scene.is_accepted(scene.forgery().post(scene.browser))
    DirectoryUser.objects.filter(user_name_key=ADELE).delete()

    page = scene.browser.client.get("/signed-on/")

    assert page.status_code == 403
    assert b"<code>0xA010</code>" in page.content


@table.told("SAML is switched off meanwhile", "0xE5631")
def test_switched_off(scene: Scene) -> None:
    forgery = scene.forgery()
    scene.browser.organization.authenticationsettings_set.update(
        authentication_type="form-based"
    )

    scene.is_refused(forgery.post(scene.browser), "0xE5631")


@table.told("The certificate is replaced meanwhile", "0xB003")
def test_replaced(scene: Scene) -> None:
    from tests.saml.idp import key_pair

    forgery = scene.forgery()
    configure(scene.browser.organization, certificate=key_pair("Next").certificate)

    scene.is_refused(forgery.post(scene.browser), "0xB003")
