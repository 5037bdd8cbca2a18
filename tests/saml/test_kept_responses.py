"""What is stored of a response can be read, and cannot be posted once more."""

from __future__ import annotations

import base64
import re
import time
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from scim.events import quota
from scim.events.quota import USED_UP, EventSizes
from scim.models import Organization, ProvisioningEvent
from tests.portal.factories import person
from tests.saml.idp import ADELE, Answer, encrypted_for, key_pair
from tests.saml.test_test_sign_on import run_test
from zportal.models import SignOnSession, SignOnTest
from zportal.saml.kept_text import LEFT_OUT, readable

if TYPE_CHECKING:
    from tests.saml.conftest import Browser

VALUE = re.compile(r"[^<>]*(?=</[^<>]*(?:SignatureValue|CipherValue)>)")
SIGNS = pytest.mark.parametrize(
    "signs", [("assertion",), ("response",), ("assertion", "response")]
)


def kept() -> str:
    return ProvisioningEvent.objects.latest("pk").request_body


def encoded(xml: str, encoding: str = "utf-8") -> str:
    return base64.b64encode(xml.encode(encoding)).decode()


@SIGNS
def test_a_refused_response_cannot_be_used_once_more(
    browser: Browser, signs: tuple[str, ...]
) -> None:
    """It was refused since nobody had made Adele yet, and is good for an hour."""
    asked = browser.start()
    answer = Answer(asked.id, signs=signs)
    xml = answer.xml().decode()
    assert browser.post(encoded(xml), asked.relay_state).status_code == 403
    text = kept()
    assert [value for value in VALUE.findall(text) if value] == [LEFT_OUT] * len(signs)
    assert f"<saml:NameID>{ADELE}</saml:NameID>" in text
    assert "DigestValue" in text
    for found in re.findall(r"<ds:SignatureValue>([^<]+)<", xml):
        assert found[:40] not in text

    person(browser.organization, ADELE)
    assert browser.post(encoded(text), asked.relay_state).status_code == 403
    assert not SignOnSession.objects.exists()
    assert browser.post(encoded(xml), asked.relay_state).status_code == 303


@SIGNS
def test_an_accepted_one_keeps_none_either(
    browser: Browser, signs: tuple[str, ...]
) -> None:
    person(browser.organization, ADELE)
    assert browser.sign_on(signs=signs).status_code == 303
    assert [value for value in VALUE.findall(kept()) if value] == [LEFT_OUT] * len(
        signs
    )


def test_what_is_encrypted_may_be_signed_and_is_not_kept(browser: Browser) -> None:
    """We would open it ourselves, for whoever posts it."""
    asked = browser.start()
    xml = encrypted_for(key_pair().certificate, Answer(asked.id).xml()).decode()
    assert browser.post(encoded(xml), asked.relay_state).status_code == 403
    assert "EncryptedAssertion" in kept()
    assert set(filter(None, VALUE.findall(kept()))) == {LEFT_OUT}


@SIGNS
def test_a_report_keeps_none(admin: Client, signs: tuple[str, ...]) -> None:
    """Auditors read the reports of a Test sign-on, too."""
    page = admin.get(run_test(admin, signs=signs)).content.decode()
    xml = SignOnTest.objects.get().report["xml"]
    values = [value.strip() for value in VALUE.findall(xml) if value.strip()]
    assert values == [LEFT_OUT] * len(signs)
    assert page.count(LEFT_OUT) == len(signs)


@pytest.mark.parametrize(
    "written",
    [
        "<ds:SignatureValue>s3cret</ds:SignatureValue>",
        "<SignatureValue>s3cret</SignatureValue>",
        '<ds:SignatureValue\n Id="a">\ns3cret\n</ds:SignatureValue >',
        "<ds:SignatureValue>s3<!-- -->cret</ds:SignatureValue>",
        "<ds:SignatureValue><![CDATA[s3cret]]></ds:SignatureValue>",
        "<ds:SignatureValue>s3cret",
        "<d\u00e9:SignatureValue>s3cret</d\u00e9:SignatureValue>",
        "<xenc:CipherValue>s3cret</xenc:CipherValue>",
        "\0".join("<ds:SignatureValue>s3cret</ds:SignatureValue>"),
    ],
)
def test_however_it_is_written(written: str) -> None:
    text = readable(f"<a>b</a>{written}<c>d</c>" if "/" in written else written)
    assert "cret" not in text
    assert LEFT_OUT in text
    if "/" in written:
        assert text.startswith("<a>b</a>")
        assert text.endswith("<c>d</c>")


def test_a_response_in_utf_16_keeps_none(browser: Browser) -> None:
    asked = browser.start()
    xml = '<?xml version="1.0" encoding="UTF-16"?>' + Answer(asked.id).xml().decode()
    browser.post(encoded(xml, "utf-16"), asked.relay_state)
    [value] = re.findall(r"<ds:SignatureValue>([^<]+)<", xml)
    assert value[:40] not in kept()


@pytest.mark.parametrize(
    "piece", ["<", "<ds:SignatureValue ", "<ds:SignatureValue>", "</", "<a:", "<a "]
)
def test_the_worst_text_is_read_in_one_go(piece: str) -> None:
    """Four megabytes of beginnings without ends: work grows with the length alone."""
    text = piece * (4 * 1024 * 1024 // len(piece))
    begin = time.process_time()
    readable(text)
    assert time.process_time() - begin < 5


def test_the_quota_of_the_day_holds_for_sign_ons(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond it each still has its line; nobody is refused for it."""
    sizes = EventSizes()
    monkeypatch.setattr(quota, "sizes", sizes)
    assert browser.sign_on().status_code == 403
    assert sizes._new.total() == ProvisioningEvent.objects.get().size > len(kept())
    Organization.objects.update(event_mib_a_day=1)
    full = ProvisioningEvent(organization=browser.organization, size=1024 * 1024)
    sizes.add([full])
    person(browser.organization, ADELE)
    assert browser.sign_on().status_code == 303
    assert kept() == USED_UP
    assert browser.sign_on(audience="somebody.else").status_code == 403
    assert kept() == USED_UP
    assert ProvisioningEvent.objects.filter(action="sign-on").count() == 3
