"""Who trusts whom: the settings of an organization as python3-saml takes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from django.views.decorators.debug import sensitive_variables
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
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
"""The newest key pairs that an assertion may be encrypted for, while one is replaced."""


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
        """The key pairs of the service provider, the one in use first."""
        rows = SigningKey.objects.for_organization(self.organization).newest_first()
        in_use = self.saml.signing_key_id
        return sorted(rows[:KEYS_TRIED], key=lambda key: key.pk != in_use)

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
        return OneLogin_Saml2_Settings(
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
