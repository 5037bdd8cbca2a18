from __future__ import annotations

from zportal.models.activation import Activation, ForcedReauthentication
from zportal.models.administrator import Administrator
from zportal.models.audit import AuditLog
from zportal.models.saml import (
    SamlReceipt,
    SigningKey,
    SignOnSession,
    SignOnTest,
)
from zportal.models.session import AdministratorSession
from zportal.models.settings import AuthenticationSettings, SamlConfiguration, Stage
from zportal.models.sign_in import SignInCount

__all__ = [
    "Activation",
    "Administrator",
    "AdministratorSession",
    "AuditLog",
    "AuthenticationSettings",
    "ForcedReauthentication",
    "SamlConfiguration",
    "SamlReceipt",
    "SignInCount",
    "SignOnSession",
    "SignOnTest",
    "SigningKey",
    "Stage",
]
