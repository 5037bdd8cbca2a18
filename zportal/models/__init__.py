from __future__ import annotations

from zportal.models.activation import Activation, ForcedReauthentication
from zportal.models.administrator import Administrator
from zportal.models.audit import AuditLog
from zportal.models.settings import AuthenticationSettings, SamlConfiguration, Stage

__all__ = [
    "Activation",
    "Administrator",
    "AuditLog",
    "AuthenticationSettings",
    "ForcedReauthentication",
    "SamlConfiguration",
    "Stage",
]
