"""Secrets in the database, certificates of both sides, and encrypted assertions."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils

from scim.models import DirectoryUser, Organization, ProvisioningEvent
from tests.portal.factories import person
from tests.portal.settings_form import certificate
from tests.saml.conftest import Browser, configure
from tests.saml.idp import ADELE, Answer, Asked, encrypted_for, key_pair
from tests.saml.test_administration import TAB
from tests.situations import administrator_of, signed_in_as
from zportal.authentication.sign_on_services import make_signing_key
from zportal.encryption import Undecryptable, decrypt, encrypt
from zportal.models import SamlConfiguration, SigningKey, Stage
from zportal.startup.checks import check_field_encryption_keys

if TYPE_CHECKING:
    from zportal.models import Administrator


@pytest.fixture
def adele(contoso: Organization) -> DirectoryUser:
    return person(contoso, ADELE)


@pytest.fixture
def admin(contoso: Organization) -> Administrator:
    return administrator_of(contoso, "admin")


def activated(admin: Administrator) -> SigningKey:
    """Make a key pair and let sign-on use it."""
    key = make_signing_key(administrator=admin, client_ip=None)
    SamlConfiguration.objects.update_or_create(
        organization=key.organization,
        stage=Stage.ACTIVE,
        defaults={"signing_key": key},
    )
    return key


# ------------------------------------------------------------------------- encryption
def test_what_is_encrypted_can_be_read_by_the_same_key_only(
    settings: Any,
) -> None:
    token = encrypt("a private key")
    assert "private" not in token
    assert decrypt(token) == "a private key"
    settings.SECRET_KEY = "another-key-of-the-test-suite-0123456789abcdef"
    with pytest.raises(Undecryptable):
        decrypt(token)


def test_a_key_can_be_replaced(settings: Any) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.FIELD_ENCRYPTION_KEYS = [old]
    token = encrypt("a private key")
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert decrypt(token) == "a private key"
    settings.FIELD_ENCRYPTION_KEYS = [new]
    with pytest.raises(Undecryptable):
        decrypt(token)


def test_a_key_that_is_none_is_told_at_start(settings: Any) -> None:
    assert not check_field_encryption_keys()
    settings.FIELD_ENCRYPTION_KEYS = ["short"]
    assert [error.id for error in check_field_encryption_keys()] == ["zportal.E010"]


def test_a_lost_key_refuses_with_a_code(
    contoso: Organization, admin: Administrator, settings: Any
) -> None:
    configure(contoso, sign_request=True)
    activated(admin)
    settings.SECRET_KEY = "another-key-of-the-test-suite-0123456789abcdef"
    answer = Client().get(f"/sfc_sso/{contoso.pk}")
    assert answer.status_code == 403
    assert "0xE5635" in answer.content.decode()


# ---------------------------------------------------------------- encrypted assertions
def post_encrypted(browser: Browser, pem: str, **says: object) -> int:
    asked = browser.start()
    xml = encrypted_for(pem, Answer(asked.id, **says).xml())  # type: ignore[arg-type]
    return browser.post(Utils.b64encode(xml), asked.relay_state).status_code


@pytest.mark.parametrize(
    "signs", [("assertion",), ("response",), ("assertion", "response")]
)
def test_an_encrypted_assertion_signs_on(
    browser: Browser, adele: DirectoryUser, admin: Administrator, signs: tuple[str, ...]
) -> None:
    key = activated(admin)
    asked = browser.start()
    inner = tuple(part for part in signs if part == "assertion")
    answer = Answer(asked.id, signs=inner)
    xml = encrypted_for(key.certificate, answer.xml())
    if "response" in signs:
        xml = answer.signed_response(xml)
    response = browser.post(Utils.b64encode(xml), asked.relay_state)
    assert response.status_code == 303, response.content.decode()


def test_it_is_read_with_the_former_key_too(
    browser: Browser, adele: DirectoryUser, admin: Administrator
) -> None:
    former = activated(admin)
    activated(admin)
    assert post_encrypted(browser, former.certificate) == 303


def test_the_key_in_use_opens_however_many_are_made(
    browser: Browser, adele: DirectoryUser, admin: Administrator
) -> None:
    in_use = activated(admin)
    for _ in range(5):
        make_signing_key(administrator=admin, client_ip=None)
    assert post_encrypted(browser, in_use.certificate) == 303


def test_one_for_somebody_else_is_refused(
    browser: Browser, adele: DirectoryUser, admin: Administrator
) -> None:
    asked = browser.start()
    xml = encrypted_for(key_pair("other").certificate, Answer(asked.id).xml())
    without = browser.post(Utils.b64encode(xml), asked.relay_state)
    assert "0xE5637" in without.content.decode()
    activated(admin)
    wrong = browser.post(Utils.b64encode(xml), asked.relay_state)
    assert wrong.status_code == 403
    # Whoever can tell this from a wrong signature can guess what is encrypted.
    assert "0xB003" in wrong.content.decode()
    assert ProvisioningEvent.objects.newest_first()[0].detail.startswith("0xA022: ")


def test_an_encrypted_assertion_must_be_signed_as_well(
    browser: Browser, adele: DirectoryUser, admin: Administrator
) -> None:
    key = activated(admin)
    assert post_encrypted(browser, key.certificate, signs=()) == 403
    assert post_encrypted(browser, key.certificate, keys=key_pair("other")) == 403


def test_a_test_shows_it_decrypted(contoso: Organization, admin: Administrator) -> None:

    key = activated(admin)
    client = signed_in_as(admin)
    asked = Asked(client.get(f"{TAB}test/")["Location"])
    xml = encrypted_for(key.certificate, Answer(asked.id).xml())
    answer = client.post(
        "/sfc_sso",
        {"SAMLResponse": Utils.b64encode(xml), "RelayState": asked.relay_state},
    )
    page = client.get(answer["Location"]).content.decode()
    assert "&lt;saml:NameID" in page
    assert ">encrypted<" in page.replace("</bdi>", "<").replace("<bdi>", ">")


# ------------------------------------------------------- certificates of the other side
@pytest.mark.parametrize("field", ["certificate", "other_certificate"])
def test_either_certificate_of_the_idp_is_believed(
    browser: Browser, adele: DirectoryUser, field: str
) -> None:
    values: dict[str, Any] = {"certificate": key_pair("a").certificate}
    configure(browser.organization, **values | {field: key_pair("b").certificate})
    assert browser.sign_on(keys=key_pair("b")).status_code == 303
    assert browser.sign_on(keys=key_pair("c")).status_code == 403


def test_an_expired_certificate_is_not_believed(
    browser: Browser, adele: DirectoryUser
) -> None:
    configure(browser.organization, certificate=certificate(days=-1).decode())
    page = browser.sign_on().content.decode()
    assert "0xB003" in page
    assert "The Public SSL Certificate expired on" in page


def test_a_signing_certificate_that_runs_out_is_told(
    contoso: Organization, admin: Administrator
) -> None:
    pem = certificate(days=10).decode()
    key = SigningKey.objects.create(organization=contoso, certificate=pem)
    client = signed_in_as(admin)
    url = "/administration/authentication-settings/"
    configure(contoso, signing_key=key)
    assert (
        "certificate that signs SAML requests" not in client.get(url).content.decode()
    )
    configure(contoso, signing_key=key, sign_request=True)
    assert "certificate that signs SAML requests" in client.get(url).content.decode()


def test_signing_needs_a_certificate_before_it_is_activated(
    contoso: Organization, admin: Administrator
) -> None:
    configure(contoso, Stage.STAGED, sign_request=True)
    client = signed_in_as(admin)
    page = client.post("/activation/", {"revision": "0"}, follow=True)
    assert "Request Signing SAML Certificate" in page.content.decode()
    active = SamlConfiguration.objects.get(organization=contoso, stage=Stage.ACTIVE)
    assert not active.sign_request


def notices(organization: Organization, **saml: Any) -> str:
    configure(organization, **saml)
    login = f"admin-{secrets.token_hex(4)}"
    client = signed_in_as(administrator_of(organization, login))
    return client.get("/administration/authentication-settings/").content.decode()


def test_one_of_two_certificates_that_runs_out_is_told(contoso: Organization) -> None:
    over, due = (certificate(days=days).decode() for days in (-1, 10))
    good = key_pair().certificate
    page = notices(contoso, certificate=over, other_certificate=good)
    assert "One of the two certificates of the identity provider expired on" in page
    assert "sign-on with SAML fails" not in page
    page = notices(contoso, certificate=good, other_certificate=due)
    assert "One of the two certificates of the identity provider expires on" in page
    page = notices(contoso, certificate=over, other_certificate=over)
    assert "sign-on with SAML fails" in page


def test_the_active_signing_certificate_that_runs_out_is_told(
    contoso: Organization, admin: Administrator
) -> None:
    pem = certificate(days=10).decode()
    old = SigningKey.objects.create(organization=contoso, certificate=pem)
    configure(contoso, signing_key=old, sign_request=True)
    make_signing_key(administrator=admin, client_ip=None)
    page = signed_in_as(admin).get("/administration/authentication-settings/")
    assert "The certificate that signs SAML requests now expires on" in (
        page.content.decode()
    )
