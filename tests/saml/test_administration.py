"""The tab SAML Sign-On: what administrators see and change of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils

from scim.models import Organization
from tests.portal.settings_form import PAGE, form, upload
from tests.saml.conftest import configure
from tests.saml.idp import ADELE, ENTITY_ID, LOGIN_URL, Answer, Asked, key_pair
from zportal.models import (
    AuditLog,
    SamlConfiguration,
    SigningKey,
    Stage,
)

TAB = "/administration/authentication-settings/saml-sign-on/"
NEWEST = str(2**63 - 1)


def staged(organization: Organization) -> SamlConfiguration:
    return SamlConfiguration.objects.get(organization=organization, stage=Stage.STAGED)


def idp_metadata(
    *names: str, url: str = LOGIN_URL, entity_id: str = ENTITY_ID, wants: str = "false"
) -> str:
    """Metadata as Entra has them, with one signing certificate for each of *names*."""
    keys = "".join(
        '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">'
        f"<X509Data><X509Certificate>{body(name)}</X509Certificate></X509Data></KeyInfo>"
        "</KeyDescriptor>"
        for name in names
    )
    return (
        f'<EntityDescriptor entityID="{entity_id}" '
        'xmlns="urn:oasis:names:tc:SAML:2.0:metadata"><IDPSSODescriptor '
        f'WantAuthnRequestsSigned="{wants}" '
        'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f'{keys}<SingleSignOnService Location="{url}" '
        'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"/>'
        "</IDPSSODescriptor></EntityDescriptor>"
    )


def body(name: str) -> str:
    return "".join(key_pair(name).certificate.splitlines()[1:-1])


# ------------------------------------------------------------------------ for Entra
def test_it_shows_what_goes_into_entra(contoso: Organization, admin: Client) -> None:
    page = admin.get(TAB).content.decode()
    for value in (
        "zscalerone.net",
        "http://testserver/sfc_sso",
        f"/sfc_sso/{contoso.pk}",
    ):
        assert f">{value}<" in page or f"{value}</code>" in page
    assert "/sso_upd/" not in page

    configure(contoso, org_specific_entity_id=True, idp_initiated=True)
    page = admin.get(TAB).content.decode()
    assert page.count(f">http://testserver/sfc_sso/{contoso.pk}</code>") == 2
    assert f">http://testserver/sso_upd/{contoso.pk}</code>" in page


def test_metadata_say_what_is_saved(contoso: Organization, admin: Client) -> None:
    configure(contoso, Stage.STAGED, org_specific_entity_id=True, sign_request=True)
    admin.post(f"{TAB}certificate/")

    saved = admin.get(f"{TAB}metadata/").content.decode()
    active = Client().get(f"/sfc_sso/{contoso.pk}/metadata").content.decode()

    assert f'entityID="http://testserver/sfc_sso/{contoso.pk}"' in saved
    assert 'AuthnRequestsSigned="true"' in saved
    assert saved.count("<ds:X509Certificate>") == 2
    assert 'entityID="zscalerone.net"' in active
    assert "X509Certificate" not in active
    for xml in (saved, active):
        assert 'Location="http://testserver/sfc_sso"' in xml
        assert "validUntil" not in xml


def test_metadata_name_the_address_for_unsolicited_responses_where_allowed(
    contoso: Organization, admin: Client
) -> None:
    address = f'Location="http://testserver/sso_upd/{contoso.pk}"'
    assert address not in admin.get(f"{TAB}metadata/").content.decode()
    configure(contoso, Stage.STAGED, idp_initiated=True)
    xml = admin.get(f"{TAB}metadata/").content.decode()
    assert address in xml
    assert 'Location="http://testserver/sfc_sso" index="1"' in " ".join(xml.split())


# ------------------------------------------------------------------------- metadata
def test_import_stages_what_the_idp_says(contoso: Organization, admin: Client) -> None:
    answer = admin.post(
        f"{TAB}import/",
        {
            "revision": NEWEST,
            "text": idp_metadata("one", "two", url="https://idp.example/a?b=1&amp;c=2"),
        },
    )
    assert answer.status_code == 302
    saml = staged(contoso)
    assert saml.portal_url == "https://idp.example/a?b=1&c=2"
    assert saml.issuer == ENTITY_ID
    assert saml.certificate.strip() == key_pair("one").certificate.strip()
    assert saml.other_certificate.strip() == key_pair("two").certificate.strip()
    active = SamlConfiguration.objects.get(organization=contoso, stage=Stage.ACTIVE)
    assert active.portal_url == LOGIN_URL
    entry = AuditLog.objects.get()
    assert set(entry.changes) == {
        "SAML Portal URL",
        "Public SSL Certificate",
        "Other SSL Certificate",
    }
    assert entry.note == "Imported from IdP metadata."


def test_import_takes_a_file_with_a_byte_order_mark(
    contoso: Organization, admin: Client
) -> None:
    content = b"\xef\xbb\xbf" + idp_metadata("file").encode()
    file = SimpleUploadedFile("federation.xml", content)
    answer = admin.post(f"{TAB}import/", {"revision": NEWEST, "file": file})
    assert answer.status_code == 302
    assert staged(contoso).certificate.strip() == key_pair("file").certificate.strip()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Choose a file or paste the XML."),
        ("nonsense", "This is no XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "has a document type"),
        ("<a/>", "no IDPSSODescriptor"),
        (f"<a>{idp_metadata('one')}{idp_metadata('one')}</a>", "2 identity providers"),
        (idp_metadata("one", url="http://idp.example/"), "has to begin with https"),
        (idp_metadata("one", url="https://bad host/"), "has to begin with https"),
        (idp_metadata("one").replace("HTTP-Redirect", "HTTP-POST"), "no address"),
        (idp_metadata(), "no signing certificate"),
        (idp_metadata("one").replace(body("one"), ""), "no signing certificate"),
        (idp_metadata("one", entity_id=""), "have no entityID"),
        (idp_metadata("one", entity_id="x" * 1025), "have no entityID"),
        (
            idp_metadata("one", url="https://a:b@idp.example/"),
            "has to begin with https",
        ),
        (idp_metadata("one", url="https://idp.example/#x"), "has to begin with https"),
        (idp_metadata("one").replace(body("one"), "AAAA"), "cannot be read"),
        (
            idp_metadata("one").replace('entityID="', "entityID=\"a'"),
            "have no entityID",
        ),
    ],
)
def test_import_says_what_is_wrong(
    contoso: Organization, admin: Client, text: str, reason: str
) -> None:
    before = staged(contoso).values()
    answer = admin.post(f"{TAB}import/", {"revision": NEWEST, "text": text})
    assert answer.status_code == 200
    assert reason in " ".join(answer.content.decode().split())
    assert staged(contoso).values() == before


def test_import_keeps_believing_what_was_saved(
    contoso: Organization, admin: Client
) -> None:
    data = {"revision": NEWEST, "text": idp_metadata("one")}
    admin.post(f"{TAB}import/", data)
    saml = staged(contoso)
    assert saml.certificate.strip() == key_pair("one").certificate.strip()
    assert saml.other_certificate == key_pair().certificate
    admin.post(f"{TAB}import/", data)
    assert staged(contoso).values() == saml.values()


def test_import_tells_of_certificates_that_it_leaves_out(admin: Client) -> None:
    data = {"revision": NEWEST, "text": idp_metadata("one", "two", "three")}
    page = admin.post(f"{TAB}import/", data, follow=True).content.decode()
    assert "1 more signing certificates than the 2 that are kept" in page


def test_import_overwrites_nothing_unseen(contoso: Organization, admin: Client) -> None:
    admin.post(PAGE, form(portal_url="https://other.example/", scim=None))
    answer = admin.post(f"{TAB}import/", {"revision": "0", "text": idp_metadata("one")})
    assert "Meanwhile somebody else changed" in answer.content.decode()
    assert staged(contoso).portal_url == "https://other.example/"


@pytest.mark.parametrize("wants", ["true", "1"])
def test_import_tells_of_an_idp_that_wants_signed_requests(
    admin: Client, wants: str
) -> None:
    data = {"revision": NEWEST, "text": idp_metadata("one", wants=wants)}
    answer = admin.post(f"{TAB}import/", data, follow=True)
    assert "wants signed requests" in answer.content.decode()


# --------------------------------------------------------------------- certificates
def test_a_new_certificate_is_staged_and_its_key_is_encrypted(
    contoso: Organization, admin: Client
) -> None:
    assert admin.post(f"{TAB}certificate/").status_code == 302
    key = SigningKey.objects.get()
    assert staged(contoso).signing_key == key
    active = SamlConfiguration.objects.get(organization=contoso, stage=Stage.ACTIVE)
    assert active.signing_key is None
    assert "PRIVATE" not in key.encrypted_key
    assert key.private_key.startswith("-----BEGIN PRIVATE KEY-----")
    file = admin.get(f"{TAB}certificate/{key.pk}/")
    assert file.content.decode() == key.certificate
    assert "PRIVATE" not in str(AuditLog.objects.values())


def test_requests_are_signed_with_the_active_key(
    contoso: Organization, admin: Client
) -> None:
    configure(contoso, sign_request=True)
    refused = Client().get(f"/sfc_sso/{contoso.pk}")
    assert "0xE5637" in refused.content.decode()
    admin.post(f"{TAB}certificate/")
    SamlConfiguration.objects.update(signing_key=SigningKey.objects.get())

    asked = Asked(Client().get(f"/sfc_sso/{contoso.pk}")["Location"])

    assert asked.query["SigAlg"] == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    assert verified(asked, SigningKey.objects.get().certificate)
    assert not verified(asked, key_pair("another").certificate)


def verified(asked: Asked, certificate: str) -> bool:
    """Whether the query is signed as saml-bindings 3.4.4.1 has it."""
    given = dict(part.split("=", 1) for part in urlsplit(asked.url).query.split("&"))
    signed = "&".join(
        f"{name}={given[name]}" for name in ("SAMLRequest", "RelayState", "SigAlg")
    )
    return bool(
        Utils.validate_binary_sign(
            signed,
            Utils.b64decode(asked.query["Signature"]),
            certificate,
            asked.query["SigAlg"],
        )
    )


def test_two_certificates_of_the_idp_are_believed_while_it_changes(
    contoso: Organization, admin: Client
) -> None:
    values: dict[str, Any] = {
        "certificate": upload(key_pair("new").certificate.encode()),
        "keep_certificate": "on",
    }
    assert admin.post(PAGE, form(scim=None, **values)).status_code == 302
    saml = staged(contoso)
    assert saml.certificate.strip() == key_pair("new").certificate.strip()
    assert saml.other_certificate == key_pair().certificate

    data = form(scim=None, remove_other_certificate="on")
    assert admin.post(PAGE, data).status_code == 302
    assert staged(contoso).other_certificate == ""
    assert staged(contoso).certificate.strip() == key_pair("new").certificate.strip()


def test_last_sign_ons_are_listed(contoso: Organization, admin: Client) -> None:
    asked = Asked(Client().get(f"/sfc_sso/{contoso.pk}")["Location"])
    data = {"SAMLResponse": Answer(asked.id).encoded(), "RelayState": asked.relay_state}
    Client().post("/sfc_sso", data)
    page = admin.get(TAB).content.decode()
    assert "0xB0040: The user is unknown" in page
    assert ADELE in page
