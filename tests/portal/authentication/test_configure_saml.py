"""The window Configure SAML: its fields, the certificate, what belongs into Entra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.exceptions import ValidationError

from tests.portal.settings_form import PAGE, certificate, form, private_key, upload
from zportal.certificates import UPLOAD_LIMIT, read_certificate
from zportal.models import SamlConfiguration, Stage

if TYPE_CHECKING:
    from django.test import Client

    from scim.models import Organization


def saml(organization: Organization) -> SamlConfiguration:
    return SamlConfiguration.objects.get(organization=organization, stage=Stage.STAGED)


def errors(signed_in: Client, name: str, **changes: object) -> list[str]:
    answer = signed_in.post(PAGE, form(**changes))
    assert answer.status_code == 200
    assert not SamlConfiguration.objects.exists()
    assert "data-window-open" in answer.content.decode()
    found: list[str] = answer.context["form"].errors[name]
    return found


def test_it_stores_every_field(contoso: Organization, signed_in: Client) -> None:
    answer = signed_in.post(
        PAGE,
        form(
            portal_url="https://login.example/tenant/saml2",
            login_name_attribute="mail",
            issuer="https://sts.example/tenant/",
            org_specific_entity_id="on",
            idp_initiated="on",
            allow_sha1="on",
            sign_request="on",
            auto_provisioning="on",
            display_name_attribute="name",
            group_name_attribute="groups",
            department_name_attribute="unit",
        ),
    )
    assert answer.status_code == 302
    stored = saml(contoso)
    assert {name: getattr(stored, name) for name in stored.setting_names()} == {
        "portal_url": "https://login.example/tenant/saml2",
        "login_name_attribute": "mail",
        "issuer": "https://sts.example/tenant/",
        "certificate": "",
        "other_certificate": "",
        "org_specific_entity_id": True,
        "idp_initiated": True,
        "allow_sha1": True,
        "signing_key": None,
        "sign_request": True,
        "auto_provisioning": True,
        "display_name_attribute": "name",
        "group_name_attribute": "groups",
        "department_name_attribute": "unit",
    }
    assert not SamlConfiguration.objects.filter(stage=Stage.ACTIVE).exists()
    page = signed_in.get(PAGE).content.decode()
    assert 'value="https://login.example/tenant/saml2"' in page
    assert "11 changes are saved but not active" in page


def test_url_and_certificate_may_be_empty(
    contoso: Organization, signed_in: Client
) -> None:
    assert signed_in.post(PAGE, form()).status_code == 302
    assert saml(contoso).portal_url == ""
    page = signed_in.get(PAGE).content.decode()
    assert "SAML Portal URL and Public SSL Certificate are not set yet" in page


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example/saml2",
        "ftp://login.example/",
        "javascript:alert(1)",
        "https://",
        "https://login.example/a b",
    ],
)
def test_the_portal_url_is_https(signed_in: Client, url: str) -> None:
    assert (
        "beginning with https://" in errors(signed_in, "portal_url", portal_url=url)[0]
    )


def test_the_portal_url_has_at_most_2048_characters(
    contoso: Organization, signed_in: Client
) -> None:
    longest = "https://login.example/".ljust(2048, "x")
    assert errors(signed_in, "portal_url", portal_url=f"{longest}x")
    assert signed_in.post(PAGE, form(portal_url=longest)).status_code == 302
    assert saml(contoso).portal_url == longest


@pytest.mark.parametrize("word", ["", "two words", "tab\tbed"])
def test_the_login_name_attribute_is_one_word(signed_in: Client, word: str) -> None:
    assert errors(signed_in, "login_name_attribute", login_name_attribute=word)


def test_auto_provisioning_asks_for_its_attributes(
    contoso: Organization, signed_in: Client
) -> None:
    found = errors(
        signed_in,
        "group_name_attribute",
        auto_provisioning="on",
        group_name_attribute="",
    )
    assert found == ["Name the attribute, or switch auto-provisioning off."]
    assert signed_in.post(PAGE, form(group_name_attribute="")).status_code == 302


def test_values_that_were_refused_stay_in_the_form(signed_in: Client) -> None:
    answer = signed_in.post(
        PAGE, form(portal_url="http://idp.example/", login_name_attribute="mail")
    )
    html = answer.content.decode()
    assert 'value="http://idp.example/"' in html
    assert 'value="mail"' in html


def test_markup_in_a_value_is_text(signed_in: Client) -> None:
    html = signed_in.post(
        PAGE, form(login_name_attribute='"><script>alert(1)</script>')
    ).content.decode()
    assert "<script>alert" not in html


# ------------------------------------------------------------------- certificate
def test_a_certificate_is_stored_and_described(
    contoso: Organization, signed_in: Client
) -> None:
    content = certificate(subject="Contoso <SSO>")
    answer = signed_in.post(PAGE, form(certificate=upload(content)), follow=True)
    assert saml(contoso).certificate.encode() == content
    html = answer.content.decode()
    assert html.count(r"CN=Contoso \&lt;SSO\&gt;") == 2
    assert "valid to " in html


def test_saving_without_a_file_keeps_the_certificate(
    contoso: Organization, signed_in: Client
) -> None:
    signed_in.post(PAGE, form(certificate=upload(certificate())))
    stored = saml(contoso).certificate
    signed_in.post(PAGE, form(login_name_attribute="mail"))
    assert saml(contoso).certificate == stored


def test_text_around_the_certificate_is_dropped() -> None:
    pem = certificate()
    assert read_certificate(b"Bag Attributes\r\n" + pem + b"\n\n").pem.encode() == pem


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"hello", "is no certificate in PEM"),
        (b"\x00\xff" * 50, "is no certificate in PEM"),
        (certificate(encoding=Encoding.DER), "binary format DER"),
        (private_key(), "holds a private key"),
        (certificate() + private_key(), "holds a private key"),
        (certificate() * 2, "holds 2 certificates"),
        (certificate()[:200], "damaged or cut off"),
        (certificate().replace(b"MII", b"!!!"), "damaged or cut off"),
        (certificate(days=-1), "expired on "),
        (certificate().ljust(UPLOAD_LIMIT + 1), "larger than 64 KiB"),
        (b"", "file is empty"),
    ],
    ids=[
        "text",
        "bytes",
        "binary certificate",
        "key",
        "certificate and key",
        "two certificates",
        "half a certificate",
        "no base64",
        "expired",
        "too large",
        "empty",
    ],
)
def test_other_files_are_refused_in_a_clear_sentence(
    signed_in: Client, content: bytes, sentence: str
) -> None:
    assert sentence in errors(signed_in, "certificate", certificate=upload(content))[0]


def test_a_private_key_is_never_shown_again(
    signed_in: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = signed_in.post(PAGE, form(certificate=upload(private_key())))
    secret_part = private_key().splitlines()[1].decode()
    assert secret_part not in answer.content.decode()
    assert secret_part not in caplog.text
    assert secret_part not in str(signed_in.session.items())


def test_what_was_refused_is_not_quoted() -> None:
    with pytest.raises(ValidationError) as refusal:
        read_certificate(b"sesame-open")
    assert "sesame" not in str(refusal.value)


def test_the_largest_file_is_looked_at() -> None:
    content = certificate().ljust(UPLOAD_LIMIT)
    assert read_certificate(content).pem.strip() == content.decode().strip()


# ------------------------------------------------------------ what goes into Entra
def test_it_says_what_goes_where_in_entra(
    contoso: Organization, signed_in: Client
) -> None:
    html = signed_in.get(PAGE).content.decode()
    url = f"http://testserver/{contoso.org_id}/scim"
    assert f'<code class="copy-field__value" id="base-url">{url}</code>' in html
    assert 'data-copy="base-url"' in html
    assert "Paste into Entra as <strong>Tenant URL</strong>" in html
    assert "In Entra: <strong>Login URL</strong>" in html
    assert "In Entra: <strong>Certificate (Base64)</strong>" in html
    assert "contoso.example" in html


def test_the_page_takes_a_fixed_number_of_queries(
    signed_in: Client, django_assert_max_num_queries: Any
) -> None:
    # The first request of a session takes it down.
    signed_in.get(PAGE)
    with django_assert_max_num_queries(15):
        signed_in.get(PAGE)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@idp.example/saml2",
        "https://idp.example/saml2#fragment",
        "https://idp.bücher.example/saml2",
    ],
)
def test_the_portal_url_is_one_that_requests_can_be_sent_to(
    contoso: Organization, signed_in: Client, url: str
) -> None:
    [error] = errors(signed_in, "portal_url", portal_url=url)
    assert "without login and password" in error
