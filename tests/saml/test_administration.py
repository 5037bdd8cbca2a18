"""The tab SAML Sign-On: what administrators see and change of it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils

from scim.models import DirectoryUser, Organization, ProvisioningEvent
from tests.portal import factories
from tests.portal.settings_form import PAGE, form, upload
from tests.saml.conftest import configure
from tests.saml.idp import ADELE, ENTITY_ID, LOGIN_URL, Answer, Asked, key_pair
from tests.situations import administrator_of, signed_in_as
from zportal.models import (
    Administrator,
    AuditLog,
    SamlConfiguration,
    SigningKey,
    SignOnSession,
    SignOnTest,
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


@pytest.fixture
def admin(contoso: Organization) -> Client:
    return signed_in_as(administrator_of(contoso, "admin"))


@pytest.fixture
def auditor(contoso: Organization) -> Client:
    return signed_in_as(administrator_of(contoso, "auditor", role="auditor"))


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


# ---------------------------------------------------------------------- Test sign-on
def run_test(admin: Client, **says: Any) -> str:
    asked = Asked(admin.get(f"{TAB}test/")["Location"])
    idp = Client()
    answer = idp.post(
        "/sfc_sso",
        {
            "SAMLResponse": Answer(asked.id, **says).encoded(),
            "RelayState": asked.relay_state,
        },
    )
    assert answer.status_code == 302
    return str(answer["Location"])


def test_a_test_uses_what_is_saved_and_signs_nobody_on(
    contoso: Organization, admin: Client
) -> None:
    factories.group(contoso, "All Staff")
    configure(
        contoso, Stage.STAGED, auto_provisioning=True, org_specific_entity_id=True
    )
    url = run_test(
        admin,
        audience=f"http://testserver/sfc_sso/{contoso.pk}",
        attributes={"displayName": ["Adele"], "memberOf": ["All Staff", "Sales"]},
    )

    page = " ".join(admin.get(url).content.decode().split())

    assert "All checks passed" in page
    assert "The person would be made." in page
    assert "joins <bdi>Sales</bdi>, which would be made" in page
    assert "&lt;samlp:Response" in page
    assert SignOnTest.objects.get().actor == "admin"
    assert not SignOnSession.objects.exists()
    assert not DirectoryUser.objects.exists()
    assert not ProvisioningEvent.objects.exists()


def test_a_failed_test_shows_every_verdict(
    contoso: Organization, admin: Client
) -> None:
    page = admin.get(
        run_test(admin, audience="somebody.else", keys=key_pair("wrong"))
    ).content.decode()
    assert "Sign-on would be refused" in page
    codes = re.findall(r'badge--off">(0x\w+)<', page)
    assert codes == ["0xB003", "0xA022", "0xB0040"]


def test_a_test_has_one_answer(admin: Client, contoso: Organization) -> None:
    asked = Asked(admin.get(f"{TAB}test/")["Location"])
    data = {
        "SAMLResponse": Answer(asked.id, audience="x").encoded(),
        "RelayState": asked.relay_state,
    }
    report = admin.post("/sfc_sso", data)["Location"]
    assert "Sign-on would be refused" in admin.get(report).content.decode()
    data["SAMLResponse"] = Answer(asked.id).encoded()
    second = admin.post("/sfc_sso", data)
    assert second.status_code == 403
    assert "0xE5640" in second.content.decode()
    assert SignOnTest.objects.count() == 1


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "auditor"}])
def test_who_may_not_test_any_more_gets_no_report(
    contoso: Organization, admin: Client, change: dict[str, Any]
) -> None:
    asked = Asked(admin.get(f"{TAB}test/")["Location"])
    Administrator.objects.filter(login="admin").update(**change)
    data = {
        "SAMLResponse": Answer(asked.id).encoded(),
        "RelayState": asked.relay_state,
    }
    assert Client().post("/sfc_sso", data).status_code == 403
    assert not SignOnTest.objects.exists()


def test_a_test_that_comes_late_leaves_no_report(admin: Client) -> None:
    asked = Asked(admin.get(f"{TAB}test/")["Location"])
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        data = {
            "SAMLResponse": Answer(asked.id).encoded(),
            "RelayState": asked.relay_state,
        }
        assert "0xB004" in Client().post("/sfc_sso", data).content.decode()
    assert not SignOnTest.objects.exists()


def test_a_test_finds_what_the_rules_of_the_directory_forbid(
    contoso: Organization, admin: Client
) -> None:
    configure(contoso, Stage.STAGED, auto_provisioning=True)
    url = run_test(admin, attributes={"memberOf": ["x" * 129]})
    page = admin.get(url).content.decode()
    assert "displayName is longer than 128 characters." in page
    assert "Sign-on would be refused" in page
    assert not DirectoryUser.objects.exists()


def test_only_a_super_admin_of_the_organization_tests(
    contoso: Organization, admin: Client, auditor: Client
) -> None:
    url = run_test(admin)
    fabrikam = administrator_of(Organization.objects.create(name="Fabrikam"), "joni")

    assert Client().get(f"{TAB}test/")["Location"].startswith("/sign-in/")
    assert auditor.get(f"{TAB}test/").status_code == 403
    assert auditor.get(url).status_code == 200
    assert signed_in_as(fabrikam).get(url).status_code == 404
    assert Client().get(url)["Location"].startswith("/sign-in/")


def test_last_sign_ons_are_listed(contoso: Organization, admin: Client) -> None:
    asked = Asked(Client().get(f"/sfc_sso/{contoso.pk}")["Location"])
    data = {"SAMLResponse": Answer(asked.id).encoded(), "RelayState": asked.relay_state}
    Client().post("/sfc_sso", data)
    page = admin.get(TAB).content.decode()
    assert "0xB0040: The user is unknown" in page
    assert ADELE in page
