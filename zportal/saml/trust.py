"""Who trusts whom: the settings of an organization as python3-saml takes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from django.views.decorators.debug import sensitive_variables
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from scim.models import Organization
from zportal.encryption import Undecryptable
from zportal.models import (
    AuthenticationSettings,
    SamlConfiguration,
    SigningKey,
    Stage,
)
from zportal.saml import addresses
from zportal.saml.codes import Refused

KEYS_TRIED = 3
"""Key pairs that are tried beside those of the settings: the newest that are not used."""


@dataclass(frozen=True)
class Trust:
    """Both sides of an organization's sign-on: staged for a test, else active."""

    organization: Organization
    settings: AuthenticationSettings
    saml: SamlConfiguration

    @classmethod
    def of(cls, organization: Organization, stage: Stage) -> Self:
        at = (organization, stage)
        settings = AuthenticationSettings.objects.at(*at)
        saml = SamlConfiguration.objects.at(*at)
        assert isinstance(settings, AuthenticationSettings)  # noqa: S101 - for mypy
        assert isinstance(saml, SamlConfiguration)  # noqa: S101 - for mypy
        return cls(organization, settings, saml)

    @property
    def entity_id(self) -> str:
        return addresses.entity_id(self.organization, self.saml)

    @property
    def is_complete(self) -> bool:
        return bool(self.saml.portal_url and self.saml.certificate)

    @cached_property
    def keys(self) -> list[SigningKey]:
        """The key pairs that open assertions: this one, the other stage's, former ones."""
        keys = SigningKey.objects.for_organization(self.organization)
        stages = SamlConfiguration._base_manager.filter(organization=self.organization)
        in_use = {*stages.values_list("signing_key", flat=True)} - {None}
        used = sorted(
            keys.filter(pk__in=in_use),
            key=lambda key: key.pk != self.saml.signing_key_id,
        )
        return [*used, *keys.exclude(pk__in=in_use).newest_first()[:KEYS_TRIED]]

    @sensitive_variables()
    def private_key(self, key: SigningKey) -> str:
        """The private key in PEM. Raises Refused when it cannot be read any more."""
        try:
            return key.private_key
        except Undecryptable as problem:
            raise Refused(
                "0xE5635",
                "The private key of this service was encrypted with another key than "
                "the one it runs with.",
            ) from problem

    @sensitive_variables()
    def library_settings(
        self, *, issuer: str = "", key: SigningKey | None = None
    ) -> OneLogin_Saml2_Settings:
        """Return the settings of python3-saml.

        *issuer* stands for the IdP Entity ID where none is configured; *key* is the
        pair that signs or decrypts.
        """
        sp: dict[str, Any] = {
            "entityId": self.entity_id,
            "assertionConsumerService": {"url": addresses.reply_url()},
            "NameIDFormat": Constants.NAMEID_UNSPECIFIED,
        }
        if key is not None:
            sp |= {"x509cert": key.certificate, "privateKey": self.private_key(key)}
        return _settings(
            {
                "strict": True,
                "sp": sp,
                "idp": {
                    "entityId": self.saml.issuer or issuer or "unknown",
                    "singleSignOnService": {"url": self.saml.portal_url},
                    "x509certMulti": {"signing": self.saml.certificates},
                },
                "security": {
                    "allowSingleLabelDomains": True,
                    "authnRequestsSigned": key is not None and self.saml.sign_request,
                    "signatureAlgorithm": Constants.RSA_SHA256,
                    "digestAlgorithm": Constants.SHA256,
                    "rejectDeprecatedAlgorithm": not self.saml.allow_sha1,
                    # Entra answers a demand for passwords with AADSTS75011 to whoever
                    # signed in with Windows Hello or a phone.
                    "requestedAuthnContext": False,
                    # NameID alone is enough to sign on.
                    "wantAttributeStatement": False,
                },
            }
        )


@sensitive_variables()
def _settings(values: dict[str, Any]) -> OneLogin_Saml2_Settings:
    try:
        return OneLogin_Saml2_Settings(values)
    except OneLogin_Saml2_Error as problem:
        raise Refused(
            "0xE5641", f"python3-saml does not accept the settings: {problem}."
        ) from problem
